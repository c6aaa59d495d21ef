"""Micro-batching: small requests that arrive together share one run of the graph.

Requests that arrive in the same iteration of the event loop form a batch: sixteen requests need one
run of the graph instead of sixteen. While requests arrive one at a time, none of them waits. A
batch waits for one more iteration, in which the clients of the previous batch send their next
requests. With 16 clients without the fast path, a run then serves 11 requests on average instead of
6, which saves 10 % of the CPU time.
"""

import asyncio
from collections.abc import Callable, Sequence

from stage_contract import LOGGER

from serve.api.predictions.batching import BatchedRequest, Batcher
from serve.codecs.media_types import RawResponse
from serve.model.model_watcher import ModelWatcher
from serve.problems import RequestError

_MAX_BYTES = 256 * 1024
"""Maximum size of a batch: with more bytes of bodies, it runs at once.

With a quarter of this limit, trees are 5 % slower, because neighbouring rows of a smaller sorted
batch differ more."""


type Deliver = Callable[[RawResponse | None], None]
"""Receives the response, without the common header fields; None if the request must be handled
alone."""


class MicroBatcher:
    """Collects the requests of one worker."""

    def __init__(self, watcher: ModelWatcher) -> None:
        self._watcher = watcher
        self._waiting: dict[Batcher, list[tuple[BatchedRequest, Deliver]]] = {}
        self._bytes = 0
        self._collected = 0
        """Number of requests since the latest batch."""
        self._is_batching = False
        """Whether several requests arrived in the latest iteration."""

    def add(self, request: BatchedRequest, batcher: Batcher, deliver: Deliver) -> None:
        """Answer a request at the end of the next iteration of the event loop at the latest."""
        self._collected += 1
        if self._collected == 1:
            asyncio.get_running_loop().call_soon(self._end_iteration)
            if not self._is_batching:
                deliver(None)
                return
        self._waiting.setdefault(batcher, []).append((request, deliver))
        self._bytes += len(request.body)
        if self._bytes > _MAX_BYTES:
            self.run()

    async def answer(
        self,
        request: BatchedRequest,
        batcher: Batcher,
        *,
        complete: Callable[[RawResponse], RawResponse],
    ) -> RawResponse | None:
        """Answer a request; None if it must be handled alone.

        `complete` adds the header fields of the model that was run.

        Raises:
            RequestError: `complete` refuses the response.
        """
        answered: asyncio.Future[RawResponse | None] = asyncio.get_running_loop().create_future()

        def deliver(response: RawResponse | None) -> None:
            if answered.cancelled():
                return
            try:
                answered.set_result(response and complete(response))
            except RequestError as error:
                answered.set_exception(error)

        self.add(request, batcher, deliver)
        return await answered

    def run(self) -> None:
        """Run the waiting requests, as one batch for each kind of request."""
        batches, self._waiting, self._bytes = self._waiting, {}, 0
        for batcher, waiting in batches.items():
            responses = self._responses(batcher, [request for request, _ in waiting])
            for (_, deliver), response in zip(waiting, responses, strict=True):
                deliver(response)

    def _end_iteration(self) -> None:
        if self._collected > 1:
            asyncio.get_running_loop().call_soon(self._end_batch)
        else:
            self._end_batch()

    def _end_batch(self) -> None:
        self._is_batching = self._collected > 1
        self._collected = 0
        self.run()

    def _responses(
        self, batcher: Batcher, requests: Sequence[BatchedRequest]
    ) -> list[RawResponse | None]:
        try:
            return batcher(self._watcher.live(), requests)
        except RequestError:
            pass  # No model is live; each request gets that error when handled alone.
        except Exception:  # noqa: BLE001  # the log has the traceback
            LOGGER.exception("a batch of requests failed; each request is handled alone")
        return [None] * len(requests)
