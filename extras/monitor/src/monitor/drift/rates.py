"""Rates of rare events, such as missing values: intervals, and exact tests for an increase."""

import math
from statistics import NormalDist

_NEGLIGIBLE = 1e-17
"""A term that small, relative to the sum, does not change a double."""


def wilson_interval(events: int, rows: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the ends of Wilson's score interval of a binomial rate; (0, 1) without rows."""
    if not rows:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, scale = events / rows, 1 + z * z / rows
    centre = (rate + z * z / (2 * rows)) / scale
    half = z * math.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)


def increase_p_value(window: tuple[int, int], reference: tuple[int, int]) -> float:
    """Return Fisher's one-sided p-value that the window's rate is not above the reference's.

    Both are (events, rows). Fisher's test is exact for the small counts of rare events.
    """
    (x, n), (y, m) = window, reference
    events, most = x + y, min(x + y, n)
    term = total = math.exp(_log_choose(n, x) + _log_choose(m, y) - _log_choose(n + m, events))
    for k in range(x, most):
        term *= (n - k) * (events - k) / ((k + 1) * (m - events + k + 1))
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return min(1.0, total)


def out_of_range_p_value(window: tuple[int, int], training_rows: int) -> float:
    """Return a bound of the probability that so many rows are outside the training rows' range.

    `window` is (events, rows). If rows are exchangeable, k given extremes of all rows are in the
    window with probability C(n, k)/C(n+N, k); k events divide between both ends in k + 1 ways.
    """
    k, n = window
    if not k:
        return 1.0
    return min(1.0, (k + 1) * math.exp(_log_choose(n, k) - _log_choose(n + training_rows, k)))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
