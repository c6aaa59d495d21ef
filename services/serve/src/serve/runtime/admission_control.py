"""Admission control: limits the work and the memory that wait in one worker."""

from collections import Counter
from collections.abc import Hashable
from http import HTTPStatus

from serve.problems import RequestError

SMALL_BODY_BYTES = 16 * 1024
"""Bodies up to this size skip admission control."""

LONG_ANSWER_BYTES = 64 * 1024
"""Responses up to this size are never refused: they fit into a connection's buffer."""

_WEIGHT_OF_THE_PAST = 0.8
"""Weight of the earlier measurements: the latest five or so bodies determine the estimate."""

type Kind = Hashable
"""Bodies of one kind, by route and media type, take about the same time per byte."""


class Pace:
    """CPU time per byte of one kind of body, from the latest measurements."""

    def __init__(self) -> None:
        self.seconds_per_byte = 0.0
        self.is_measured = False
        self._seconds = 0.0
        self._bytes = 0.0

    def learn(self, size: int, *, seconds: float) -> None:
        """Add a measurement; a large body has more weight than a small one."""
        past = _WEIGHT_OF_THE_PAST if self.is_measured else 0.0
        self._seconds = past * self._seconds + seconds
        self._bytes = past * self._bytes + max(size, 1)
        self.seconds_per_byte = self._seconds / self._bytes
        self.is_measured = True


class AdmissionControl:
    """Waiting work in seconds of CPU time, and memory held by requests."""

    def __init__(self, *, max_wait_seconds: float, max_waiting_bytes: int) -> None:
        self.requests = 0
        """Number of requests that have begun and are not answered."""
        self.held_bytes = 0
        """Bytes of bodies that are arriving or waiting, and of responses that are not yet sent."""
        self._max_wait_seconds = max_wait_seconds
        self._max_waiting_bytes = max_waiting_bytes
        self._queued: Counter[Kind] = Counter()
        """Bytes in the request queue."""
        self._paces: dict[Kind, Pace] = {}
        self._model: object = None

    @property
    def is_full(self) -> bool:
        """Whether there is no memory for further bodies."""
        return self.held_bytes > self._max_waiting_bytes

    def expected_wait(self) -> float:
        """Return the seconds of CPU time in the queue."""
        return sum(size * self.pace(kind).seconds_per_byte for kind, size in self._queued.items())

    def pace(self, kind: Kind) -> Pace:
        """Return the measurements of a kind of body."""
        return self._paces.setdefault(kind, Pace())

    def knows(self, kind: Kind, *, model: object) -> bool:
        """Return whether a kind of body was measured; a new model is measured again."""
        if model is not self._model:
            self._model = model
            for pace in self._paces.values():
                pace.is_measured = False
        return self.pace(kind).is_measured

    def check_wait(self) -> None:
        """Refuse a request that would wait too long.

        Raises:
            RequestError: The queue is too long.
        """
        if self.expected_wait() > self._max_wait_seconds:
            raise _overloaded("too many rows wait for their turn")

    def check_space(self) -> None:
        """Refuse a body that does not fit into the memory limit.

        Raises:
            RequestError: Too many bytes are held.
        """
        if self.is_full:
            raise _overloaded("too many large requests arrive, or wait to be taken in, at a time")

    def check_answer(self, size: int, *, body_bytes: int) -> None:
        """Refuse a long response that does not fit into the memory limit; its body is released.

        Raises:
            RequestError: Too many bytes are held.
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
        f"{what}; retry in a moment, or send fewer rows per request",
        headers=[(b"retry-after", b"1")],
        limit="load",
    )
