"""Distinct values, counted in bounded memory by the values with the lowest hashes."""

import heapq
from collections.abc import Collection
from hashlib import blake2b

_HASHES = 2**64
_MAX_CHARACTERS = 200


class DistinctValues:
    """A sample of a column's distinct values that does not depend on the row order.

    Values with the `limit` lowest hashes are kept from their first row on, so their rows are
    counted exactly. Up to `limit` values the sample is complete.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: dict[str, int] = {}
        self._highest: list[tuple[int, str]] = []
        """Max-heap of the hashes; heapq has only min-heaps, so they are negated."""
        self._bound = _HASHES

    def add(self, text: str, rows: int) -> None:
        """Add rows of a value; long texts with equal starts differ by their hashes."""
        key = text
        if len(text) > _MAX_CHARACTERS:
            key = f"{text[:_MAX_CHARACTERS]}…{_hash(text):x}"
        if key in self._rows:
            self._rows[key] += rows
            return
        value_hash = _hash(key)
        if value_hash >= self._bound:
            return
        self._rows[key] = rows
        heapq.heappush(self._highest, (-value_hash, key))
        if len(self._rows) > self._limit:
            negative, dropped = heapq.heappop(self._highest)
            self._bound = -negative
            del self._rows[dropped]

    def exclude(self, texts: Collection[str]) -> "DistinctValues":
        """Return a copy without some values."""
        remaining = DistinctValues(self._limit)
        remaining._rows = {text: rows for text, rows in self._rows.items() if text not in texts}
        remaining._highest = [(-_hash(text), text) for text in remaining._rows]
        heapq.heapify(remaining._highest)
        remaining._bound = self._bound
        return remaining

    @property
    def is_exact(self) -> bool:
        """Whether the sample has all distinct values."""
        return self._bound == _HASHES

    @property
    def count(self) -> int:
        """Number of distinct values; above the limit an estimate (2 % at a limit of 4,096)."""
        kept = len(self._rows)
        return kept if self.is_exact else round(kept * _HASHES / self._bound)

    @property
    def rows(self) -> dict[str, int]:
        """Rows by value, most frequent first, ties by text."""
        return dict(sorted(self._rows.items(), key=lambda item: (-item[1], item[0])))

    @property
    def rows_per_value(self) -> float:
        """Mean rows per value; 1.0 if all are unique."""
        return sum(self._rows.values()) / max(1, len(self._rows))


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
