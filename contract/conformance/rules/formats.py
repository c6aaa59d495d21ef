"""Dates in the order that a format says, made into the texts of ISO 8601."""

import re
from collections.abc import Mapping
from typing import Any

from conformance.rules.values import WHITE_SPACE

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_NUMBERS = {"d": "day", "m": "month", "H": "hour", "I": "hour12", "M": "minute", "S": "second"}
_OTHERS = {
    "Y": "(?P<year>[0-9]{4})",
    "y": "(?P<short_year>[0-9]{2})",
    "b": f"(?ai:(?P<name>{'|'.join(month[:3] for month in MONTHS)}))",
    "B": f"(?ai:(?P<name>{'|'.join(MONTHS)}))",
    "p": "(?ai:(?P<half>AM|PM))",
    "f": "(?P<fraction>[0-9]{1,9})",
    "z": "(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "%": "%",
}
_DIGITS = frozenset("dmHIMSYyf")
"""Directives that stand for digits: two of them side by side have a fixed width."""


def in_iso(text: str, iso: re.Pattern[str], field: Mapping[str, Any]) -> str:
    """Return a text that is not ISO 8601 already as one that is.

    Raises:
        ValueError: it is not of the field's format.
    """
    if "format" not in field or iso.fullmatch(text):
        return text
    found = re.fullmatch(_pattern(field["format"]), text)
    if found is None:
        raise ValueError(text)
    parts = {name: part for name, part in found.groupdict().items() if part is not None}
    day = f"{_year(parts)}-{_month(parts):02}-{int(parts['day']):02}"
    clock = _clock(parts)
    return f"{day}T{clock}" if clock else day


def _pattern(layout: str) -> str:
    pieces = re.findall(r"%.|[^%]", layout, flags=re.DOTALL)
    around = zip(["", *pieces], pieces, [*pieces[1:], ""], strict=False)
    return "".join(_piece(piece, {before, after}) for before, piece, after in around)


def _piece(piece: str, neighbours: set[str]) -> str:
    if piece == " ":
        return f"[{WHITE_SPACE}]+"
    if not piece.startswith("%"):
        return re.escape(piece)
    if name := _NUMBERS.get(piece[1]):
        is_beside = any(other[1:] in _DIGITS for other in neighbours if other.startswith("%"))
        return f"(?P<{name}>[0-9]{'{2}' if is_beside else '{1,2}'})"
    return _OTHERS[piece[1]]


def _year(parts: Mapping[str, str]) -> str:
    if "year" in parts:
        return parts["year"]
    return ("20" if int(parts["short_year"]) <= 68 else "19") + parts["short_year"]


def _month(parts: Mapping[str, str]) -> int:
    if "month" in parts:
        return int(parts["month"])
    return 1 + [month[:3].lower() for month in MONTHS].index(parts["name"][:3].lower())


def _clock(parts: Mapping[str, str]) -> str:
    if "hour12" in parts:
        hour = int(parts["hour12"])
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if parts["half"].upper() == "PM" else 0)
    elif "hour" in parts:
        hour = int(parts["hour"])
    else:
        return ""
    minute, second = int(parts.get("minute", 0)), int(parts.get("second", 0))
    return (
        f"{hour:02}:{minute:02}:{second:02}.{parts.get('fraction', '0')}{parts.get('offset', '')}"
    )
