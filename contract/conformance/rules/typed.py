"""One value of a typed table, cleaned by a field of schema.json: a value, missing, or an error."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from conformance.rules.cells import CellError, clean_text
from conformance.rules.constraints import broken
from conformance.rules.values import MAX_INTEGER, Value


def is_comparable(kind: pa.DataType, field_type: str) -> bool:
    """Whether the contract says what a source column of this type becomes in a field."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return True
    tests = {
        "number": (pa.types.is_integer, pa.types.is_floating),
        "integer": (pa.types.is_integer, pa.types.is_floating),
        "boolean": (pa.types.is_boolean,),
        "date": (pa.types.is_date,),
        "datetime": (pa.types.is_timestamp,),
        # How a number or a date is written as text is the stage's own affair, but not an integer.
        "string": (pa.types.is_integer,),
    }
    return any(test(kind) for test in tests[field_type])


def clean_value(value: Any, field: Mapping[str, Any], schema: Mapping[str, Any]) -> Value:
    """Return the value of a cell, None where it is missing; see `clean_text`."""
    if isinstance(value, str):
        return clean_text(value, field, schema)
    is_missing = value is None or (isinstance(value, float) and math.isnan(value))
    typed = None if is_missing else _typed(value, field["type"], schema["timezone"])
    if name := broken(typed, field, timezone=schema["timezone"]):
        raise CellError(f"constraint {name}")
    return typed


def _typed(value: Any, field_type: str, timezone: str) -> Value:
    match field_type:
        case "string":
            return str(value)
        case "number" if math.isfinite(value) and float(value) == value:
            return float(value)
        case "integer" if math.isfinite(value) and int(value) == value:
            if abs(value) <= MAX_INTEGER:
                return int(value)
        case "boolean" | "date" if isinstance(value, bool | date):
            return value
        case "datetime" if isinstance(value, datetime):
            aware = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(timezone))
            return aware.astimezone(UTC)
    raise CellError("type")
