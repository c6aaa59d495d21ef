"""Sentinels: numbers such as 999 that stand for a missing value, told by their distance."""

from collections.abc import Mapping
from typing import NamedTuple

_NINES = (9, 99, 999, 9_999, 99_999, 999_999)

FAR = 3
"""A sentinel above zero is so many times as large as any other value."""

_LEAST_ROWS = 2
"""Once is an outlier."""


class Sentinel(NamedTuple):
    """A number that may mean missing."""

    value: float
    rows: int
    low: float
    high: float
    """Of the other values."""


def find_sentinel(counts: Mapping[float, int]) -> Sentinel | None:
    """Return a number of nines that stands in several rows far from all other values.

    `counts` are the rows by value. Below zero a sentinel is alone; above it, it is the largest.
    """
    for value in (*(-nines for nines in _NINES), *_NINES):
        others = counts.keys() - {value}
        if counts.get(value, 0) < _LEAST_ROWS or len(others) < _LEAST_ROWS:
            continue
        low, high = min(others), max(others)
        if (low >= 0) if value < 0 else (value >= FAR * max(abs(low), abs(high))):
            return Sentinel(value, counts[value], low, high)
    return None
