"""A client's connection: predictions are answered as soon as the request is complete.

uvicorn's protocol does the rest.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools

from serve.api.batching import BatchedRequest
from serve.api.prediction_routes import find_route
from serve.api.request_bodies import too_long
from serve.api.requests import Request, begin_request
from serve.codecs.media_types import Answer
from serve.fast_path.bounded_connections import BoundedConnection
from serve.fast_path.connection_errors import wrong_target
from serve.problems import RequestError
from serve.runtime.admission_control import SMALL_BODY_BYTES

if TYPE_CHECKING:
    from serve.runtime.request_queue import QueuedRequest

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(BoundedConnection):
    """One connection of a worker."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._hot: Request | None = None
        """A prediction request that is not answered yet."""
        self._start = b""
        self._rest = bytearray()
        """Of a body what follows its first part: as one, since a part takes more than its bytes."""
        self._body_bytes = 0
        self._queued: QueuedRequest | None = None
        self._is_batched = False
        """Whether the request is part of a batch."""

    def parse(self, data: bytes | memoryview) -> None:
        """Have the parser call `on_…`, of a request for another protocol as of any."""
        rest = self._parse_until_upgrade(data)
        while rest is not None:
            head = self._head_without_upgrade()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
            super().parse(head)
            rest = self._parse_until_upgrade(rest)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what the client will not read."""
        if self._queued is not None:
            self.app.request_queue.take(self._queued, drop=True)
        self._let_go()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a request; if the one before is still queued, answer it now."""
        self.finish()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field; one that comes after the body is none of ours."""
        if self._hot is None and not self.discards:
            name = name.lower()
            if name == b"expect":
                self.expect_100_continue = value.lower() == b"100-continue"
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to answer, or to take in a body."""
        self.check_head()
        self.check_host()
        self.check_greed()
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise wrong_target(self.url)
            return  # `parse` begins it anew.
        if not self._begins_hot():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body in."""
        if self.discards:
            return
        if self._hot is None:
            super().on_body(body)
            return
        if self._body_bytes:
            self._rest += body
        else:
            self._start = body
        self._body_bytes += len(body)
        self.app.admission.held_bytes += len(body)
        if self._body_bytes > self.app.settings.max_body_bytes:
            self.refuse_current(too_long(self.app.settings.max_body_bytes))
        elif self._body_bytes > SMALL_BODY_BYTES:
            self._check_space()

    def on_message_complete(self) -> None:
        """Answer a small prediction request at once, and queue a large one."""
        if self.parser.should_upgrade():
            return
        self.is_receiving, self.chunk_bytes = False, 0
        if self.discards:
            self.discards = False
            if not self.keeps_alive:
                self.transport.close()
        elif self._hot is None:
            super().on_message_complete()
        elif self._body_bytes <= SMALL_BODY_BYTES:
            self._answer_soon(self._hot)
        else:
            self._enqueue(self._hot)

    def _begins_hot(self) -> bool:
        if self.is_busy() or self.parser.get_method() != b"POST":
            return False
        path = self.url.partition(b"?")[0].decode("latin-1")
        if "%" in path:
            path = unquote(path)
        route = find_route(path)
        if route is None:
            return False
        request = begin_request("POST", path, headers=dict(self.headers), route=route)
        self.keeps_alive = self.parser.should_keep_alive()
        if b"connection" in request.headers and self.parser.get_http_version() == "1.0":
            self.keeps_alive = False  # As uvicorn does: it would have to be told otherwise.
        self._hot = request
        self.app.admission.requests += 1
        refusal = self.app.refuse(request)
        if refusal is not None:
            self._send_early(refusal)
        elif self.expect_100_continue:
            self.transport.write(_CONTINUE)
        return True

    def _parse_until_upgrade(self, data: bytes | memoryview) -> memoryview | None:
        """Return what follows a head that asks for another protocol; None if there is no such."""
        try:
            super().parse(data)
        except httptools.HttpParserUpgrade as upgrade:
            return memoryview(data)[upgrade.args[0] :]
        return None

    def _head_without_upgrade(self) -> bytes:
        """Return the head as of a client that does not ask for another protocol.

        Java's client asks for HTTP/2 with its first request, and sends the body in HTTP/1.1 all
        the same; the parser would take what follows for the other protocol.
        """
        version = self.parser.get_http_version().encode()
        line = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)
        fields = [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        return b"".join([line, *fields, b"\r\n"])

    def is_busy(self) -> bool:
        """Whether an answer is due, so that another would overtake it."""
        return self._hot is not None or super().is_busy()

    def finish(self) -> None:
        """Answer a queued request."""
        if self._queued is not None:
            self.app.request_queue.take(self._queued)
        elif self._is_batched:
            self.app.micro_batcher.run()

    def refuse_current(self, error: RequestError) -> bool:
        """Refuse the hot request that arrives; return whether there is one."""
        if self._hot is None:
            return super().refuse_current(error)
        self._send_early(self.app.fail(self._hot, error))
        return True

    def _enqueue(self, request: Request) -> None:
        """Queue a request; the first of a kind is measured at once."""
        request_queue, kind, size = self.app.request_queue, request.kind, self._body_bytes
        if not self.app.is_measured(kind):
            request_queue.measure(self._answer_hot, kind=kind, size=size)
            return
        try:
            self.app.admission.check_wait()
        except RequestError as error:
            self.refuse_current(error)
        else:
            self._queued = request_queue.add(self._answer_hot, kind=kind, size=size)

    def _answer_soon(self, request: Request) -> None:
        batcher = request.route.find_batcher(request.headers)
        if batcher is None:
            self._answer_hot()
            return

        def deliver(answer: Answer | None) -> None:
            if self._hot is not request:
                return  # The client has gone.
            if answer is None:
                self._answer_hot()
                return
            self._let_go()
            self.send(self.app.complete_prediction(request, answer, body_bytes=0))

        self._is_batched = True
        asked = BatchedRequest(request.path, request.headers, self._body())
        self.app.micro_batcher.add(asked, batcher, deliver)

    def _answer_hot(self) -> None:
        request, self._queued = self._hot, None
        if request is None:
            return
        answer = self.app.answer(request, self._body())
        self._let_go()
        self.send(answer)

    def _body(self) -> bytes:
        return self._start + self._rest if self._rest else self._start

    def _check_space(self) -> None:
        try:
            self.app.admission.check_space()
        except RequestError as error:
            self.refuse_current(error)

    def _send_early(self, answer: Answer) -> None:
        """Answer before the body is there; what comes of it is thrown away."""
        if self.expect_100_continue:
            self.keeps_alive = False  # Whether the body still comes is the client's choice.
        self._let_go()
        self.discards = self.is_receiving
        self.send(answer)

    def _let_go(self) -> None:
        """Forget the request and its body."""
        if self._hot is not None:
            self._hot = None
            self.app.admission.requests -= 1
            self.app.admission.held_bytes -= self._body_bytes
            self._start, self._body_bytes, self._is_batched = b"", 0, False
            if self._rest:
                self._rest = bytearray()
