"""Numbers and times for people: few digits, thousands separators, independent of the locale."""

import math
from datetime import UTC, datetime

_NO_BREAK = "\u00a0"
_MINUTE, _HOUR = 60, 3600
_LARGEST_COUNT = 10**15


def number(value: float) -> str:
    """Return a number with four significant digits; from 10,000 on, a whole number with separators.

    Numbers with four digits have no separator, because they may be years.
    """
    if not _is_finite(value):
        return "–"
    size = abs(value)
    if size >= 1e15 or 0 < size < 1e-4:
        return _minus(f"{value:.3g}")
    if size >= 9999.5:
        return _minus(f"{value:,.0f}")
    return _minus(f"{value:.0f}" if size >= 999.95 else f"{value:.4g}")


def score(value: float) -> str:
    """Return a metric: three decimals if it is small."""
    return _minus(f"{value:.3f}") if abs(value) < 10 else number(value)


def count(value: int) -> str:
    """Return an integer with separators; huge numbers are rounded."""
    return number(value) if abs(value) >= _LARGEST_COUNT else f"{value:,}"


def share(part: float, whole: float) -> str:
    """Return a share as a percentage."""
    percentage = 100 * part / whole
    if part and percentage < 0.1:
        return f"< 0.1{_NO_BREAK}%"
    if part < whole and percentage > 99.9:
        return f"> 99.9{_NO_BREAK}%"
    return f"{percentage:.3g}{_NO_BREAK}%"


def duration(seconds: float) -> str:
    """Return a duration in its usual unit."""
    if not math.isfinite(seconds):
        return "–"
    for unit, name in ((_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f}{_NO_BREAK}{name}"
    return f"{seconds:.2g}{_NO_BREAK}s" if seconds < 10 else f"{seconds:.0f}{_NO_BREAK}s"


def minute(value: datetime) -> str:
    """Return a time in UTC, as in the logs."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def value_of(value: object) -> str:
    """Return the minimum or maximum of a column."""
    if isinstance(value, bool):
        return str(value).lower()
    return number(value) if isinstance(value, int | float) else str(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # An integer beyond the range of floats.
        return False


def _minus(text: str) -> str:
    """Return a negative number with a minus sign; a number that rounds to 0 has none."""
    if not text.startswith("-"):
        return text
    return text.replace("-", "−", 1) if text.strip("-0.,") else text[1:]
