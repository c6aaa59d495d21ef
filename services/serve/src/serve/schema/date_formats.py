"""Dates and datetimes in a `format`, converted to ISO 8601."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from string import digits
from typing import Final

from serve.schema.datetimes import DATE, DATETIME
from serve.schema.text_normalization import WHITE_SPACE

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_SHORT_MONTHS: Final = tuple(month[:3].lower() for month in _MONTHS)
_ONE_OR_TWO_DIGITS: Final = {
    "d": "day",
    "m": "month",
    "H": "hour",
    "I": "hour_of_half",
    "M": "minute",
    "S": "second",
}
_OTHERS: Final = {
    "Y": "(?P<year>[0-9]{4})",
    "y": "(?P<short_year>[0-9]{2})",
    "b": f"(?i:(?P<name>{'|'.join(_SHORT_MONTHS)}))",
    "B": f"(?i:(?P<name>{'|'.join(_MONTHS)}))",
    "p": "(?i:(?P<half>AM|PM))",
    "f": "(?P<fraction>[0-9]{1,9})",
    "z": "(?P<offset>Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "%": "%",
}
_OF_DIGITS: Final = frozenset("dmHIMSYyf")
_ALTERNATIVES: Final = ("d", "Yy", "mbB", "HI", "M", "S", "f", "p", "z")
"""Groups of directives for the same part, of which a format has at most one."""
_PARTNERS: Final = {"I": "p", "p": "I", "M": "HI", "S": "M", "f": "S", "z": "HI"}
"""Directives by directive: a format with the key must have one of the value as well."""
_OF_TIMES: Final = frozenset("HIMSfpz")
_LAST_OF_2000S: Final = 68
_HALF_A_DAY: Final = 12
_SAMPLES: Final = (
    datetime(2013, 1, 31, 5, 6, 7, 89, tzinfo=UTC),
    datetime(2013, 7, 31, 17, 6, 7, 89, tzinfo=UTC),  # for zones with daylight saving time
)

type Read = Callable[[str], float]
"""Takes a trimmed text; raises ValueError if it is not a date."""


def compile_dates(layout: str, read_iso: Read, *, has_time: bool) -> Read:
    """Return the reader of ISO 8601 texts, which `read_iso` parses, and of a format.

    Raises:
        ValueError: The format is not valid for a date, or with `has_time` for a datetime.
    """
    pieces = re.findall("%.?|[^%]", layout, re.DOTALL)
    _check(pieces, has_time=has_time)
    beside = zip(["", *pieces], [*pieces[1:], ""], strict=False)
    # Without re.ASCII, ſ would match the s of a month's name.
    of_format = re.compile("".join(map(_pattern, pieces, beside)), re.ASCII).fullmatch
    is_iso = (DATETIME if has_time else DATE).fullmatch

    def read(text: str) -> float:
        return read_iso(text if is_iso(text) else _iso_text(_parts(of_format, text)))

    for sample in _SAMPLES:
        text = sample.strftime(layout)
        if is_iso(text) and not _agree(read_iso, text, _iso_text(_parts(of_format, text))):
            raise ValueError(f"format: ISO 8601 reads {text} as another moment")
    return read


def written_as(layout: str) -> str:
    """Return a datetime as text in a format."""
    return _SAMPLES[0].strftime(layout)


def _parts(of_format: Callable[[str], re.Match[str] | None], text: str) -> dict[str, str]:
    found = of_format(text)
    if found is None:
        raise ValueError(text)
    return found.groupdict()


def _agree(read_iso: Read, *texts: str) -> bool:
    try:
        return len({read_iso(text) for text in texts}) == 1
    except ValueError:
        return False


def _check(pieces: Sequence[str], *, has_time: bool) -> None:
    directives = [piece[1:] for piece in pieces if piece.startswith("%")]
    known = _ONE_OR_TWO_DIGITS.keys() | _OTHERS.keys()
    for directive in directives:
        if directive not in known:
            raise ValueError(f"format: %{directive} is not a directive")
        if directive in _OF_TIMES and not has_time:
            raise ValueError(f"format: %{directive} is for datetimes")
        if not {*_PARTNERS.get(directive, directive)}.intersection(directives):
            raise ValueError(f"format: %{directive} needs %{_PARTNERS[directive][0]}")
    for alternatives in _ALTERNATIVES:
        times = sum(directive in alternatives for directive in directives)
        if times > 1 or (times == 0 and alternatives in _ALTERNATIVES[:3]):
            what = " or ".join(f"%{each}" for each in alternatives)
            raise ValueError(f"format: has {what} {times} times")
    for piece in pieces:
        if piece != " " and piece in f"{digits}{WHITE_SPACE}":
            raise ValueError(f"format: {piece!r} stands for itself, which it may not")


def _pattern(piece: str, beside: Sequence[str]) -> str:
    if piece == " ":
        return f"[{WHITE_SPACE}]+"
    if not piece.startswith("%"):
        return re.escape(piece)
    directive = piece[1:]
    if directive in _OTHERS:
        return _OTHERS[directive]
    is_beside = any(each.startswith("%") and each[1:] in _OF_DIGITS for each in beside)
    times = "{2}" if is_beside else "{1,2}"
    return f"(?P<{_ONE_OR_TWO_DIGITS[directive]}>[0-9]{times})"


def _iso_text(parts: Mapping[str, str]) -> str:
    day = f"{_year(parts)}-{_month(parts):02}-{parts['day']:0>2}"
    if not (hour := _hour(parts)):
        return day
    time = ":".join(f"{part or 0:0>2}" for part in (hour, parts.get("minute"), parts.get("second")))
    fraction = f".{parts['fraction']}" if parts.get("fraction") else ""
    return f"{day}T{time}{fraction}{parts.get('offset', '')}"


def _year(parts: Mapping[str, str]) -> str:
    if "year" in parts:
        return parts["year"]
    year = parts["short_year"]
    return f"{20 if int(year) <= _LAST_OF_2000S else 19}{year}"


def _month(parts: Mapping[str, str]) -> int:
    if "month" in parts:
        return int(parts["month"])
    return _SHORT_MONTHS.index(parts["name"][:3].lower()) + 1


def _hour(parts: Mapping[str, str]) -> str:
    """Return the hour of the day; an empty text if the format has no time."""
    if "hour_of_half" not in parts:
        return parts.get("hour", "")
    hour = int(parts["hour_of_half"])
    if not 1 <= hour <= _HALF_A_DAY:
        raise ValueError(hour)
    return str(hour % _HALF_A_DAY + (_HALF_A_DAY if parts["half"].upper() == "PM" else 0))
