"""Building the metadata of an Arrow stream: each function returns a message without its body."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from flatbuffers import Builder

from serve.codecs.arrow.messages import BATCH, DICTIONARY, SCHEMA

END: Final = struct.pack("<Ii", 0xFFFFFFFF, 0)
"""What ends a stream."""
ALIGNMENT: Final = 8

type ColumnKind = Literal["float32", "int64", "bool", "dictionary"]
"""The last are texts that stand in a dictionary, of which the column has the numbers."""
type Slot = tuple[str, int]
"""The type of a field of a table as Builder calls it, and the value."""

_VERSION: Final = 4  # which Arrow calls V5
_TYPES: Final[dict[ColumnKind, tuple[int, dict[int, Slot]]]] = {
    "float32": (3, {0: ("Int16", 1)}),
    "int64": (2, {0: ("Int32", 64), 1: ("Bool", True)}),
    "bool": (6, {}),
    "dictionary": (5, {}),
}
_CODES: Final[dict[int, Slot]] = {0: ("Int32", 32), 1: ("Bool", True)}


@dataclass(frozen=True, slots=True)
class Column:
    """A column to announce."""

    name: str
    kind: ColumnKind


def schema_message(columns: Sequence[Column]) -> bytes:
    """Return the message that announces the columns."""
    builder = Builder()
    fields = _list(builder, [_field(builder, column) for column in columns])
    header = _table(builder, {1: ("UOffsetTRelative", fields)})
    return _message(builder, SCHEMA, header)


def batch_message(rows: int, columns: Sequence[Sequence[int]]) -> bytes:
    """Return the message before rows of which no value is missing.

    A column is the lengths of its buffers, without the one that would say what is missing.
    """
    builder = Builder()
    header = _batch(builder, rows, columns)
    return _message(builder, BATCH, header, _body(columns))


def dictionary_message(rows: int, columns: Sequence[Sequence[int]]) -> bytes:
    """Return the message before the values of the one dictionary."""
    builder = Builder()
    data = _batch(builder, rows, columns)
    header = _table(builder, {1: ("UOffsetTRelative", data)})
    return _message(builder, DICTIONARY, header, _body(columns))


def aligned(length: int) -> int:
    """Return the length that a buffer takes."""
    return -(-length // ALIGNMENT) * ALIGNMENT


def _field(builder: Builder, column: Column) -> int:
    number, detail = _TYPES[column.kind]
    name = builder.CreateString(column.name)
    slots: dict[int, Slot] = {
        0: ("UOffsetTRelative", name),
        2: ("Uint8", number),
        3: ("UOffsetTRelative", _table(builder, detail)),
        # No column has parts, but C++ wants a list of them.
        5: ("UOffsetTRelative", _list(builder, [])),
    }
    if column.kind == "dictionary":
        codes = _table(builder, _CODES)
        slots[4] = ("UOffsetTRelative", _table(builder, {1: ("UOffsetTRelative", codes)}))
    return _table(builder, slots)


def _batch(builder: Builder, rows: int, columns: Sequence[Sequence[int]]) -> int:
    places, begin = [], 0
    for lengths in columns:
        places.append((begin, 0))
        for length in lengths:
            places.append((begin, length))
            begin += aligned(length)
    slots: dict[int, Slot] = {
        0: ("Int64", rows),
        1: ("UOffsetTRelative", _pairs(builder, [(rows, 0)] * len(columns))),
        2: ("UOffsetTRelative", _pairs(builder, places)),
    }
    return _table(builder, slots)


def _body(columns: Sequence[Sequence[int]]) -> int:
    return sum(aligned(length) for lengths in columns for length in lengths)


def _message(builder: Builder, kind: int, header: int, body: int = 0) -> bytes:
    slots: dict[int, Slot] = {
        0: ("Int16", _VERSION),
        1: ("Uint8", kind),
        2: ("UOffsetTRelative", header),
        3: ("Int64", body),
    }
    builder.Finish(_table(builder, slots))
    metadata = bytes(builder.Output())
    length = aligned(len(metadata))
    return struct.pack("<Ii", 0xFFFFFFFF, length) + metadata.ljust(length, b"\0")


def _table(builder: Builder, slots: dict[int, Slot]) -> int:
    builder.StartObject(max(slots, default=-1) + 1)
    for place, (kind, value) in slots.items():
        getattr(builder, f"Prepend{kind}Slot")(place, value, 0)
    return int(builder.EndObject())


def _list(builder: Builder, places: Sequence[int]) -> int:
    builder.StartVector(4, len(places), 4)
    for place in reversed(places):
        builder.PrependUOffsetTRelative(place)
    return int(builder.EndVector())


def _pairs(builder: Builder, pairs: Sequence[tuple[int, int]]) -> int:
    """Add a list of structs of two 64-bit integers."""
    builder.StartVector(16, len(pairs), 8)
    for first, second in reversed(pairs):
        builder.Prep(8, 16)
        builder.PrependInt64(second)
        builder.PrependInt64(first)
    return int(builder.EndVector())
