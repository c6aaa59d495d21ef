"""Traffic by minute over the last hour: what the page shows while it happens.

A minute is the difference of totals, taken once a second; requests cost nothing more for it. The
minutes are a part of the worker's counters, so that they outlive it.
"""

from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from serve.runtime.counters import BOUNDS, Counters

HOUR_MINUTES = 60
"""Number of complete minutes that are kept beside the current one."""
MAX_COLUMNS = 200
"""Maximum number of columns in a minute: those with the most missing and odd values."""
MAX_BYTES = 192 * 1024
"""Maximum size of a worker's minutes; the oldest ones are dropped."""
MAX_SWAPS = 60
"""Maximum number of swaps that are kept."""
SECONDS = 60
_SUCCESSFUL = range(200, 300)
_COUNT = np.dtype("<u4")
"""Type of a count, and of a place."""


class RowTotals(NamedTuple):
    """What a model has counted since it went live in this worker."""

    rows: int
    predictions: NDArray[np.int64]
    """Predictions by bin."""
    missing: NDArray[np.int64]
    """Missing values by column: first the numbers, then the strings."""
    outside: NDArray[np.int64]
    """Values out of range, or unknown, by column."""

    def minus(self, earlier: "RowTotals | None") -> "RowTotals":
        """Return what was counted since then."""
        if earlier is None:
            return self
        return RowTotals(
            self.rows - earlier.rows,
            self.predictions - earlier.predictions,
            self.missing - earlier.missing,
            self.outside - earlier.outside,
        )


class Totals(NamedTuple):
    """What a worker has counted since it was first started."""

    answers: Counter[str]
    """Responses of the prediction routes, by class of status: `2xx`."""
    others: int
    """Responses of all other routes."""
    causes: Counter[str]
    """Failed predictions by status, and refused requests by limit."""
    latencies: NDArray[np.int64]
    """Successful predictions by bucket of latency."""
    rows: RowTotals | None = None


class Minute(msgspec.Struct, array_like=True, frozen=True):
    """What one worker answered with one model in a minute."""

    number: int
    """Minutes since 1970."""
    model: str | None
    answers: dict[str, int]
    others: int
    causes: dict[str, int]
    latencies: list[int]
    rows: int
    predictions: bytes
    """Bins that have predictions, each with their number, for `unpack`."""
    columns: bytes
    """Columns with missing or odd values, each with the numbers of both, for `unpack`."""


def totals_of(counters: Counters, rows: RowTotals | None, *, predictions: Container[str]) -> Totals:
    """Return the totals of a worker; `predictions` are the names of the prediction routes."""
    answers: Counter[str] = Counter()
    others, latencies = 0, np.zeros(len(BOUNDS) + 1, np.int64)
    for route, by_status in counters.answers.items():
        for status, seen in by_status.items():
            count = sum(seen.buckets)
            if route not in predictions:
                others += count
                continue
            answers[f"{status // 100}xx"] += count
            if status in _SUCCESSFUL:
                latencies += seen.buckets
    causes = Counter(counters.refused)
    causes.update({str(status): count for status, count in counters.failed.items()})
    return Totals(answers, others, causes, latencies, rows)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Minute).decode


class Recorder:
    """Divides the growing totals of one worker into minutes."""

    def __init__(self, kept: Iterable[bytes], begun: Totals, *, now: Callable[[], float]) -> None:
        """Continue after the minutes of an earlier process, with the totals that it had."""
        self._kept = deque((_decode(each).number, each) for each in kept)
        self._kept_bytes = sum(len(each) for _, each in self._kept)
        self._now = now
        self._number = self._minute()
        self._model: str | None = None
        self._begun = begun
        self._current: bytes | None = None

    def minutes(self) -> list[bytes]:
        """Return the minutes that have any traffic, oldest first, as `read_minutes` takes them."""
        return [each for _, each in self._kept] + ([self._current] if self._current else [])

    def update(self, totals: Totals) -> None:
        """Count what was added to the totals since the last call."""
        minute = _difference(totals, self._begun, number=self._number, model=self._model)
        self._current = _encode(minute) if minute is not None else None
        if self._minute() != self._number:
            self.begin(totals, model=self._model)

    def begin(self, totals: Totals, *, model: str | None) -> None:
        """Begin another minute, or count for another model."""
        if self._current is not None:
            self._kept.append((self._number, self._current))
            self._kept_bytes += len(self._current)
        self._current, self._begun, self._model = None, totals, model
        self._number = self._minute()
        while self._kept and self._is_too_much():
            self._kept_bytes -= len(self._kept.popleft()[1])

    def _is_too_much(self) -> bool:
        oldest, _ = self._kept[0]
        return oldest < self._number - HOUR_MINUTES or self._kept_bytes > MAX_BYTES

    def _minute(self) -> int:
        return int(self._now() // SECONDS)


def _difference(totals: Totals, begun: Totals, *, number: int, model: str | None) -> Minute | None:
    """Return what was counted since the minute began; None if nothing was."""
    answers, causes = totals.answers - begun.answers, totals.causes - begun.causes
    others = totals.others - begun.others
    rows = totals.rows.minus(begun.rows) if totals.rows is not None else None
    if not (answers or causes or others or (rows and rows.rows)):
        return None
    return Minute(
        number=number,
        model=model,
        answers=dict(answers),
        others=others,
        causes=dict(causes),
        latencies=(totals.latencies - begun.latencies).tolist(),
        rows=rows.rows if rows else 0,
        predictions=_pack(rows.predictions) if rows else b"",
        columns=_pack(rows.missing, rows.outside) if rows else b"",
    )


def _pack(*counts: NDArray[np.int64]) -> bytes:
    """Return the places with the largest counts, each with its counts."""
    total = np.sum(counts, axis=0)
    places = np.flatnonzero(total)
    if len(places) > MAX_COLUMNS:
        places = places[np.argsort(total[places], kind="stable")[-MAX_COLUMNS:]]
    return np.stack([places, *(each[places] for each in counts)], axis=1).astype(_COUNT).tobytes()


def unpack(packed: bytes, *, counts: int) -> NDArray[np.int64]:
    """Return an array of the places, and one of each count."""
    return np.frombuffer(packed, _COUNT).reshape(-1, 1 + counts).T.astype(np.int64)


def read_minutes(minutes: Iterable[bytes]) -> Iterator[Minute]:
    """Yield the minutes of a worker."""
    return map(_decode, minutes)
