"""A client's connection: hot requests are answered as soon as they are whole, without a task.

uvicorn's protocol does the rest. Size and time of what a client sends are bounded here, where it
arrives, so that a slow or endless request costs a connection and no more.
"""

import asyncio
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from stage_contract import LOGGER
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serve import problems
from serve.bodies import DRAINED_BODIES, too_long
from serve.front import Front
from serve.load import SMALL_BODY_BYTES
from serve.media import Answer
from serve.problems import RequestError
from serve.requests import Request, begin_request
from serve.routes import find_route

if TYPE_CHECKING:
    from serve.turns import Turn

_LATE_SECONDS = 0.004
"""Once the loop is this far behind what has arrived, further requests wait for their turn."""
_GRACE_SECONDS = 0.5
"""What an idle client has to send its next request in before a server that ends hangs up."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE = (b"connection", b"close")


class Connection(HttpToolsProtocol):
    """One connection of a worker."""

    app: Front

    def __init__(self, *, was_handed_over: bool = False, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._was_handed_over = was_handed_over
        self._since = monotonic()
        """When the latest message began, or the latest answer went."""
        self._is_receiving = False
        self._is_draining = False
        self._keeps_alive = True
        self._chunk_bytes = self._message_bytes = 0
        self._hot: Request | None = None
        """A hot request that is not answered yet."""
        self._parts: list[bytes] = []
        self._body_bytes = 0
        self._turn: Turn | None = None
        self._upgraded_bytes = 0
        """What is still to come of a body after a request for another protocol."""
        self._discards = False
        """Whether the rest of a body whose request was refused is thrown away."""

    # What the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, unless another worker has fewer, or there are too many."""
        balance = self.app.balance
        if balance is not None and not self._was_handed_over:
            if balance.hand_over(transport.get_extra_info("socket")):
                transport.abort()
                return
            balance.add(1)
        super().connection_made(transport)
        most = self.app.settings.max_connections
        if len(self.connections) > most:
            self._refuse(_too_many_connections(most))

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        self._unset_keepalive_if_required()
        self._chunk_bytes = len(data)
        try:
            if self._upgraded_bytes:
                self._take_upgraded(data)
            else:
                self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._hang_up_after_answer()
            self._take_upgraded(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(_what_is_wrong(error))
        else:
            self._message_bytes += self._chunk_bytes
            self._check_bytes()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what the client will not read."""
        if self.transport is None:
            return  # Another worker has it.
        if self.app.balance is not None:
            self.app.balance.add(-1)
        if self._turn is not None:
            self.app.turns.take(self._turn, drop=True)
        self._let_go()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Answer what is under way, then hang up; give an idle client a moment to ask once more."""
        self._is_draining = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        elif not self._is_busy():
            self.loop.call_later(_GRACE_SECONDS, self._hang_up_if_idle)

    # What the parser calls

    def on_message_begin(self) -> None:
        """Begin a request; if the one before still waits for its turn, it comes now."""
        if self._turn is not None:
            self.app.turns.take(self._turn)
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._is_receiving = True
        self._message_bytes = 0
        self._since = monotonic()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field; one that comes after the body is none of ours."""
        if self._hot is None and not self._discards:
            name = name.lower()
            if name == b"expect":
                self.expect_100_continue = value.lower() == b"100-continue"
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to answer, or to take in a body."""
        self._check_head()
        if self._begins_hot():
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # It makes the scope, which hot requests do without.
        self.headers += headers
        self.url, self.expect_100_continue = url, expects
        super().on_headers_complete()
        if self._is_draining:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body in."""
        if self._discards:
            return
        if self._hot is None:
            super().on_body(body)
            return
        self._parts.append(body)
        self._body_bytes += len(body)
        self.app.load.held_bytes += len(body)
        if self._body_bytes > self.app.settings.max_body_bytes:
            self._refuse_hot(too_long(self.app.settings.max_body_bytes))
        elif len(self._parts) > 1:
            self._check_space()

    def on_message_complete(self) -> None:
        """Answer a hot request at once if that is soon done, else when it is its turn."""
        if self._upgraded_bytes:
            return
        self._is_receiving = False
        if self._discards:
            self._discards = False
            if not self._keeps_alive:
                self.transport.close()
        elif self._hot is None:
            super().on_message_complete()
        elif self._body_bytes <= SMALL_BODY_BYTES and self._is_in_time():
            self._answer_hot()
        else:
            self._wait_for_turn()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._since = monotonic()
        super().on_response_complete()

    # Hot requests

    def _begins_hot(self) -> bool:
        if self._is_busy() or self.parser.get_method() != b"POST":
            return False
        path = self.url.partition(b"?")[0].decode("latin-1")
        if "%" in path:
            path = unquote(path)
        route = find_route(path)
        if route is None:
            return False
        request = begin_request("POST", path, headers=dict(self.headers), route=route)
        self._keeps_alive = self.parser.should_keep_alive()
        self._hot = request
        if self.parser.should_upgrade():
            self._keeps_alive = False
            self._upgraded_bytes = int(request.headers.get(b"content-length", b"0"))
        self.app.load.requests += 1
        refusal = self.app.refuse(request)
        if refusal is not None:
            self._send_early(refusal)
        elif self.expect_100_continue:
            self.transport.write(_CONTINUE)
        return True

    def _take_upgraded(self, data: bytes) -> None:
        """Take a body in that the parser leaves alone.

        Java's client asks for HTTP/2 with its first request, and sends the body in HTTP/1.1 all
        the same; the parser takes what follows for the other protocol.
        """
        body = data[: self._upgraded_bytes]
        self._upgraded_bytes -= len(body)
        if body:
            self.on_body(body)
            if not self._upgraded_bytes:
                self.on_message_complete()

    def _is_busy(self) -> bool:
        """Whether an answer is due, so that another would overtake it."""
        return self._hot is not None or not (self.cycle is None or self.cycle.response_complete)

    def _is_in_time(self) -> bool:
        """Whether the loop has only just heard of what has arrived."""
        # The loop's time is that of its latest look for what has arrived.
        return monotonic() - self.loop.time() < _LATE_SECONDS

    def _wait_for_turn(self) -> None:
        load = self.app.load
        try:
            load.check_wait()
        except RequestError as error:
            self._refuse_hot(error)
        else:
            self._turn = self.app.turns.add(self._answer_hot, size=self._body_bytes)

    def _answer_hot(self) -> None:
        request, parts, self._turn = self._hot, self._parts, None
        if request is None:
            return
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        answer = self.app.answer(request, body)
        self._let_go()
        self._send(answer)

    def _check_space(self) -> None:
        try:
            self.app.load.check_space()
        except RequestError as error:
            self._refuse_hot(error)

    def _refuse_hot(self, error: RequestError) -> None:
        if self._hot is not None:
            self._send_early(self.app.fail(self._hot, error))

    def _send_early(self, answer: Answer) -> None:
        """Answer before the body is there; what comes of it is thrown away."""
        if self.expect_100_continue:
            self._keeps_alive = False  # Whether the body still comes is the client's choice.
        self._let_go()
        self._discards = self._is_receiving
        self._send(answer)

    def _let_go(self) -> None:
        """Forget the hot request and its body."""
        if self._hot is not None:
            self._hot = None
            self.app.load.requests -= 1
            self.app.load.held_bytes -= self._body_bytes
            self._parts, self._body_bytes = [], 0

    def _send(self, answer: Answer) -> None:
        status, fields, body = answer
        self._keeps_alive = self._keeps_alive and not self._is_draining
        if not self._keeps_alive:
            fields.append(_CLOSE)
        head = [b"%b: %b\r\n" % field for field in (*fields, *self.server_state.default_headers)]
        self.transport.write(b"".join([STATUS_LINE[status], *head, b"\r\n", body]))
        self._since = monotonic()
        if not (self._keeps_alive or self._discards):
            self.transport.close()

    # Limits

    def _check_head(self) -> None:
        most, fields = self.app.settings.max_header_bytes, self.app.settings.max_headers
        if len(self.headers) > fields:
            raise _head_too_large(f"more than {fields} header fields")
        if self._message_bytes + self._chunk_bytes > most:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > most:
                raise _head_too_large(f"header fields of more than {most:,} bytes")

    def _check_bytes(self) -> None:
        """Refuse a message that goes on for too long."""
        if not self._is_receiving:
            return
        most = self.app.settings.max_header_bytes
        if self._hot is None and not self._discards and not self._is_busy():
            if self._message_bytes > most:
                self._refuse(_head_too_large(f"header fields of more than {most:,} bytes"))
        elif self._message_bytes > most + DRAINED_BODIES * self.app.settings.max_body_bytes:
            self.transport.close()

    def expire(self, now: float) -> None:
        """Hang up on a client that takes too long; called about once a second."""
        seconds = now - self._since
        if self._is_receiving and seconds > self.app.settings.request_seconds:
            self._refuse(_too_slow(self.app.settings.request_seconds))
        elif self.transport.get_write_buffer_size():
            if seconds > self.app.settings.request_seconds:
                self.transport.abort()
        elif not self._is_busy() and seconds > self.app.settings.keep_alive_seconds:
            self.transport.close()

    def _refuse(self, error: RequestError) -> None:
        """Answer with what is wrong, if no other answer is due, and hang up."""
        if self.transport.is_closing():
            return
        if self._turn is not None:
            self.app.turns.take(self._turn)
        self._is_receiving = self._keeps_alive = False
        if self._hot is not None:
            self._refuse_hot(error)
        elif self._discards or self._is_busy():
            self.transport.close()
        else:
            self._send(self.app.fail(begin_request("", "", headers={}), error))

    def _hang_up_after_answer(self) -> None:
        """Take no more requests: the client wants to speak another protocol, which none does."""
        self._is_draining = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        elif not self._is_busy():
            self.transport.close()

    def _hang_up_if_idle(self) -> None:
        if not (self._is_busy() or self._is_receiving or self.transport.is_closing()):
            self.transport.close()


def _what_is_wrong(error: httptools.HttpParserError) -> RequestError:
    cause = error.__context__
    if isinstance(cause, RequestError):
        return cause
    if cause is not None:
        LOGGER.error("a request could not be taken in", exc_info=cause)
        return problems.bug()
    detail = f"this is not HTTP/1.1: {error}"
    return RequestError(HTTPStatus.BAD_REQUEST, detail, limit="malformed")


def _head_too_large(what: str) -> RequestError:
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return RequestError(status, what, limit="header")


def _too_many_connections(most: int) -> RequestError:
    return RequestError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"more than {most:,} connections are open; ask again in a moment",
        headers=[(b"retry-after", b"1")],
        limit="connections",
    )


def _too_slow(seconds: float) -> RequestError:
    detail = f"the request did not come whole within {seconds:g} s"
    return RequestError(HTTPStatus.REQUEST_TIMEOUT, detail, limit="time")
