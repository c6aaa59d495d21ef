"""Texts as values of a type: what a number, integer, boolean, date or datetime looks like."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from conformance.rules.formats import in_iso
from conformance.rules.numbers import plain_number
from conformance.rules.values import MAX_INTEGER, Value

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"([+-]?)0*([0-9]+)(\.0*)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]{1,9}))?)?"
    r"( ?(?P<offset>Z|[+-][0-9]{2}(:?[0-9]{2})?))?)?"
)


def read(text: str, field: Mapping[str, Any], *, timezone: str) -> Value:
    """Return the value of a trimmed text that is not missing.

    Raises:
        ValueError, OverflowError: it does not have the field's type.
    """
    match field["type"]:
        case "string":
            return text
        case "number":
            return _number(plain_number(text, field))
        case "integer":
            return _integer(plain_number(text, field))
        case "boolean":
            return _boolean(text, field)
        case "date":
            return _date(in_iso(text, _DATE, field))
        case "datetime":
            return instant(in_iso(text, _DATETIME, field), timezone=timezone)
    raise ValueError(field["type"])


def instant(text: str, *, timezone: str) -> datetime:
    """Return a datetime's text as an instant in UTC; see `read`."""
    parts = _matched(_DATETIME, text)
    fraction = (parts["fraction"] or "").ljust(6, "0")[:6]
    day = date.fromisoformat(parts["day"])
    local = datetime(  # noqa: DTZ001  # its zone is found out below
        day.year,
        day.month,
        day.day,
        int(parts["hour"] or 0),
        int(parts["minute"] or 0),
        int(parts["second"] or 0),
        int(fraction),
    )
    if parts["offset"]:
        return local.replace(tzinfo=_offset(parts["offset"])).astimezone(UTC)
    zone = ZoneInfo(timezone)
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError("an hour that does not exist")
    return moment


def _number(text: str) -> float:
    _matched(_NUMBER, text)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _integer(text: str) -> int:
    sign, digits, _ = _matched(_INTEGER, text).groups()
    # Python refuses to read very long texts; this one is too large anyway.
    value = int(sign + digits[:20])
    if abs(value) > MAX_INTEGER:
        raise ValueError(text)
    return value


def _boolean(text: str, field: Mapping[str, Any]) -> bool:
    if text in field.get("trueValues", ("true", "True", "TRUE")):
        return True
    if text in field.get("falseValues", ("false", "False", "FALSE")):
        return False
    raise ValueError(text)


def _date(text: str) -> date:
    _matched(_DATE, text)
    return date.fromisoformat(text)


def _offset(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    size = timedelta(hours=hours, minutes=minutes)
    return timezone(-size if text[0] == "-" else size)


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return match
