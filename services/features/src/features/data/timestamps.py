"""Timestamps: conversion to microseconds, and the quantile that a split by time needs."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NO_TIMESTAMP = np.iinfo(np.int64).min
MAX_KEPT_TIMESTAMPS = 1 << 22
"""Maximum number of timestamps in memory; enough for a share of test rows exact to 0.1 %."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimestampQuantile:
    """A streaming quantile of timestamps.

    It is exact up to `max_kept` values, then estimated from every 2nd, 4th, 8th … value.
    """

    def __init__(self, *, max_kept: int = MAX_KEPT_TIMESTAMPS) -> None:
        self._max_kept = max_kept
        self._kept = [np.empty(0, np.int64)]
        self._count = 0
        self._stride = 1

    def add(self, timestamps: NDArray[np.int64]) -> None:
        """Add the next batch of timestamps."""
        # Start where the stride of the previous batch continues.
        self._kept.append(timestamps[-self._count % self._stride :: self._stride])
        self._count += len(timestamps)
        while self._count > self._max_kept * self._stride:
            self._kept = [np.concatenate(self._kept)[::2]]
            self._stride *= 2

    def quantile(self, q: float) -> int | None:
        """Return the `q`-quantile, such as 0.8; None without any timestamp.

        If it is the earliest timestamp, return the next one, so that some rows are before it.
        """
        kept = np.concatenate(self._kept)
        if not kept.size:
            return None
        index = min(round(kept.size * q), kept.size - 1)
        value = int(np.partition(kept, index)[index])
        later = kept[kept > value]
        return int(later.min()) if value == kept.min() and later.size else value


def to_microseconds(array: pa.Array) -> NDArray[np.int64]:
    """Return microseconds since 1970; NO_TIMESTAMP for missing values."""
    timestamps = array.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    values: NDArray[np.int64] = pc.fill_null(timestamps, NO_TIMESTAMP).to_numpy(
        zero_copy_only=False
    )
    return values


def microseconds_to_rfc3339(microseconds: int) -> str:
    """Return a timestamp in the RFC 3339 format."""
    return to_rfc3339(EPOCH + timedelta(microseconds=microseconds))


def to_rfc3339(timestamp: datetime) -> str:
    """Return a timestamp in UTC in the RFC 3339 format, with Z as its offset."""
    return timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")
