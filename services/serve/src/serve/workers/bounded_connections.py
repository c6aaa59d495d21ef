"""Limits of a connection: the size of a request, and the time that a client takes.

Both are enforced where bytes arrive, so that a slow or endless request costs only its connection.
`serve.fast_path` extends BoundedConnection: it answers predictions without the ASGI framework.
"""

import asyncio
import re
from time import monotonic
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serve.api.request_bodies import DRAINED_BODIES
from serve.api.requests import begin_request
from serve.api.service import Service
from serve.codecs.media_types import RawResponse
from serve.problems import RequestError
from serve.workers.connection_errors import (
    ending,
    head_too_large,
    too_many_chunks,
    too_many_connections,
    too_slow,
    what_is_wrong,
    wrong_target,
)
from serve.workers.flow_control import ReadFlow
from serve.workers.head_checks import check_fields, check_target

_GRACE_SECONDS = 0.5
"""Seconds before the connection of an idle client is closed by a stopping server, or any surplus
connection."""
_REST_SECONDS = 2.0
"""Seconds for the rest of a request while the server is stopping; Docker kills after ten seconds.
"""
_MAX_CHUNKS = 100_000
"""Maximum number of chunks of a body; clients send some thousand for 8 MiB."""
_BYTES_A_CHUNK = 12
"""Bytes around a chunk's content: eight digits of length, and two line ends."""
_CLOSE = (b"connection", b"close")
_BYTES_A_REQUEST = 4096
"""Memory of a request that waits behind another on its connection, without its body."""
_HEALTH_CHECK = re.compile(rb"(GET|HEAD) /(live|ready|ping|health|v2/health/(live|ready))[ ?]")
"""The start of a health check, which a full worker answers: else it would be restarted."""
_SLICE_BYTES = 16 << 10
"""Bytes to parse at a time: one read of up to 256 KiB may hold thousands of requests."""
_SLICE_SECONDS = 0.002
"""Time to parse one connection before others continue; a body of 256 KiB takes less."""


class BoundedConnection(HttpToolsProtocol):
    """One connection of a worker."""

    def __init__(self, *, was_handed_over: bool = False, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.service: Service = self.app.service
        self._was_handed_over = was_handed_over
        self._is_surplus = False
        """Whether the worker has too many connections for this one."""
        self._since = monotonic()
        """Start time of the latest message, or of the latest response."""
        self.slice_bytes = 0
        """Bytes of the current slice; 0 once a message has ended in it, because the rest belongs to
        the next."""
        self._message_bytes = 0
        self._accounted_bytes = 0
        """Bytes of head, body and chunks without extensions, or more: the slice that ends the head
        counts in full."""
        self._is_head = True
        """Whether the head of the message is incomplete."""
        self._trailers = self._trailer_bytes = 0
        self._follows = False
        """Whether the message began in the slice that ended the previous one; the bytes of this
        slice are not counted."""
        self._chunks = 0
        """Number of chunks of the current body."""
        self._is_stopping = False
        self.is_receiving = False
        self.keeps_alive = True
        self.discards = False
        """Whether the rest of a refused request's body is discarded."""
        self._unsent_bytes = 0
        """Sizes of responses that are not sent yet; each is counted in full until the buffer has
        drained."""
        self._bytes_behind = 0
        """Sizes of bodies of requests that wait behind another one."""
        self._held_bytes = 0
        """Bytes counted by admission control for this connection, without the current body."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio says BaseTransport
        """Accept a connection, unless another worker has fewer, or there are too many."""
        balance = self.service.balance
        if balance is not None and not self._was_handed_over:
            if balance.hand_over(transport.get_extra_info("socket")):
                transport.abort()
                return
            balance.add(1)
        super().connection_made(transport)
        self.flow: ReadFlow = ReadFlow(transport)
        if len(self.connections) > self.service.settings.max_connections:
            # Most clients read no response before they have sent a request.
            self._is_surplus = True
            self.loop.call_later(_GRACE_SECONDS, transport.close)

    def data_received(self, data: bytes) -> None:
        """Handle received bytes."""
        if self._is_surplus and not (self.cycle is None and _HEALTH_CHECK.match(data)):
            self.refuse(too_many_connections(self.service.settings.max_connections))
            return
        self._unset_keepalive_if_required()
        if self.flow.unparsed:
            self.flow.unparsed = b"".join([self.flow.unparsed, data])
        elif len(data) <= _SLICE_BYTES:
            self._take(data)
        else:
            self._take_slices(memoryview(data))

    def _take_slices(self, data: memoryview) -> None:
        """Parse received bytes in slices; after a while, let other connections continue."""
        end = monotonic() + _SLICE_SECONDS
        while data and self._take(data[:_SLICE_BYTES]):
            data = data[_SLICE_BYTES:]
            if data and monotonic() > end:
                self.flow.postpone(data)
                self.loop.call_soon(self._take_rest)
                return

    def _take_rest(self) -> None:
        if self.pipeline:
            return  # Once the requests before it are answered, `on_response_complete` goes on.
        data, self.flow.unparsed = memoryview(self.flow.unparsed), b""
        if self.transport.is_closing():
            return
        self._take_slices(data)
        self.flow.read_on()

    def _take(self, data: bytes | memoryview) -> bool:
        """Parse a part of the received bytes; return whether the connection stays open."""
        self.slice_bytes = len(data)
        try:
            self.parse(data)
        except httptools.HttpParserError as error:
            self.refuse(what_is_wrong(error))
            return False
        self._message_bytes += self.slice_bytes
        self._check_bytes()
        return not self.transport.is_closing()

    def parse(self, data: bytes | memoryview) -> None:
        """Run the parser, which calls the `on_…` methods; upgrade requests count as HTTP/1.1."""
        rest = self._parse_until_upgrade(data)
        while rest is not None:
            head = self._head_without_upgrade()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as in uvicorn
            self.parser.feed_data(head)
            rest = self._parse_until_upgrade(rest)

    def _parse_until_upgrade(self, data: bytes | memoryview) -> memoryview | None:
        """Return the bytes after a head that requests an upgrade; None if there is none."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return memoryview(data)[upgrade.args[0] :]
        return None

    def _head_without_upgrade(self) -> bytes:
        """Return the head without its request for an upgrade.

        Java's client requests HTTP/2 in its first request, but sends the body in HTTP/1.1; the
        parser would treat the rest as the other protocol.
        """
        version = self.parser.get_http_version().encode()
        line = b"%b %b HTTP/%b\r\n" % (self.parser.get_method(), self.url, version)
        fields = [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        return b"".join([line, *fields, b"\r\n"])

    def connection_lost(self, exc: Exception | None) -> None:
        """Uncount a closed connection."""
        if self.transport is None:
            return  # Another worker has it: see `connection_made`.
        if self.service.balance is not None:
            self.service.balance.add(-1)
        self._hold(0)
        # Waiting requests refer to this connection: a reference cycle that would be freed much
        # later.
        self.pipeline.clear()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Stop reading from a client that does not read its responses."""
        super().pause_writing()
        self.flow.pause_reading()
        self.weigh()

    def resume_writing(self) -> None:
        """Resume reading, unless requests wait for others on the same connection."""
        super().resume_writing()
        self.weigh()
        if not self.pipeline:
            self.flow.resume_reading()

    def weigh(self) -> None:
        """Count the memory of this connection: unread responses, and requests behind others."""
        if self.flow.write_paused:
            unsent = max(self._unsent_bytes, self.transport.get_write_buffer_size())
        else:
            unsent = self._unsent_bytes = 0
        if not self.pipeline:
            self._bytes_behind = 0
        self._hold(unsent + self._bytes_behind + len(self.pipeline) * _BYTES_A_REQUEST)

    def _hold(self, size: int) -> None:
        self.service.admission.held_bytes += size - self._held_bytes
        self._held_bytes = size

    def check_greed(self) -> None:
        """If memory is short, close a connection with unread responses or waiting requests.

        Raises:
            RequestError: The connection was closed; further bytes are discarded.
        """
        if self._held_bytes and self.service.admission.is_full:
            self.transport.abort()
            raise too_slow(self.service.settings.request_seconds)  # It only stops the parser.

    def shutdown(self) -> None:
        """Finish the current requests, then close; an idle client gets time for one more."""
        self._is_stopping = True
        self.loop.call_later(_REST_SECONDS, self._refuse_if_receiving)
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False
        elif not self.is_busy():
            self.loop.call_later(_GRACE_SECONDS, self._hang_up_if_idle)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self.is_receiving = True
        self._is_head = True
        self._message_bytes = self._accounted_bytes = self._chunks = 0
        self._trailers = self._trailer_bytes = 0
        self._follows = not self.slice_bytes
        self._since = monotonic()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Handle a header field; a trailer field after the body is ignored (RFC 9110, 6.5.1)."""
        if not self._is_head:
            self._check_trailer(len(name) + len(value))
            return
        name = name.lower()
        if name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin to respond, or to receive a body."""
        self._is_head = False
        self._accounted_bytes = self._message_bytes + self.slice_bytes
        self._check_head()
        version = self.parser.get_http_version()
        check_fields(self.headers, version=version)
        # A client of HTTP/1.0 would take the interim response for the response (RFC 9110, 10.1.1).
        self.expect_100_continue = self.expect_100_continue and version == "1.1"
        self.check_greed()
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise wrong_target(self.url)
            return  # `parse` starts it again.
        if not self.begin_fast():
            self._begin()

    def begin_fast(self) -> bool:
        """Begin a request on the fast path; return whether it handles the request."""
        return False

    def take_fast(self, body: bytes) -> bool:  # noqa: ARG002  # for what is built on it
        """Pass a part of a body to the fast path; return whether it handles the request."""
        return False

    def _begin(self) -> None:
        """Call the application with the request's head."""
        check_target(self.url)
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # It creates the scope.
        self.headers += headers
        self.url, self.expect_100_continue = url, expects
        super().on_headers_complete()
        if self._is_stopping or self._is_surplus:
            self.cycle.keep_alive = False
        if self.pipeline:
            self.weigh()

    def on_body(self, body: bytes) -> None:
        """Handle a part of a body."""
        self._accounted_bytes += len(body)
        if self.take_fast(body):
            return
        if self.pipeline:
            self._bytes_behind += len(body)
            self.weigh()
            self.check_greed()
        super().on_body(body)

    def on_chunk_header(self) -> None:
        """Refuse a body of too many chunks, each of which takes time.

        Raises:
            RequestError: There are too many.
        """
        self._chunks += 1
        self._accounted_bytes += _BYTES_A_CHUNK
        if self._chunks > _MAX_CHUNKS:
            raise too_many_chunks(_MAX_CHUNKS)

    def on_message_complete(self) -> None:
        """Handle the end of a request."""
        if self.parser.should_upgrade():
            return
        self.is_receiving, self.slice_bytes = False, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Continue with the next request."""
        self._since = monotonic()
        super().on_response_complete()
        self.weigh()
        if self.flow.unparsed and not self.pipeline:
            self.loop.call_soon(self._take_rest)
        if self.flow.write_paused:
            self.flow.pause_reading()

    def is_busy(self) -> bool:
        """Whether a response is pending, so that another one would overtake it."""
        return not (self.cycle is None or self.cycle.response_complete)

    def finish(self) -> None:
        """Respond to complete requests that wait on the fast path; here none do."""

    def refuse_current(self, error: RequestError) -> bool:
        """Refuse the current request; return whether nothing else can be sent."""
        cycle = self.cycle
        if self.pipeline or cycle is None or cycle.response_started or not cycle.more_body:
            return self.transport.is_closing()
        cycle.disconnected = True  # The application's response would be too late.
        cycle.message_event.set()
        self.send(self.service.fail(begin_request("", "", headers={}), error))
        return True

    def send(self, response: RawResponse) -> None:
        """Send a response; with `Connection: close` if it is the last one."""
        status, fields, body = response
        self.keeps_alive = self.keeps_alive and not self._is_stopping
        if not self.keeps_alive:
            fields.append(_CLOSE)
        head = [b"%b: %b\r\n" % field for field in (*fields, *self.server_state.default_headers)]
        message = b"".join([STATUS_LINE[status], *head, b"\r\n", body])
        self.transport.write(message)
        if self.flow.write_paused:
            self._unsent_bytes += len(message)
            self.weigh()
        self._since = monotonic()
        if not (self.keeps_alive or self.discards):
            self.transport.close()

    def _check_head(self) -> None:
        """Refuse header fields that are too many or too long.

        Raises:
            RequestError: They are.
        """
        most, fields = self.service.settings.max_header_bytes, self.service.settings.max_headers
        if len(self.headers) > fields:
            raise head_too_large(f"more than {fields} header fields")
        if self._follows or self._message_bytes + self.slice_bytes > most:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > most:
                raise head_too_large(f"header fields of more than {most:,} bytes")

    def _check_trailer(self, size: int) -> None:
        """Refuse trailer fields that are too many or too long.

        Raises:
            RequestError: They are, including this one.
        """
        most, fields = self.service.settings.max_header_bytes, self.service.settings.max_headers
        self._trailers += 1
        self._trailer_bytes += size
        if self._trailers > fields:
            raise head_too_large(f"more than {fields} trailer fields")
        if self._trailer_bytes > most:
            raise head_too_large(f"trailer fields of more than {most:,} bytes")

    def _check_bytes(self) -> None:
        """Refuse a head, trailers or extensions that are too long; close after such a body."""
        if not self.is_receiving:
            return
        most = self.service.settings.max_header_bytes
        if self._message_bytes - self._accounted_bytes > most:
            what = "header fields" if self._is_head else "trailer fields and chunk extensions"
            self.refuse(head_too_large(f"{what} of more than {most:,} bytes"))
        elif self._message_bytes > most + DRAINED_BODIES * self.service.settings.max_body_bytes:
            self.transport.close()

    def expire(self, now: float) -> None:
        """Close the connection of a client that is too slow; called about once a second."""
        seconds, most = now - self._since, self.service.settings.request_seconds
        if self.transport.get_write_buffer_size():
            self.weigh()
            if seconds > most:
                self.transport.abort()
        elif self.is_receiving and seconds > most:
            self.refuse(too_slow(most))
        elif not self.is_busy() and seconds > self.service.settings.keep_alive_seconds:
            self.transport.close()

    def refuse(self, error: RequestError) -> None:
        """Respond with an error, unless another response is pending, and close."""
        if self.transport.is_closing():
            return
        self.finish()
        is_unanswered = not (self.discards or self._is_answered_early())
        self.is_receiving = self.keeps_alive = self.discards = False
        if self.refuse_current(error):
            return
        if is_unanswered and not self.is_busy():
            self.send(self.service.fail(begin_request("", "", headers={}), error))
        else:
            self.transport.close()

    def _is_answered_early(self) -> bool:
        """Whether the framework has responded to a request before its end."""
        return self.cycle is not None and self.cycle.response_complete and self.cycle.more_body

    def _refuse_if_receiving(self) -> None:
        if self.is_receiving:
            self.refuse(ending())

    def _hang_up_if_idle(self) -> None:
        if not (self.is_busy() or self.is_receiving or self.transport.is_closing()):
            self.transport.close()
