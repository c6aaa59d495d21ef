"""Parses protobuf messages such as model.onnx: the onnx package is not in the image."""

from collections.abc import Iterator
from typing import Any, Final

from stage_contract import ContractError

UNREADABLE: Final = (IndexError, KeyError, TypeError, ValueError)
"""Exceptions for bytes that are not such a message."""

_MAX_VARINT_BITS = 70
_MAX_KEY = 2**32 - 1


def not_onnx() -> ContractError:
    """Return the error for a model.onnx that can't be read."""
    return ContractError("model.onnx: not an ONNX file; run train again")


def fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field of a protobuf message, nested ones as bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        if key > _MAX_KEY:
            raise ValueError("no key")  # Other parsers use the lower half, and see another field.
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind == 2:
            length, place = _varint(message, place)
        else:
            length = {1: 8, 5: 4}[kind]
        if place + length > len(message):
            raise ValueError("cut off")
        yield number, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return a varint, and the offset of its end."""
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if shift > _MAX_VARINT_BITS:
            raise ValueError("no varint")
        if byte < 128:
            return value, place
