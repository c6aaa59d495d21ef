"""Turns: what can't be answered at once is done one after another, with the loop's turn between."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic, thread_time

from serve.runtime.admission_control import Kind, Load

_SECONDS_A_TURN = 0.002
"""After this much work the loop hears of new requests, so that refusals are quick."""


class Turn:
    """One body that waits for its answer."""

    def __init__(self, work: Callable[[], None], kind: Kind, size: int) -> None:
        self.work: Callable[[], None] | None = work
        self.kind = kind
        self.size = size
        self.since = thread_time()


class Turns:
    """The queue of one worker."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: deque[Turn] = deque()
        self._is_due = False
        self._ended = 0.0
        """When the latest work was done, by the CPU time of this thread."""

    def add(self, work: Callable[[], None], *, kind: Kind, size: int) -> Turn:
        """Put work at the end of the queue."""
        turn = Turn(work, kind, size)
        self._load.queue(kind, size)
        self._waiting.append(turn)
        self._schedule()
        return turn

    def take(self, turn: Turn, *, drop: bool = False) -> None:
        """Do or drop some work before its turn comes."""
        work, turn.work = turn.work, None
        if work is None:
            return
        self._load.leave(turn.kind, turn.size)
        if not drop:
            self.measure(work, kind=turn.kind, size=turn.size, since=turn.since)

    def measure(
        self, work: Callable[[], None], *, kind: Kind, size: int, since: float | None = None
    ) -> None:
        """Do some work, and learn what a body of its kind takes.

        CPU time counts: what other processes take of a core is no reason to refuse requests.
        """
        since = thread_time() if since is None else since
        work()
        # While work waits, what the loop does between two turns makes it wait as well.
        began, self._ended = max(since, self._ended), thread_time()
        self._load.pace(kind).learn(size, seconds=self._ended - began)

    def _schedule(self) -> None:
        if not self._is_due and self._waiting:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._is_due = False
        end = monotonic() + _SECONDS_A_TURN
        while self._waiting and monotonic() < end:
            self.take(self._waiting.popleft())
        self._schedule()
