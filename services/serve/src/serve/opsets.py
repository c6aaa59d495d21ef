"""The operator sets that a model.onnx imports: ONNX Runtime checks them, but does not tell."""

from collections.abc import Iterator, Mapping
from typing import Any

from stage_contract import ContractError

NEWEST = {"": 21, "ai.onnx.ml": 3}
"""Of the domains that every model may use; another one only where model.json names it."""

_OPSET_IMPORT = 8
"""The field of ModelProto; in it 1 is the domain and 2 the version."""
_LONGEST_VARINT = 70


def read_opsets(graph: bytes) -> dict[str, int]:
    """Return the operator set version by domain; ONNX Runtime does not tell.

    Raises:
        ContractError: the bytes are no protobuf message.
    """
    try:
        imports = [
            dict(_fields(value))
            for number, value in _fields(memoryview(graph))
            if number == _OPSET_IMPORT
        ]
        return {bytes(each.get(1, b"")).decode(): int(each[2]) for each in imports}
    except (IndexError, KeyError, TypeError, ValueError):
        raise ContractError("model.onnx: not an ONNX file; run train again") from None


def check_opsets(found: Mapping[str, int], declared: Mapping[str, int]) -> None:
    """Refuse a graph that needs operators newer than, or other than, the contract's."""
    for domain, version in found.items():
        name = domain or "ai.onnx"
        newest = NEWEST.get(domain, declared.get(domain))
        if newest is None:
            raise ContractError(
                f"model.onnx: uses the domain {name}, which model.json does not name"
            )
        if version > newest:
            raise ContractError(
                f"model.onnx: uses {name} {version}, expected at most {newest};"
                " export with an older opset"
            )


def _fields(message: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field of a protobuf message, nested ones as bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
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
    """Return a number written in groups of seven bits, and where it ends."""
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if shift > _LONGEST_VARINT:
            raise ValueError("no varint")
        if byte < 128:
            return value, place
