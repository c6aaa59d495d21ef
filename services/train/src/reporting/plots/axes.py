"""Axes of a plot: map values to positions, with ticks at round values."""

import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reporting.plots.number_formats import moment, tick

_TICKS = 5
"""Number of ticks to aim for."""

_STEPS = (1, 2, 2.5, 5, 10)
"""Round distances between ticks, times a power of ten."""

_MAX_DECADES = 6
"""Maximum number of labelled powers of ten on a logarithmic axis."""

_TOLERANCE = 1e-12
"""Values with a smaller relative difference are drawn as equal."""

_SMALLEST, _LARGEST = sys.float_info.min, sys.float_info.max


@dataclass(frozen=True)
class Axis:
    """An axis: values from `low` to `high` map to positions from `start` to `stop`."""

    label: str
    low: float
    high: float
    start: float
    stop: float
    is_log: bool = False
    show: Callable[[float], str] = tick

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return the positions of values; values beyond an end are drawn at that end."""
        clipped = np.clip(np.asarray(values, dtype=np.float64), self.low, self.high)
        low, high, found = (self._linear(each) for each in (self.low, self.high, clipped))
        # Scale by a power of two, because the width of an axis may overflow a double; it is exact.
        _, exponent = np.frexp(max(abs(low), abs(high)))
        low, high, found = (np.ldexp(each, -exponent) for each in (low, high, found))
        fraction = (found - low) / (high - low)
        places: NDArray[np.float64] = self.start + fraction * (self.stop - self.start)
        return places

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Return the positions of round values, with their labels."""
        values = (
            _log_ticks(self.low, self.high) if self.is_log else _round_ticks(self.low, self.high)
        )
        return [(float(self.place(value)), self.show(value)) for value in values]

    def _linear(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return values on a linear scale: the logarithms, if the axis is logarithmic."""
        return np.log(values) if self.is_log else np.asarray(values, dtype=np.float64)


def span_of(values: ArrayLike, *, trim: float = 0.0, margin: float = 0.04) -> tuple[float, float]:
    """Return the range of an axis for these values; ignore a share `trim` at each end."""
    found = np.asarray(values, dtype=np.float64)
    low, high = quantiles(found, [trim, 1 - trim]).tolist()
    if _are_equal(low, high):
        low, high = float(found.min()), float(found.max())
    if _are_equal(low, high):
        padding = abs(low) * 0.1 if abs(low) > _SMALLEST / _TOLERANCE else 1.0
    else:
        padding = 2 * margin * (high / 2 - low / 2)
    return max(low - padding, -_LARGEST), min(high + padding, _LARGEST)


def quantiles(
    values: NDArray[np.float64],
    shares: Sequence[float] | NDArray[np.float64],
    *,
    method: Literal["linear", "nearest"] = "linear",
) -> NDArray[np.float64]:
    """Return quantiles of finite values, even if their differences overflow a double."""
    found: NDArray[np.float64] = 2 * np.quantile(values / 2, shares, method=method)
    return found


def log_span_of(values: ArrayLike, *, trim: float = 0.0) -> tuple[float, float]:
    """Return the range of a logarithmic axis for positive values."""
    low, high = span_of(np.log(np.asarray(values, dtype=np.float64)), trim=trim)
    return (
        math.exp(max(low, math.log(_SMALLEST))),
        math.exp(min(high, math.log(_LARGEST))),
    )


def dates(low: float, high: float) -> Callable[[float], str]:
    """Return a formatter of seconds since 1970 for an axis with this range."""
    return lambda seconds: moment(seconds, span=high - low)


def _are_equal(low: float, high: float) -> bool:
    return high / 2 - low / 2 <= max(_TOLERANCE * max(abs(low), abs(high)), _SMALLEST / _TOLERANCE)


def _round_ticks(low: float, high: float) -> Sequence[float]:
    distance = 2 * ((high / 2 - low / 2) / _TICKS)
    if distance < _SMALLEST:
        return []
    power = 10.0 ** math.floor(math.log10(distance))
    step = next(power * each for each in _STEPS if power * each >= distance * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [step * place for place in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> Sequence[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = max(1, math.ceil((last - first) / _MAX_DECADES))
    factors = (1,) if last - first > 2 else (1, 2, 5)
    powers = range(first, min(last, sys.float_info.max_10_exp) + 1, stride)
    values = [factor * 10.0**power for power in powers for factor in factors]
    return [value for value in values if low <= value <= high]
