"""Turns: what can't be answered at once is done one after another, with the loop's turn between."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

from serve.load import Load

_SECONDS_A_TURN = 0.002
"""After this much work the loop hears of new requests, so that refusals are quick."""


class Turn:
    """One body that waits for its answer."""

    def __init__(self, work: Callable[[], None], size: int) -> None:
        self.work: Callable[[], None] | None = work
        self.size = size
        self.since = monotonic()


class Turns:
    """The queue of one worker."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._waiting: deque[Turn] = deque()
        self._is_due = False
        self._ended = 0.0
        """When the latest work was done."""

    def add(self, work: Callable[[], None], *, size: int) -> Turn:
        """Put work at the end of the queue."""
        turn = Turn(work, size)
        self._load.queue(size)
        self._waiting.append(turn)
        self._schedule()
        return turn

    def take(self, turn: Turn, *, drop: bool = False) -> None:
        """Do or drop some work before its turn comes."""
        work, turn.work = turn.work, None
        if work is None:
            return
        self._load.leave(turn.size)
        if drop:
            return
        work()
        # While work waits, what the loop does between two turns makes it wait as well.
        began, self._ended = max(turn.since, self._ended), monotonic()
        self._load.learn(turn.size, seconds=self._ended - began)

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
