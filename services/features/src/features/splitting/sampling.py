"""A sample of a stream by lowest hashes, which does not depend on the order of the rows."""

import numpy as np
from numpy.typing import NDArray


class LowestHashes:
    """Keeps the positions of the rows with the lowest hashes; of equal hashes, the first."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._hashes = np.empty(0, np.uint64)
        self._positions = np.empty(0, np.int64)
        self._highest = np.uint64(np.iinfo(np.uint64).max)

    def add(self, hashes: NDArray[np.uint64], positions: NDArray[np.int64]) -> None:
        """Add rows; positions must increase."""
        is_low = hashes <= self._highest
        self._hashes = np.concatenate([self._hashes, hashes[is_low]])
        self._positions = np.concatenate([self._positions, positions[is_low]])
        if self._hashes.size > 2 * self._rows:
            self._shrink()

    def positions(self) -> NDArray[np.int64]:
        """Return the sampled positions in ascending order."""
        self._shrink()
        return np.sort(self._positions)

    def _shrink(self) -> None:
        lowest = np.argsort(self._hashes, kind="stable")[: self._rows]
        # Sorted by position, so that the first of equal hashes is kept.
        lowest.sort()
        self._hashes, self._positions = self._hashes[lowest], self._positions[lowest]
        if self._hashes.size == self._rows:
            self._highest = self._hashes.max()
