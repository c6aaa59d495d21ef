"""What makes no sense in a field, beyond what the JSON Schema can say."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from conformance.rules.texts import read
from conformance.rules.values import WHITE_SPACE

_DIRECTIVES = frozenset("dmYybBHIMSfpz%")
_KINDS = {"b": "m", "B": "m", "y": "Y", "I": "H"}
"""Directives that say the same as another one."""

_NEEDS = {"H": "", "M": "H", "S": "M", "f": "S", "z": "H", "p": "H"}
_MOMENT = datetime(2004, 5, 6, 7, 8, 9, 123_400, tzinfo=UTC)
"""Its parts all differ."""


def check_field(field: Mapping[str, Any]) -> None:
    """Check the keys of a field against each other.

    Raises:
        ValueError: they make no sense together; the message says why.
    """
    if field.get("percent") and "%" in field.get("affixes", ()):
        raise ValueError("% is an affix of a percentage")
    if field.get("groupChar") == field.get("decimalChar", "."):
        raise ValueError("groupChar and decimalChar are the same")
    if "format" in field:
        _check_format(field["format"], field["type"])


def _check_format(layout: str, field_type: str) -> None:
    pieces = re.findall(r"%.?|[^%]", layout, flags=re.DOTALL)
    directives = [piece[1:] for piece in pieces if piece[0] == "%"]
    if unknown := {*directives} - _DIRECTIVES:
        raise ValueError(f"format: {min(unknown)!r} is not a directive")
    literals = [piece for piece in pieces if piece[0] != "%" and piece != " "]
    if any(piece.isdigit() or piece in WHITE_SPACE for piece in literals):
        raise ValueError("format: digits and white space but U+0020 do not stand for themselves")
    parts = Counter(_KINDS.get(name, name) for name in directives if name != "%")
    if any(count > 1 for count in parts.values()):
        raise ValueError("format: a part is repeated")
    if not {"d", "m", "Y"} <= {*parts}:
        raise ValueError("format: day, month and year are not all there")
    if any(_NEEDS.get(part) and _NEEDS[part] not in parts for part in parts):
        raise ValueError("format: a part of the clock lacks the one before it")
    if ("I" in directives) != ("p" in directives):
        raise ValueError("format: %I and %p go together")
    if field_type == "date" and {*parts} & {*_NEEDS}:
        raise ValueError("format: a date has no clock")
    _check_iso(layout)


def _check_iso(layout: str) -> None:
    text = _MOMENT.strftime(layout)
    try:
        found = read(text, {"type": "datetime"}, timezone="UTC")
    except (ValueError, OverflowError):
        return
    if str(found)[:10] != str(_MOMENT.date()):
        raise ValueError(f"format: {text} would be {found} by ISO 8601, which comes first")
