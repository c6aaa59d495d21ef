"""Reading request bodies, up to a limit."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import Message, Receive

from serve.codecs.media_types import Headers
from serve.problems import RequestError

DRAINED_BODIES = 8
"""A body that is too long is read and discarded up to this many times the limit: most clients read
no response before they have sent everything."""
_DRAIN_SECONDS = 10


class DisconnectedError(Exception):
    """The client has disconnected; nobody reads the response."""


def check_length(headers: Headers, *, max_bytes: int) -> int:
    """Return the declared length of a body, 0 if it is not declared.

    Raises:
        RequestError: It exceeds `max_bytes` bytes.
    """
    declared = declared_length(headers)
    if declared > max_bytes:
        raise too_long(max_bytes)
    return declared


def declared_length(headers: Headers) -> int:
    """Return the length that the header fields declare, 0 if they declare none."""
    # Python reads no number of more than 4,300 digits, zeros in front of it included.
    return int(headers.get(b"content-length", b"").lstrip(b"0") or b"0")


async def read_body(
    receive: Receive, headers: Headers, *, max_bytes: int, hold: Callable[[int], None]
) -> bytes:
    """Return the body; `hold` is called for each part, and may refuse it.

    Raises:
        RequestError: The body exceeds `max_bytes` bytes.
        DisconnectedError: The client disconnected before the end.
    """
    declared = declared_length(headers)
    if declared > max_bytes:
        if b"expect" in headers:  # The client waits for "100 Continue" before it sends the body.
            raise too_long(max_bytes, close=True)
        raise await _drain(receive, max_bytes)
    message = await _receive(receive)
    body: bytes = message.get("body", b"")
    hold(len(body))
    if message.get("more_body"):
        return await _read_rest(receive, body, max_bytes, hold=hold)
    if len(body) > max_bytes:
        raise too_long(max_bytes)
    return body


async def _read_rest(
    receive: Receive, start: bytes, max_bytes: int, *, hold: Callable[[int], None]
) -> bytes:
    parts, length, is_open = [start], len(start), True
    while is_open:
        message = await _receive(receive)
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        is_open = message.get("more_body", False)
        if length > max_bytes:
            raise await _drain(receive, max_bytes, is_open=is_open)
        hold(len(parts[-1]))
    return b"".join(parts)


async def _receive(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise DisconnectedError
    return message


async def _drain(receive: Receive, max_bytes: int, *, is_open: bool = True) -> RequestError:
    """Return the error for a body that is too long, after reading a bounded part of the rest."""
    left = DRAINED_BODIES * max_bytes
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while is_open and left > 0:
                message = await _receive(receive)
                left -= len(message.get("body", b""))
                is_open = message.get("more_body", False)
    except TimeoutError:
        is_open = True
    return too_long(max_bytes, close=is_open)


def too_long(max_bytes: int, *, close: bool = False) -> RequestError:
    """Return the error for a body that is too long."""
    headers = [(b"connection", b"close")] if close else []
    detail = f"the body is longer than {max_bytes:,} bytes; send the rows in several requests"
    return RequestError(HTTPStatus.CONTENT_TOO_LARGE, detail, headers=headers, limit="body")
