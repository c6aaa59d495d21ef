"""Micro-batching: small requests that arrive together share one run of the graph.

Requests that arrive in one iteration of the event loop are a batch: for sixteen requests the graph
runs once instead of sixteen times. While requests come one at a time, none of them waits.
"""

import asyncio
from collections.abc import Callable, Sequence

from stage_contract import LOGGER

from serve.api.predictions.batching import BatchedRequest, Batcher
from serve.codecs.media_types import Answer
from serve.model.model_watcher import ModelWatcher
from serve.problems import RequestError

_MOST_BYTES = 256 * 1024
"""Largest batch. With a quarter of it trees are a twentieth slower: fewer rows are less alike once
they are sorted."""


type Deliver = Callable[[Answer | None], None]
"""Takes the answer, which still lacks the fields of every answer; None asks for its own run."""


class MicroBatcher:
    """Collects the requests of one worker."""

    def __init__(self, watcher: ModelWatcher) -> None:
        self._watcher = watcher
        self._waiting: dict[Batcher, list[tuple[BatchedRequest, Deliver]]] = {}
        self._bytes = 0
        self._in_this_iteration = 0
        self._is_batching = False
        """Whether the latest iteration with requests had several."""

    def add(self, asked: BatchedRequest, batcher: Batcher, deliver: Deliver) -> None:
        """Answer a request at the end of this iteration of the loop at the latest."""
        self._in_this_iteration += 1
        if self._in_this_iteration == 1:
            asyncio.get_running_loop().call_soon(self._end_iteration)
            if not self._is_batching:
                deliver(None)
                return
        self._waiting.setdefault(batcher, []).append((asked, deliver))
        self._bytes += len(asked.body)
        if self._bytes > _MOST_BYTES:
            self.run()

    async def answer(
        self, asked: BatchedRequest, batcher: Batcher, *, complete: Callable[[Answer], Answer]
    ) -> Answer | None:
        """Answer a request; None asks for its own run.

        `complete` adds to the answer what belongs to the model that was run.

        Raises:
            RequestError: `complete` refuses.
        """
        answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()

        def deliver(answer: Answer | None) -> None:
            if answered.cancelled():
                return
            try:
                answered.set_result(answer and complete(answer))
            except RequestError as error:
                answered.set_exception(error)

        self.add(asked, batcher, deliver)
        return await answered

    def run(self) -> None:
        """Answer the batch, all requests of one kind by one model."""
        kinds, self._waiting, self._bytes = self._waiting, {}, 0
        for batcher, waiting in kinds.items():
            answers = self._answers(batcher, [asked for asked, _ in waiting])
            for (_, deliver), answer in zip(waiting, answers, strict=True):
                deliver(answer)

    def _end_iteration(self) -> None:
        self._is_batching = self._in_this_iteration > 1
        self._in_this_iteration = 0
        self.run()

    def _answers(self, batcher: Batcher, asked: Sequence[BatchedRequest]) -> list[Answer | None]:
        try:
            return batcher(self._watcher.live(), asked)
        except RequestError:
            pass  # There is no model; each request is told so by itself.
        except Exception:  # noqa: BLE001  # each is answered by itself, the log has the traceback
            LOGGER.exception("a batch of requests failed; each one is answered by itself")
        return [None] * len(asked)
