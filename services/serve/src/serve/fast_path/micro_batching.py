"""Small requests that arrive together are answered together, with one run of the graph.

What the loop finds to read in one look is gathered until the look is over: for sixteen requests
the graph runs once instead of sixteen times. While they come one at a time none is held back.
"""

import asyncio
from collections.abc import Callable, Sequence

from stage_contract import LOGGER

from serve.api.batching import Asked, Together
from serve.codecs.media_types import Answer
from serve.model.model_watcher import Follower
from serve.problems import RequestError

_MOST_BYTES = 256 * 1024
"""With so much gathered the graph runs at once. With a quarter of it trees are a twentieth slower:
fewer rows are less alike once they are sorted."""


type Deliver = Callable[[Answer | None], None]
"""Takes the answer, which still lacks the fields of every answer; None asks for its own run."""


class Gathering:
    """The requests of one worker that are gathered now."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._waiting: dict[Together, list[tuple[Asked, Deliver]]] = {}
        self._bytes = 0
        self._in_this_look = 0
        self._come_together = False
        """Whether there were several in the latest look that had any."""

    def add(self, asked: Asked, together: Together, deliver: Deliver) -> None:
        """Answer a request at the end of the loop's look at the latest."""
        self._in_this_look += 1
        if self._in_this_look == 1:
            asyncio.get_running_loop().call_soon(self._end_look)
            if not self._come_together:
                deliver(None)
                return
        self._waiting.setdefault(together, []).append((asked, deliver))
        self._bytes += len(asked.body)
        if self._bytes > _MOST_BYTES:
            self.run()

    def run(self) -> None:
        """Answer what is gathered, all of one kind by one model."""
        kinds, self._waiting, self._bytes = self._waiting, {}, 0
        for together, waiting in kinds.items():
            answers = self._answers(together, [asked for asked, _ in waiting])
            for (_, deliver), answer in zip(waiting, answers, strict=True):
                deliver(answer)

    def _end_look(self) -> None:
        self._come_together = self._in_this_look > 1
        self._in_this_look = 0
        self.run()

    def _answers(self, together: Together, asked: Sequence[Asked]) -> list[Answer | None]:
        try:
            return together(self._follower.live(), asked)
        except RequestError:
            pass  # There is no model; each request is told so by itself.
        except Exception:  # noqa: BLE001  # each is asked by itself, the log has the traceback
            LOGGER.exception("requests that came together failed and are asked one by one")
        return [None] * len(asked)
