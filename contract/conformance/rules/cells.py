"""One text of an untyped table, cleaned by a field of schema.json: a value, None, or an error."""

from collections.abc import Mapping
from typing import Any

from conformance.rules.constraints import broken
from conformance.rules.spelling import respell
from conformance.rules.texts import read
from conformance.rules.values import WHITE_SPACE, Value


class CellError(Exception):
    """A cell breaks a rule; `reason` is `type` or `constraint <name>`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean_text(text: str | None, field: Mapping[str, Any], schema: Mapping[str, Any]) -> Value:
    """Return the value of a cell, None where it is missing.

    Raises:
        CellError: it has the wrong type or breaks a constraint.
    """
    trimmed = (text or "").strip(WHITE_SPACE)
    missing = {"", *missing_texts(field, schema)}
    value: Value = None
    if trimmed not in missing and (spelled := respell(trimmed, field)) not in missing:
        try:
            value = read(spelled, field, timezone=schema["timezone"])
        except (ValueError, OverflowError):
            raise CellError("type") from None
    if name := broken(value, field, timezone=schema["timezone"]):
        raise CellError(f"constraint {name}")
    return value


def missing_texts(field: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the texts that mean missing in a field."""
    texts: list[str] = field.get("missingValues", schema["missingValues"])
    return texts
