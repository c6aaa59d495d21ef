"""Request bodies: read whole, within a bound."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.types import Message, Receive

from serve.codecs.media_types import Headers
from serve.problems import RequestError

DRAINED_BODIES = 8
"""A body that is too long is read to its end up to this many times the bound, and thrown away:
most clients read no answer before they have sent everything."""
_DRAIN_SECONDS = 10


class DisconnectedError(Exception):
    """The client went away; nobody reads an answer."""


def check_length(headers: Headers, *, most: int) -> int:
    """Return the length of a body as it was declared, 0 if it was not.

    Raises:
        RequestError: it is longer than `most` bytes.
    """
    declared = int(headers.get(b"content-length", b"0"))
    if declared > most:
        raise too_long(most)
    return declared


async def read_body(
    receive: Receive, headers: Headers, *, most: int, hold: Callable[[int], None]
) -> bytes:
    """Return the body; `hold` is told of each part, and may refuse it.

    Raises:
        RequestError: it is longer than `most` bytes.
        DisconnectedError: it did not come whole.
    """
    declared = int(headers.get(b"content-length", b"0"))
    if declared > most:
        if b"expect" in headers:  # The client waits for a word before it sends the body.
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
    """Return the error for a body that is too long, once a bounded part of the rest is read."""
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
