"""The schema of an Arrow stream: which columns it has, of what types, and where their parts are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from serve.arrow.flatbuffer import Table

_MOST_FIELDS: Final = 5_000
"""Fields of fields included: a small message can refer to one of them a million times."""
_DEEPEST: Final = 20
_TYPES: Final = (
    *("none", "null", "int", "float", "binary", "string", "bool", "decimal", "date", "time"),
    *("timestamp", "interval", "list", "struct", "union", "fixed_size_binary", "fixed_size_list"),
    *("map", "duration", "large_binary", "large_string", "large_list", "run_end_encoded"),
    *("binary_view", "string_view", "list_view", "large_list_view"),
)
_BUFFERS: Final = {
    **dict.fromkeys(("null", "run_end_encoded"), 0),
    **dict.fromkeys(("struct", "fixed_size_list"), 1),
    **dict.fromkeys(("binary", "string", "large_binary", "large_string"), 3),
    **dict.fromkeys(("list_view", "large_list_view"), 3),
}
"""How many buffers a column has if not two: values or offsets, and which of them are missing."""
_FLOAT_BITS: Final = (16, 32, 64)
_UNITS: Final = ("s", "ms", "us", "ns")


_NOTHING: Final = np.dtype("V0")


@dataclass(frozen=True, slots=True)
class Type:
    """A type of Arrow, as far as its values can be read here."""

    name: str
    number: np.dtype[Any] = _NOTHING
    """What NumPy reads a number as."""
    unit: str = ""
    """NumPy's name of a unit of time."""
    has_zone: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A column, or part of one."""

    name: str
    type: Type
    dictionary: int | None
    """The id of the dictionary that holds the values, of which there are numbers here."""
    index: Type
    node: int
    buffer: int
    views: int
    """How many columns before it have a number of buffers that each batch tells."""


def read_schema(schema: Table) -> list[Field]:
    """Return the columns.

    Raises:
        ValueError: it can't be read.
    """
    if schema.number(0, "h"):
        raise ValueError("its numbers are big-endian")
    return [field for field, depth in _Walk().fields(schema, 1, 0) if depth == 0]


class _Walk:
    """Goes through fields and those that they consist of, in the order of their buffers."""

    def __init__(self) -> None:
        self._nodes = self._buffers = self._views = 0

    def fields(self, parent: Table, place: int, depth: int) -> Iterator[tuple[Field, int]]:
        if depth > _DEEPEST:
            raise ValueError("its columns are nested too deeply")
        for table in parent.tables(place):
            if self._nodes == _MOST_FIELDS:
                raise ValueError(f"it has more than {_MOST_FIELDS:,} columns")
            field = self._field(table)
            yield field, depth
            if field.dictionary is None:
                yield from self.fields(table, 5, depth + 1)

    def _field(self, table: Table) -> Field:
        kind, encoding = _read_type(table), table.table(4)
        dictionary, index = None, Type("int", np.dtype("<i4"))
        if encoding is not None:
            dictionary = encoding.number(0, "q")
            given = encoding.table(1)
            index = index if given is None else _integer(given)
        field = Field(
            table.text(0), kind, dictionary, index, self._nodes, self._buffers, self._views
        )
        is_view = kind.name in {"string_view", "binary_view"} and dictionary is None
        self._nodes += 1
        self._views += is_view
        self._buffers += _buffers(table, kind) if dictionary is None else 2
        return field


def _buffers(table: Table, kind: Type) -> int:
    if kind.name == "union":
        detail = table.table(3)
        return 1 + (detail is not None and detail.number(0, "h") == 1)
    return _BUFFERS.get(kind.name, 2)


def _read_type(field: Table) -> Type:
    number = field.number(2, "B")
    name = _TYPES[number] if number < len(_TYPES) else "unknown"
    detail = field.table(3)
    if detail is None:
        return Type(name)
    if name == "int":
        return _integer(detail)
    if name == "float":
        bits = _FLOAT_BITS[detail.number(0, "h") % len(_FLOAT_BITS)]
        return Type(name, np.dtype(f"<f{bits // 8}"))
    if name == "date":
        return Type(name, unit="ms" if detail.number(0, "h", 1) else "D")
    if name == "timestamp":
        unit = _UNITS[detail.number(0, "h") % len(_UNITS)]
        return Type(name, unit=unit, has_zone=bool(detail.text(1)))
    return Type(name)


def _integer(detail: Table) -> Type:
    bits = detail.number(0, "i")
    if bits not in {8, 16, 32, 64}:
        raise ValueError(f"it has integers of {bits} bits")
    return Type("int", np.dtype(f"<{'i' if detail.number(1, '?') else 'u'}{bits // 8}"))
