"""A client's connection: answers predictions as soon as the request is complete.

No task and no ASGI scope are created for them; the application handles all other requests.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from serve.api.predictions.batching import BatchedRequest
from serve.api.predictions.routes import find_route
from serve.api.request_bodies import too_long
from serve.api.requests import Request, begin_request
from serve.codecs.media_types import RawResponse
from serve.problems import RequestError
from serve.runtime.admission_control import SMALL_BODY_BYTES
from serve.workers.bounded_connections import BoundedConnection

if TYPE_CHECKING:
    from serve.runtime.request_queue import QueuedRequest

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(BoundedConnection):
    """One connection of a worker."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._request: Request | None = None
        """The current prediction request, until it is answered."""
        self._start = b""
        self._rest = bytearray()
        """The parts of a body after the first one, joined, because separate objects take more
        memory."""
        self._body_bytes = 0
        self._queued: QueuedRequest | None = None
        self._is_batched = False
        """Whether the request is part of a batch."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Release the data that the client will not read."""
        if self._queued is not None:
            self.service.request_queue.take(self._queued, drop=True)
        self._let_go()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a request; if the previous one is still queued, answer it now."""
        self.finish()
        super().on_message_begin()

    def take_fast(self, body: bytes) -> bool:
        """Handle a part of a prediction's body; return whether it belongs to one."""
        if self.discards:
            return True
        if self._request is None:
            return False
        if self._body_bytes:
            self._rest += body
        else:
            self._start = body
        self._body_bytes += len(body)
        self.service.admission.held_bytes += len(body)
        if self._body_bytes > self.service.settings.max_body_bytes:
            self.refuse_current(too_long(self.service.settings.max_body_bytes))
        elif self._body_bytes > SMALL_BODY_BYTES:
            self._check_space()
        return True

    def on_message_complete(self) -> None:
        """Answer a quick prediction request at once; queue another one."""
        if self.parser.should_upgrade() or not (self.discards or self._request):
            super().on_message_complete()
            return
        self.is_receiving, self.slice_bytes = False, 0
        if self.discards:
            self.discards = False
            if not self.keeps_alive:
                self.transport.close()
        elif self._request and self._request.is_quick(self._body_bytes):
            self._answer_soon(self._request)
        elif self._request:
            self._enqueue(self._request)

    def begin_fast(self) -> bool:
        """Begin a prediction request; return whether the fast path handles it."""
        if self.is_busy() or self.parser.get_method() != b"POST":
            return False
        target, _, query = self.url.partition(b"?")
        path = target.decode("latin-1")
        if "%" in path:
            path = unquote(path)
        route = find_route(path, query)
        if route is None:
            return False
        request = begin_request("POST", path, headers=dict(self.headers), route=route)
        self.keeps_alive = self.parser.should_keep_alive()
        if b"connection" in request.headers and self.parser.get_http_version() == "1.0":
            self.keeps_alive = False  # As in uvicorn: else the response would have to say so.
        self._request = request
        self.service.admission.requests += 1
        try:
            self.service.check_access(request)
            self.service.check_prediction(request)
        except RequestError as error:
            self._send_early(self.service.fail(request, error))
        else:
            if self.expect_100_continue:
                self.transport.write(_CONTINUE)
        return True

    def is_busy(self) -> bool:
        """Whether a response is pending, so that another one would overtake it."""
        return self._request is not None or super().is_busy()

    def finish(self) -> None:
        """Answer a queued request."""
        if self._queued is not None:
            self.service.request_queue.take(self._queued)
        elif self._is_batched:
            self.service.micro_batcher.run()

    def refuse_current(self, error: RequestError) -> bool:
        """Refuse the current prediction request; return whether there is one."""
        if self._request is None:
            return super().refuse_current(error)
        self._send_early(self.service.fail(self._request, error))
        return True

    def _enqueue(self, request: Request) -> None:
        """Queue a request; the first one of a kind is measured at once."""
        request_queue, kind, size = self.service.request_queue, request.kind, self._body_bytes
        if not self.service.is_measured(kind):
            request_queue.measure(self._answer_now, kind=kind, size=size)
            return
        try:
            self.service.admission.check_wait()
        except RequestError as error:
            self.refuse_current(error)
        else:
            self._queued = request_queue.add(self._answer_now, kind=kind, size=size)

    def _answer_soon(self, request: Request) -> None:
        batcher = self.service.find_batcher(request)
        if batcher is None:
            self._answer_now()
            return

        def deliver(response: RawResponse | None) -> None:
            if self._request is not request:
                return  # The client has disconnected.
            if response is None:
                self._answer_now()
                return
            self._let_go()
            self.send(self.service.complete_prediction(request, response, body_bytes=0))

        self._is_batched = True
        batched = BatchedRequest(request.path, request.headers, self._body())
        self.service.micro_batcher.add(batched, batcher, deliver)

    def _answer_now(self) -> None:
        request, self._queued = self._request, None
        if request is None:
            return
        response = self.service.answer(request, self._body())
        self._let_go()
        self.send(response)

    def _body(self) -> bytes:
        return self._start + self._rest if self._rest else self._start

    def _check_space(self) -> None:
        try:
            self.service.admission.check_space()
        except RequestError as error:
            self.refuse_current(error)

    def _send_early(self, response: RawResponse) -> None:
        """Respond before the body is complete; the rest of the body is discarded."""
        if self.expect_100_continue:
            self.keeps_alive = False  # The client decides whether it still sends the body.
        self._let_go()
        self.discards = self.is_receiving
        self.send(response)

    def _let_go(self) -> None:
        """Drop the request and its body."""
        if self._request is not None:
            self._request = None
            self.service.admission.requests -= 1
            self.service.admission.held_bytes -= self._body_bytes
            self._start, self._body_bytes, self._is_batched = b"", 0, False
            if self._rest:
                self._rest = bytearray()
