"""A sample of a stream by lowest hashes, which does not depend on the order of the rows."""

import numpy as np
from numpy.typing import NDArray


class LowestHashes:
    """Keeps the places of the `rows` lowest hashes; for equal hashes, the first."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._hashes = np.empty(0, np.uint64)
        self._places = np.empty(0, np.int64)
        self._highest = np.uint64(np.iinfo(np.uint64).max)

    def add(self, hashes: NDArray[np.uint64], places: NDArray[np.int64]) -> None:
        """Add rows; places must increase."""
        is_low = hashes <= self._highest
        self._hashes = np.concatenate([self._hashes, hashes[is_low]])
        self._places = np.concatenate([self._places, places[is_low]])
        if self._hashes.size > 2 * self._rows:
            self._shrink()

    def places(self) -> NDArray[np.int64]:
        """Return the sampled places in ascending order."""
        self._shrink()
        return np.sort(self._places)

    def _shrink(self) -> None:
        lowest = np.argsort(self._hashes, kind="stable")[: self._rows]
        # Kept in the order of the table, so that equal hashes stay in it.
        lowest.sort()
        self._hashes, self._places = self._hashes[lowest], self._places[lowest]
        if self._hashes.size == self._rows:
            self._highest = self._hashes.max()
