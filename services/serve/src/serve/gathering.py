"""Small requests that arrive together are answered together, with one run of the graph.

What the loop finds to read in one look is gathered until the look is over. One request alone does
not wait; for sixteen, the graph runs once instead of sixteen times.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from stage_contract import LOGGER

from serve.following import Follower
from serve.media import Answer
from serve.predict import predict_together
from serve.problems import RequestError

_MOST_BYTES = 64 * 1024
"""With so much gathered the graph runs at once: more would not make it faster."""


class Gathered(NamedTuple):
    """A request that waits for the end of the loop's look."""

    body: bytes
    deliver: Callable[[Answer | None], None]
    """Takes the answer, which still lacks the fields of every answer; None asks for its own run."""


class Gathering:
    """The requests of one worker that are gathered now."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._waiting: list[Gathered] = []
        self._bytes = 0

    def add(self, body: bytes, deliver: Callable[[Answer | None], None]) -> None:
        """Answer a request at the end of the loop's look at the latest."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.run)
        self._waiting.append(Gathered(body, deliver))
        self._bytes += len(body)
        if self._bytes > _MOST_BYTES:
            self.run()

    def run(self) -> None:
        """Answer what is gathered, all of it by one model."""
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        if not waiting:
            return
        for gathered, answer in zip(waiting, self._answers(waiting), strict=True):
            gathered.deliver(answer)

    def _answers(self, waiting: list[Gathered]) -> list[Answer | None]:
        try:
            return predict_together(self._follower.live(), [each.body for each in waiting])
        except RequestError:
            pass  # There is no model; each request is told so by itself.
        except Exception:  # noqa: BLE001  # each is asked by itself, the log has the traceback
            LOGGER.exception("requests that came together failed and are asked one by one")
        return [None] * len(waiting)
