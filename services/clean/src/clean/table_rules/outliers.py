"""Outliers of a column, by exact quantiles in bounded memory."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from clean.schema.constraints import Limits

type Method = Literal["iqr", "mad"]
type Doubles = npt.NDArray[np.float64]
type Chunks = Callable[[], Iterator[Doubles]]
"""Yields all values of a column again, chunk by chunk."""

FACTORS: Mapping[Method, float] = {"iqr": 3.0, "mad": 3.5}
"""Default factors: Tukey's "far out", and the factor of Iglewicz and Hoaglin."""

_MAD_TO_DEVIATION = 1.4826
"""Factor that makes the MAD of a normal distribution its standard deviation."""

_DIGIT_BITS = 16
_CHUNK_VALUES = 65_536


class ColumnValues:
    """The values of a column, stored in a file of the draft."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0

    def add(self, values: Doubles) -> None:
        """Append finite doubles."""
        with self._path.open("ab") as file:
            values.tofile(file)
        self.count += len(values)

    def chunks(self) -> Iterator[Doubles]:
        """Yield all values in the order in which they were added."""
        with self._path.open("rb") as file:
            while len(chunk := np.fromfile(file, dtype=np.float64, count=_CHUNK_VALUES)):
                yield chunk

    def limits(self, method: Method, *, factor: float) -> Limits | None:
        """Return the range of values that are not outliers.

        None if there are no values, or at least half of them are equal.
        """
        if not self.count:
            return None
        if method == "iqr":
            low, high = (quantile(self.chunks, self.count, share) for share in (0.25, 0.75))
            distance = factor * (high - low)
            return Limits(low - distance, high + distance) if distance else None
        middle = quantile(self.chunks, self.count, 0.5)
        spread = quantile(lambda: (abs(c - middle) for c in self.chunks()), self.count, 0.5)
        distance = factor * _MAD_TO_DEVIATION * spread
        return Limits(middle - distance, middle + distance) if distance else None


def quantile(chunks: Chunks, count: int, share: float) -> float:
    """Return an exact quantile of `count` finite values, by linear interpolation."""
    position = share * (count - 1)
    rank = int(position)
    low, high = (_select(chunks, min(number, count - 1)) for number in (rank, rank + 1))
    fraction = position - rank
    # Not low + fraction * (high - low), which may overflow.
    return low if low == high else low * (1 - fraction) + high * fraction


def _select(chunks: Chunks, rank: int) -> float:
    """Return the value of this rank, 16 bits at a time in four passes."""
    prefix = 0
    for shift in range(64 - _DIGIT_BITS, -1, -_DIGIT_BITS):
        counts = np.zeros(1 << _DIGIT_BITS, dtype=np.int64)
        for chunk in chunks():
            keys = _ordered_bits(chunk)
            if shift + _DIGIT_BITS < 64:
                keys = keys[keys >> np.uint64(shift + _DIGIT_BITS) == prefix]
            digits = (keys >> np.uint64(shift)) & np.uint64((1 << _DIGIT_BITS) - 1)
            counts += np.bincount(digits.astype(np.int64), minlength=len(counts))
        cumulative = counts.cumsum()
        digit = int(np.searchsorted(cumulative, rank, side="right"))
        rank -= int(cumulative[digit] - counts[digit])
        prefix = prefix << _DIGIT_BITS | digit
    return _from_bits(prefix)


def _ordered_bits(values: Doubles) -> npt.NDArray[np.uint64]:
    """Return bits in the same order as the doubles; minus zero becomes zero."""
    bits = (values + 0.0).view(np.uint64)
    sign = np.uint64(1 << 63)
    ordered: npt.NDArray[np.uint64] = np.where(bits & sign, ~bits, bits | sign)
    return ordered


def _from_bits(ordered: int) -> float:
    sign = 1 << 63
    bits = ordered ^ sign if ordered & sign else ordered ^ ((1 << 64) - 1)
    return float(np.array([bits], dtype=np.uint64).view(np.float64)[0])
