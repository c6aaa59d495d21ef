"""How much work waits in one worker, and when that is too much for another request."""

from http import HTTPStatus

from serve.problems import RequestError

SMALL_BODY_BYTES = 16 * 1024
"""A smaller body is answered before one could tell whether there is time for it."""

_FIRST_SECONDS_PER_BYTE = 50e-9
_WEIGHT_OF_THE_NEWEST = 0.2


class Load:
    """What waits, in bytes, and how long that will take by what the latest bodies took."""

    def __init__(self, *, max_wait_seconds: float, max_waiting_bytes: int) -> None:
        self.requests = 0
        """Requests that have begun and are not answered."""
        self.held_bytes = 0
        """Of bodies that arrive or wait."""
        self._max_wait_seconds = max_wait_seconds
        self._max_waiting_bytes = max_waiting_bytes
        self._queued_bytes = 0
        self._seconds_per_byte = _FIRST_SECONDS_PER_BYTE

    def expected_wait(self) -> float:
        """Return how many seconds of work wait."""
        return self._queued_bytes * self._seconds_per_byte

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
            RequestError: the bodies that are held are too many.
        """
        if self.held_bytes > self._max_waiting_bytes:
            raise _overloaded("too many large requests arrive at a time")

    def queue(self, size: int) -> None:
        """Note that a body waits for its turn."""
        self._queued_bytes += size

    def leave(self, size: int) -> None:
        """Note that a body waits no more."""
        self._queued_bytes -= size

    def learn(self, size: int, *, seconds: float) -> None:
        """Take note of what a body took."""
        step = seconds / max(size, 1) - self._seconds_per_byte
        self._seconds_per_byte += _WEIGHT_OF_THE_NEWEST * step


def _overloaded(what: str) -> RequestError:
    return RequestError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{what}; ask again in a moment, or ask for fewer rows at a time",
        headers=[(b"retry-after", b"1")],
        limit="load",
    )
