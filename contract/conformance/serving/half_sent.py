"""A request that a server has begun to read, and whose body is still to come."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

_CONTINUE_SECONDS = 2.0
"""A server that does not say that it waits for the body is taken to wait after this."""


@dataclass(frozen=True)
class HalfSent:
    """The connection, and what it has still to carry."""

    _connection: socket.socket
    _body: bytes

    def finish(self) -> int | None:
        """Send the body and return the status of the answer, if there is a whole one."""
        try:
            self._connection.sendall(self._body)
            answer = http.client.HTTPResponse(self._connection)
            answer.begin()
            answer.read()
        except (OSError, http.client.HTTPException):
            return None
        return answer.status


@contextmanager
def half_sent(request: httpx.Request, *, seconds: float) -> Iterator[HalfSent]:
    """Send the head of a request, and wait until it was read."""
    url, body = request.url, request.read()
    head = (
        f"{request.method} {url.path} HTTP/1.1\r\nhost: {url.netloc.decode()}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        "expect: 100-continue\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port or 80), _CONTINUE_SECONDS) as connection:
        connection.sendall(head.encode())
        try:
            # Only peek: http.client skips the interim response 100 Continue.
            connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            pass
        finally:
            connection.settimeout(seconds)
        yield HalfSent(connection, body)
