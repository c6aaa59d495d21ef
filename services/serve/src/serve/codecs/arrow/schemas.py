"""The schema of an Arrow stream: which columns it has, of what types, and where their parts are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from serve.codecs.arrow.flatbuffer import Table

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
_DETAILED: Final = {"int", "float", "date", "timestamp"}
_FLOATS: Final = ("<f2", "<f4", "<f8")
_DATE_UNITS: Final = ("D", "ms")
_TIME_UNITS: Final = ("s", "ms", "us", "ns")


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
    name, detail = _choice(_TYPES, field.number(2, "B")), field.table(3)
    if name not in _DETAILED:
        return Type(name)
    if detail is None:
        raise ValueError(f"it has a {name} without details")
    if name == "int":
        return _integer(detail)
    if name == "float":
        return Type(name, np.dtype(_choice(_FLOATS, detail.number(0, "h"))))
    if name == "date":
        return Type(name, unit=_choice(_DATE_UNITS, detail.number(0, "h", 1)))
    unit = _choice(_TIME_UNITS, detail.number(0, "h"))
    return Type(name, unit=unit, has_zone=bool(detail.text(1)))


def _choice(choices: Sequence[str], number: int) -> str:
    if not 0 <= number < len(choices):
        raise ValueError(f"it has a type that is no type of Arrow ({number})")
    return choices[number]


def _integer(detail: Table) -> Type:
    bits = detail.number(0, "i")
    if bits not in {8, 16, 32, 64}:
        raise ValueError(f"it has integers of {bits} bits")
    return Type("int", np.dtype(f"<{'i' if detail.number(1, '?') else 'u'}{bits // 8}"))
