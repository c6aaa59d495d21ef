"""Dates and datetimes: from text to seconds since 1970, the same as in cleaning."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
DATETIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?",
    re.ASCII,
)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_FIRST, _LAST = (
    (moment.toordinal() - _EPOCH_DAY) * 86400 * 10**6 for moment in (date.min, date.max)
)
_PAST = _LAST + 86400 * 10**6


def read_date(text: str) -> float:
    """Return midnight UTC of a day.

    Raises:
        ValueError: The text is not `YYYY-MM-DD`, or not a day of the calendar.
    """
    match = DATE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day = map(int, match.groups())
    return float((date(year, month, day).toordinal() - _EPOCH_DAY) * 86400)


def read_datetime(text: str, zone: ZoneInfo) -> float:
    """Return the seconds since 1970 of a text; without an offset it is in `zone`.

    Raises:
        ValueError: The text is not a datetime, or its hour was skipped by daylight saving time.
    """
    match = DATETIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    *numbers, fraction, offset = match.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # its zone comes next
    seconds = (local.toordinal() - _EPOCH_DAY) * 86400 + hour * 3600 + minute * 60 + second
    seconds -= _offset_of_text(offset) if offset else _offset_in_zone(local, zone)
    # Truncated to microseconds: 1.9999999 s becomes 1.999999 s, also before 1970.
    microseconds = seconds * 10**6 + int((fraction or "0")[:6].ljust(6, "0"))
    if not _FIRST <= microseconds < _PAST:
        raise ValueError(text)
    return microseconds / 10**6


def _offset_of_text(text: str) -> int:
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    seconds = hours * 3600 + minutes * 60
    return -seconds if text[0] == "-" else seconds


def _offset_in_zone(local: datetime, zone: ZoneInfo) -> int:
    """Return the offset in seconds; in an hour that occurs twice, the offset of the first."""
    if zone.key == "UTC":
        return 0
    aware = local.replace(tzinfo=zone)
    try:
        back = aware.astimezone(UTC).astimezone(zone)
    except OverflowError:
        raise ValueError(local.isoformat()) from None
    if back.replace(tzinfo=None, fold=0) != local:
        raise ValueError(local.isoformat())
    return round((local - aware.astimezone(UTC).replace(tzinfo=None)).total_seconds())
