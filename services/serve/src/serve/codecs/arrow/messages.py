"""The messages of an Arrow IPC stream: metadata and a body each."""

import struct
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

import msgspec

from serve.codecs.arrow.flatbuffer import MALFORMED, Table
from serve.problems import RequestError

SCHEMA: Final = 1
DICTIONARY: Final = 2
BATCH: Final = 3

_HEAD = struct.Struct("<Ii")
_CONTINUES = 0xFFFFFFFF
_MOST_MESSAGES = 1_000
"""Each costs some ten microseconds even if it holds nothing."""
_OTHER_FORMATS = {b"ARROW1": "an Arrow file", b"PAR1": "a Parquet file", b"FEA1": "a Feather file"}


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message; its header is a table of the kind."""

    kind: int
    metadata: bytes
    header: Table
    body: memoryview


def read_messages(data: bytes) -> Iterator[Message]:
    """Yield the messages of a stream.

    Raises:
        RequestError: it is none, or has too many.
    """
    view, place = memoryview(data), 0
    _check_format(data)
    for _ in range(_MOST_MESSAGES):
        if place == len(data):
            return
        try:
            head, length = _HEAD.unpack_from(data, place)
            if head != _CONTINUES or length < 0:
                raise ValueError(f"no message begins at byte {place}")
            if length == 0:
                return
            message, place = _read(view, place + _HEAD.size, length)
        except MALFORMED as error:
            raise malformed(error) from None
        yield message
    detail = f"more than {_MOST_MESSAGES:,} batches; send fewer and larger ones"
    raise RequestError(HTTPStatus.CONTENT_TOO_LARGE, detail)


def malformed(error: Exception) -> RequestError:
    """Return the error for what is no Arrow stream."""
    return RequestError(HTTPStatus.BAD_REQUEST, f"the body is no Arrow IPC stream: {error}")


def _read(view: memoryview, place: int, length: int) -> tuple[Message, int]:
    """Return the message whose metadata begins here, and where its body ends."""
    metadata = bytes(view[place : place + length])
    message = Table.root(metadata)
    header = message.table(2)
    begin = place + length
    end = begin + message.number(3, "q")
    if header is None or not begin <= end <= len(view):
        raise ValueError("a message is longer than the body")
    return Message(message.number(1, "B"), metadata, header, view[begin:end]), end


def _check_format(data: bytes) -> None:
    for magic, name in _OTHER_FORMATS.items():
        if data.startswith(magic):
            raise malformed(ValueError(f"it is {name}"))
