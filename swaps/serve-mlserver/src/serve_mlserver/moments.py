"""Dates and datetimes: from text to seconds since 1970, by contract/README.md."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d{1,9})?"
    r"(?: ?(Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?))?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_date(text: str) -> float:
    """Return midnight UTC of a day; ValueError if the text is not a date."""
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - _EPOCH).total_seconds()


def read_datetime(text: str, zone: ZoneInfo) -> float:
    """Return the seconds of a datetime, in `zone` without an offset; ValueError for other texts."""
    match = _DATETIME.fullmatch(text)
    if match is None or (match[3] and len(match[2]) < len("HH:MM:SS")):
        raise ValueError(text)
    day, time, fraction, offset = match.groups(default="")
    # Truncated to microseconds, as fromisoformat does.
    moment = datetime.fromisoformat(f"{day}T{time or '00:00'}{fraction}{offset}")
    try:
        in_utc = (moment if offset else _in_zone(moment, zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None
    return (in_utc - _EPOCH) // timedelta(microseconds=1) / 10**6


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime:
    """Return a local time with its zone; in an hour that occurs twice, the first."""
    aware = local.replace(tzinfo=zone)
    back = aware.astimezone(UTC).astimezone(zone)
    if back.replace(tzinfo=None, fold=0) != local:
        raise ValueError(local.isoformat())  # an hour skipped by daylight saving time
    return aware
