"""Number formats for people: few digits, thousands separators, independent of the locale."""

import math
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400
_YEAR = 366 * _DAY
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0
"""Seconds since 1970 of the years 1 to 9999. The last one is whole: with microseconds, it would be
rounded up to the next year."""
_WHOLE = (10, 99)
"""Percentages in this range have no decimals."""


def number(value: float) -> str:
    """Return a number with four significant digits; from 10,000 on, a whole number with separators.

    Numbers with four digits have no separator, because they may be years.
    """
    size = abs(value)
    if not math.isfinite(value):
        return "–"
    if size >= 1e15 or 0 < size < 1e-4:
        return _minus(f"{value:.3g}")
    if size >= 9999.5:
        return _minus(f"{value:,.0f}")
    return _minus(f"{value:.0f}" if size >= 999.95 else f"{value:.4g}")


def decimals(value: float, digits: int) -> str:
    """Return a number with this many decimals."""
    return _minus(f"{value:,.{digits}f}")


def score(value: float) -> str:
    """Return a metric: three decimals if it is small."""
    return _minus(f"{value:.3f}") if abs(value) < 10 else number(value)


def tick(value: float) -> str:
    """Return a round number for an axis, as short as possible."""
    for power, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if power <= abs(value) < 1e15:
            return _minus(f"{value / power:.4g}{letter}")
    return number(value)


def percent(value: float) -> str:
    """Return a round share for an axis."""
    return f"{100 * value:.3g}\u00a0%"


def share(value: float) -> str:
    """Return a share as a percentage."""
    hundredths = 100 * value
    if 0 < hundredths < 0.1:
        return "< 0.1\u00a0%"
    if 99.9 < hundredths < 100:
        return "> 99.9\u00a0%"
    is_whole = hundredths == 0 or _WHOLE[0] <= hundredths <= _WHOLE[1] or hundredths == 100
    digits = 0 if is_whole else 1
    return f"{hundredths:.{digits}f}\u00a0%"


def count(value: int) -> str:
    """Return a whole number."""
    return f"{value:,}"


def moment(seconds: float, *, span: float = 0) -> str:
    """Return a date; with a span below two days its time without the year, above 20 years the year.

    Seconds count from 1970; times outside the years 1 to 9999 are clipped.
    """
    when = _EPOCH + timedelta(seconds=min(max(seconds, _FIRST), _LAST))
    if span > 20 * _YEAR:
        return f"{when.year:04}"
    if 0 < span < 2 * _DAY:
        return f"{when.month:02}-{when.day:02} {when.hour:02}:{when.minute:02}"
    return f"{when.year:04}-{when.month:02}-{when.day:02}"


def shortened(text: str, length: int) -> str:
    """Return a text of at most this many characters."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _minus(text: str) -> str:
    """Return a negative number with a minus sign; a number that rounds to 0 has none."""
    if not text.startswith("-"):
        return text
    return text.replace("-", "−", 1) if text.strip("-0.,") else text[1:]
