"""Timestamps: microseconds since 1970, and the quantile that divides a split by time."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NO_TIMESTAMP = np.iinfo(np.int64).min
KEPT_MAX = 1 << 22
"""Bounds the memory; the share of test rows is exact to a thousandth."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimestampQuantile:
    """Finds a quantile of a stream: exact up to `kept_max` values, then every 2nd, 4th, 8th."""

    def __init__(self, *, kept_max: int = KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._kept = [np.empty(0, np.int64)]
        self._seen = 0
        self._every = 1

    def add(self, timestamps: NDArray[np.int64]) -> None:
        """Add a batch."""
        self._kept.append(timestamps[-self._seen % self._every :: self._every])
        self._seen += len(timestamps)
        while self._seen > self._kept_max * self._every:
            self._kept = [np.concatenate(self._kept)[::2]]
            self._every *= 2

    def find(self, share: float) -> int | None:
        """Return the quantile of this share, approximately; None without any timestamp.

        It is not the first of several instants: nothing is before that.
        """
        kept = np.concatenate(self._kept)
        if not kept.size:
            return None
        place = min(round(kept.size * share), kept.size - 1)
        found = int(np.partition(kept, place)[place])
        later = kept[kept > found]
        return int(later.min()) if found == kept.min() and later.size else found


def as_timestamps(array: pa.Array) -> NDArray[np.int64]:
    """Return microseconds since 1970, NO_TIMESTAMP where the time is missing."""
    timestamps = array.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    values: NDArray[np.int64] = pc.fill_null(timestamps, NO_TIMESTAMP).to_numpy(
        zero_copy_only=False
    )
    return values


def timestamp_text(microseconds: int) -> str:
    """Return a timestamp in RFC 3339."""
    return rfc3339(EPOCH + timedelta(microseconds=microseconds))


def rfc3339(timestamp: datetime) -> str:
    """Return a timestamp in UTC in the format of the contract."""
    return timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
