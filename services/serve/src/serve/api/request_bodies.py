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


def check_length(headers: Headers, *, most: int) -> int:
    """Return the declared length of a body, 0 if it is not declared.

    Raises:
        RequestError: It exceeds `most` bytes.
    """
    declared = declared_length(headers)
    if declared > most:
        raise too_long(most)
    return declared


def declared_length(headers: Headers) -> int:
    """Return the length that the header fields declare, 0 if they declare none."""
    # Python reads no number of more than 4,300 digits, zeros in front of it included.
    return int(headers.get(b"content-length", b"").lstrip(b"0") or b"0")


async def read_body(
    receive: Receive, headers: Headers, *, most: int, hold: Callable[[int], None]
) -> bytes:
    """Return the body; `hold` is called for each part, and may refuse it.

    Raises:
        RequestError: The body exceeds `most` bytes.
        DisconnectedError: The client disconnected before the end.
    """
    declared = declared_length(headers)
    if declared > most:
        if b"expect" in headers:  # The client waits for "100 Continue" before it sends the body.
            raise too_long(most, close=True)
        raise await _drain(receive, most)
    message = await _receive(receive)
    body: bytes = message.get("body", b"")
    hold(len(body))
    if message.get("more_body"):
        return await _read_rest(receive, body, most, hold=hold)
    if len(body) > most:
        raise too_long(most)
    return body


async def _read_rest(
    receive: Receive, start: bytes, most: int, *, hold: Callable[[int], None]
) -> bytes:
    parts, length, is_open = [start], len(start), True
    while is_open:
        message = await _receive(receive)
        parts.append(message.get("body", b""))
        length += len(parts[-1])
        is_open = message.get("more_body", False)
        if length > most:
            raise await _drain(receive, most, is_open=is_open)
        hold(len(parts[-1]))
    return b"".join(parts)


async def _receive(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise DisconnectedError
    return message


async def _drain(receive: Receive, most: int, *, is_open: bool = True) -> RequestError:
    """Return the error for a body that is too long, after reading a bounded part of the rest."""
    left = DRAINED_BODIES * most
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while is_open and left > 0:
                message = await _receive(receive)
                left -= len(message.get("body", b""))
                is_open = message.get("more_body", False)
    except TimeoutError:
        is_open = True
    return too_long(most, close=is_open)


def too_long(most: int, *, close: bool = False) -> RequestError:
    """Return the error for a body that is too long."""
    headers = [(b"connection", b"close")] if close else []
    detail = f"the body is longer than {most:,} bytes; send the rows in several requests"
    return RequestError(HTTPStatus.CONTENT_TOO_LARGE, detail, headers=headers, limit="body")
