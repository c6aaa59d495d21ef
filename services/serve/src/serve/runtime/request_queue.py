"""The request queue: large requests run one at a time, with the event loop in between."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic, thread_time

from serve.runtime.admission_control import AdmissionControl, Kind

_SECONDS_PER_RUN = 0.002
"""Seconds of work after which the event loop runs, so that refusals are quick."""


class QueuedRequest:
    """A request with a complete body that waits for its response."""

    def __init__(self, work: Callable[[], None], kind: Kind, size: int) -> None:
        self.work: Callable[[], None] | None = work
        self.kind = kind
        self.size = size
        self.since = thread_time()


class RequestQueue:
    """The queue of one worker; admission control learns the cost of requests from it."""

    def __init__(self, admission: AdmissionControl) -> None:
        self._admission = admission
        self._waiting: deque[QueuedRequest] = deque()
        self._is_due = False
        self._ended = 0.0
        """CPU time of this thread at the end of the latest work."""

    def add(self, work: Callable[[], None], *, kind: Kind, size: int) -> QueuedRequest:
        """Append work to the queue."""
        queued = QueuedRequest(work, kind, size)
        self._admission.queue(kind, size)
        self._waiting.append(queued)
        self._schedule()
        return queued

    def take(self, queued: QueuedRequest, *, drop: bool = False) -> None:
        """Run or drop queued work ahead of time."""
        work, queued.work = queued.work, None
        if work is None:
            return
        self._admission.leave(queued.kind, queued.size)
        if not drop:
            self.measure(work, kind=queued.kind, size=queued.size, since=queued.since)

    def measure(
        self, work: Callable[[], None], *, kind: Kind, size: int, since: float | None = None
    ) -> None:
        """Run work, and record its cost for its kind of body.

        The cost is CPU time: other processes on the core are no reason to refuse requests.
        """
        since = thread_time() if since is None else since
        work()
        # While work waits, the event loop's own work delays it as well.
        began, self._ended = max(since, self._ended), thread_time()
        self._admission.pace(kind).learn(size, seconds=self._ended - began)

    def _schedule(self) -> None:
        if not self._is_due and self._waiting:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._is_due = False
        end = monotonic() + _SECONDS_PER_RUN
        while self._waiting and monotonic() < end:
            self.take(self._waiting.popleft())
        self._schedule()
