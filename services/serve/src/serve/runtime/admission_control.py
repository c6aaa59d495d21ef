"""Admission control: how much work and memory waits in one worker, and when that is too much."""

from collections import Counter
from collections.abc import Hashable
from http import HTTPStatus

from serve.problems import RequestError

SMALL_BODY_BYTES = 16 * 1024
"""Bodies up to this size skip admission control."""

LONG_ANSWER_BYTES = 64 * 1024
"""A shorter answer fits into what a connection buffers before it stops reading."""

_WEIGHT_OF_THE_PAST = 0.8
"""The latest five or so bodies of a kind decide what the next one is expected to take."""

type Kind = Hashable
"""Bodies of one kind take about the same time for a byte: one route, one media type."""


class Pace:
    """The CPU time that bodies of one kind take, by what the latest ones took."""

    def __init__(self) -> None:
        self.seconds_per_byte = 0.0
        self.is_measured = False
        self._seconds = 0.0
        self._bytes = 0.0

    def learn(self, size: int, *, seconds: float) -> None:
        """Take note of what a body took; a large one counts for more than a small one."""
        past = _WEIGHT_OF_THE_PAST if self.is_measured else 0.0
        self._seconds = past * self._seconds + seconds
        self._bytes = past * self._bytes + max(size, 1)
        self.seconds_per_byte = self._seconds / self._bytes
        self.is_measured = True


class AdmissionControl:
    """The work that waits, in seconds of CPU time, and the memory that requests hold."""

    def __init__(self, *, max_wait_seconds: float, max_waiting_bytes: int) -> None:
        self.requests = 0
        """Requests that have begun and are not answered."""
        self.held_bytes = 0
        """Bodies that arrive or wait, and answers that clients have not taken yet."""
        self._max_wait_seconds = max_wait_seconds
        self._max_waiting_bytes = max_waiting_bytes
        self._queued: Counter[Kind] = Counter()
        """Bytes in the request queue."""
        self._paces: dict[Kind, Pace] = {}
        self._model: object = None

    @property
    def is_full(self) -> bool:
        """Whether there is no room for what is not held yet."""
        return self.held_bytes > self._max_waiting_bytes

    def expected_wait(self) -> float:
        """Return the seconds of CPU time that wait."""
        return sum(size * self.pace(kind).seconds_per_byte for kind, size in self._queued.items())

    def pace(self, kind: Kind) -> Pace:
        """Return what is known of a kind of bodies."""
        return self._paces.setdefault(kind, Pace())

    def knows(self, kind: Kind, *, model: object) -> bool:
        """Return whether a body of a kind was measured; another model measures anew."""
        if model is not self._model:
            self._model = model
            for pace in self._paces.values():
                pace.is_measured = False
        return self.pace(kind).is_measured

    def check_wait(self) -> None:
        """Refuse a request that would wait for too long.

        Raises:
            RequestError: too much waits already.
        """
        if self.expected_wait() > self._max_wait_seconds:
            raise _overloaded("too many rows wait for their turn")

    def check_space(self) -> None:
        """Refuse a body for which there is no room.

        Raises:
            RequestError: the bodies and answers that are held are too many.
        """
        if self.is_full:
            raise _overloaded("too many large requests arrive, or wait to be taken in, at a time")

    def check_answer(self, size: int, *, body_bytes: int) -> None:
        """Refuse a long answer for which there is no room; the bytes of its body become free.

        Raises:
            RequestError: the bodies and answers that are held are too many.
        """
        if size > LONG_ANSWER_BYTES and self.held_bytes - body_bytes > self._max_waiting_bytes:
            raise _overloaded("too many answers wait to be taken in")

    def queue(self, kind: Kind, size: int) -> None:
        """Count a body that enters the request queue."""
        self._queued[kind] += size

    def leave(self, kind: Kind, size: int) -> None:
        """Count a body that leaves the request queue."""
        self._queued[kind] -= size


def _overloaded(what: str) -> RequestError:
    return RequestError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{what}; ask again in a moment, or ask for fewer rows at a time",
        headers=[(b"retry-after", b"1")],
        limit="load",
    )
