"""One text of an untyped table, cleaned by a field of schema.json: a value, None, or an error."""

from collections.abc import Mapping
from typing import Any

from conformance.rules.constraints import broken
from conformance.rules.texts import read
from conformance.rules.values import Value

WHITE_SPACE = "".join(
    map(
        chr,
        [
            *range(0x09, 0x0E),
            *(0x20, 0x85, 0xA0, 0x1680),
            *range(0x2000, 0x200B),
            *(0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
        ],
    )
)
"""The Unicode property White_Space, which is not what str.strip() takes away."""


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
    text = (text or "").strip(WHITE_SPACE)
    value: Value = None
    if text and text not in missing_texts(field, schema):
        try:
            value = read(text, field, timezone=schema["timezone"])
        except (ValueError, OverflowError):
            raise CellError("type") from None
    if name := broken(value, field, timezone=schema["timezone"]):
        raise CellError(f"constraint {name}")
    return value


def missing_texts(field: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the texts that mean missing in a field."""
    texts: list[str] = field.get("missingValues", schema["missingValues"])
    return texts
