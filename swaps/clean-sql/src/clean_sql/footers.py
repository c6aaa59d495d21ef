"""Renames the columns of a Parquet file: DuckDB can't write names that differ in case only.

The footer is parsed as Thrift's compact protocol, without knowing its fields, and written with
other names. The data is not moved.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

_MAGIC = b"PAR1"


class _Type(IntEnum):
    """Types of the compact protocol."""

    STOP = 0
    TRUE = 1
    FALSE = 2
    BYTE = 3
    SHORT = 4
    INTEGER = 5
    LONG = 6
    DOUBLE = 7
    BINARY = 8
    LIST = 9
    SET = 10
    STRUCT = 12


# Field numbers of parquet.thrift.
_SCHEMA, _ROW_GROUPS, _NAME, _COLUMNS, _META_DATA, _PATH_IN_SCHEMA = 2, 4, 4, 1, 3, 3

type Struct = dict[int, tuple[int, Any]]
"""Type and value by field number; integers keep their encoding."""


def rename_columns(path: Path, names: Sequence[str]) -> None:
    """Rename the columns of a flat Parquet file, in their order."""
    with path.open("r+b") as file:
        file.seek(-8, os.SEEK_END)
        size = int.from_bytes(file.read(4), "little")
        start = file.seek(-8 - size, os.SEEK_END)
        footer: Struct = _Reader(file.read(size)).value(_Type.STRUCT)
        _rename(footer, [name.encode() for name in names])
        written = bytearray()
        _write(_Type.STRUCT, footer, written)
        file.seek(start)
        file.truncate()
        file.write(written + len(written).to_bytes(4, "little") + _MAGIC)


def _rename(footer: Struct, names: Sequence[bytes]) -> None:
    _, (_, elements) = footer[_SCHEMA]
    # The first element is the root.
    for element, name in zip(elements[1:], names, strict=True):
        element[_NAME] = _Type.BINARY, name
    _, (_, groups) = footer[_ROW_GROUPS]
    for group in groups:
        _, (_, columns) = group[_COLUMNS]
        for column, name in zip(columns, names, strict=True):
            column[_META_DATA][1][_PATH_IN_SCHEMA] = _Type.LIST, (_Type.BINARY, [name])


@dataclass
class _Reader:
    data: bytes
    at: int = 0

    def value(self, kind: int) -> Any:
        match kind:
            case _Type.TRUE | _Type.FALSE:
                value: Any = None  # The type is the value.
            case _Type.BYTE:
                value = self._take(1)
            case _Type.DOUBLE:
                value = self._take(8)
            case _Type.BINARY:
                value = self._take(self._varint())
            case _Type.LIST | _Type.SET:
                value = self._list()
            case _Type.STRUCT:
                value = self._struct()
            case _Type.SHORT | _Type.INTEGER | _Type.LONG:
                value = self._varint()
            case _:
                raise ValueError(f"a Parquet footer with Thrift's type {kind}")
        return value

    def _struct(self) -> Struct:
        fields: Struct = {}
        number = 0
        while (head := self._take(1)[0]) != _Type.STOP:
            step = head >> 4
            number = number + step if step else _unzigzag(self._varint())
            fields[number] = head & 15, self.value(head & 15)
        return fields

    def _list(self) -> tuple[int, list[Any]]:
        head = self._take(1)[0]
        kind, size = head & 15, head >> 4
        size = self._varint() if size == 15 else size
        if kind in {_Type.TRUE, _Type.FALSE}:
            return kind, [self._take(1) for _ in range(size)]
        return kind, [self.value(kind) for _ in range(size)]

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._take(1)[0]) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _take(self, size: int) -> bytes:
        self.at += size
        return self.data[self.at - size : self.at]


def _write(kind: int, value: Any, out: bytearray) -> None:
    if kind in {_Type.SHORT, _Type.INTEGER, _Type.LONG}:
        _write_varint(value, out)
    elif kind in {_Type.BYTE, _Type.DOUBLE}:
        out += value
    elif kind == _Type.BINARY:
        _write_varint(len(value), out)
        out += value
    elif kind in {_Type.LIST, _Type.SET}:
        _write_list(value, out)
    elif kind == _Type.STRUCT:
        _write_struct(value, out)


def _write_struct(fields: Struct, out: bytearray) -> None:
    before = 0
    for number, (kind, value) in sorted(fields.items()):
        if 0 < number - before < 16:
            out.append((number - before) << 4 | kind)
        else:
            out.append(kind)
            _write_varint(number << 1, out)
        _write(kind, value, out)
        before = number
    out.append(_Type.STOP)


def _write_list(value: tuple[int, list[Any]], out: bytearray) -> None:
    kind, items = value
    out.append((min(len(items), 15) << 4) | kind)
    if len(items) >= 15:
        _write_varint(len(items), out)
    for item in items:
        if kind in {_Type.TRUE, _Type.FALSE}:
            out += item
        else:
            _write(kind, item, out)


def _write_varint(value: int, out: bytearray) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _unzigzag(value: int) -> int:
    return value >> 1 ^ -(value & 1)
