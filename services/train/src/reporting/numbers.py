"""Numbers as people read them: few digits, thousands apart, the same on every machine."""

import math
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400
_YEAR = 366 * _DAY
_PERCENT_WHOLE = 10


def number(value: float) -> str:
    """Return a number with four digits that count, or whole from a thousand on."""
    size = abs(value)
    if not math.isfinite(value):
        return "–"
    if size >= 1e15 or 0 < size < 1e-4:
        return _minus(f"{value:.3g}")
    return _minus(f"{value:,.0f}" if size >= 999.95 else f"{value:.4g}")


def score(value: float) -> str:
    """Return a metric: three decimals where it is small."""
    return _minus(f"{value:.3f}") if abs(value) < 10 else number(value)


def share(value: float) -> str:
    """Return a share as a percentage."""
    percent = 100 * value
    if 0 < percent < 0.1:
        return "< 0.1 %"
    digits = 0 if percent >= _PERCENT_WHOLE or percent == 0 else 1
    return f"{percent:.{digits}f} %"


def count(value: int) -> str:
    """Return a whole number."""
    return f"{value:,}"


def moment(seconds: float, *, span: float = 0) -> str:
    """Return a date as `YYYY-MM-DD`; with a span of less than two days, the time as well."""
    when = _EPOCH + timedelta(seconds=seconds)
    if span > 20 * _YEAR:
        return f"{when.year:04}"
    if 0 < span < 2 * _DAY:
        return f"{when.month:02}-{when.day:02} {when.hour:02}:{when.minute:02}"
    return f"{when.year:04}-{when.month:02}-{when.day:02}"


def shortened(text: str, length: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _minus(text: str) -> str:
    """Return a negative number with a minus sign; what is rounded to 0 has none."""
    if not text.startswith("-"):
        return text
    return text.replace("-", "−", 1) if text.strip("-0.,") else text[1:]
