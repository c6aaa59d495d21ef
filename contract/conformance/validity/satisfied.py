"""Every value of a clean table satisfies its field of schema.json."""

import math
from collections.abc import Mapping
from typing import Any

from conformance.harness.faults import Fault
from conformance.rules.cells import missing_texts
from conformance.rules.constraints import broken
from conformance.rules.spelling import respell
from conformance.rules.values import MAX_INTEGER, WHITE_SPACE, Value
from conformance.validity.published import Published


def check_satisfied(artifact: Published) -> None:
    """Check each value of the table."""
    schema = artifact.document("schema.json")
    table = artifact.table("table")
    for position, field in enumerate(schema["fields"]):
        for row, value in enumerate(table.column(position).to_pylist(), start=1):
            if fault := _unclean(value, field, schema) or _broken(value, field, schema):
                raise Fault(
                    f"table: row {row}, column {field['name']!r}: {value!r} {fault}",
                    "reject the row, or fix the value; see contract/reference/cleaning-one-row.md",
                )


def _unclean(value: Value, field: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    match value:
        case str() if value != value.strip(WHITE_SPACE):
            return "is not trimmed"
        case str() if value != respell(value, field):
            return "is not in the spelling that the field's keys want"
        case str() if not value or value in missing_texts(field, schema):
            return "means missing; expected null"
        case float() if not math.isfinite(value):
            return "is not finite; missing is null"
        case int() if abs(value) > MAX_INTEGER:
            return "is beyond ±2⁵³; such a column is a string"
    return None


def _broken(value: Value, field: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    name = broken(value, field, timezone=schema["timezone"])
    return f"breaks {name} = {field['constraints'][name]}" if name else None
