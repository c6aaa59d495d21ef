"""The fast way from JSON to the graph's inputs: msgspec validates while it decodes.

It accepts most valid bodies and no invalid one. A body that it does not accept is parsed again by
`json_rows`, which knows all rules and produces the error messages.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter, call
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from serve.codecs.json_types import is_checked_by_msgspec, type_in_json
from serve.codecs.rows import Feed
from serve.schema.cells import CellError, Rules
from serve.schema.signature import Signature
from serve.schema.text_formats import has_own_texts
from serve.schema.values import Value

UNUSUAL = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, CellError)
"""Exceptions for a body that this module does not accept."""

type Convert = Callable[[Any], Value]

_FORBIDDEN_IN_NAMES = frozenset({"\\", '"', *map(chr, range(32))})
"""Characters that msgspec can't encode in the name of an attribute."""
_MAX_CACHED_CHARACTERS = 128
_MAX_CACHED = 1024
_FEW_ROWS = 8
"""Number of rows from which whole columns are collected."""


class FastRows(NamedTuple):
    """Two steps from bodies to the graph's inputs; each raises one of UNUSUAL."""

    decode: Callable[[bytes], Sequence[Any]]
    """Decodes a body into rows."""
    pack: Callable[[Sequence[Any]], Feed]
    """Packs rows of one or several bodies."""


def compile_rows(signature: Signature, rules: Mapping[str, Rules], *, max_rows: int) -> FastRows:
    """Return the reader for the bodies of one model."""
    attributes = {name: f"c{number}" for number, name in enumerate(signature.names)}
    numbers, strings = (
        [(attributes[column.name], _convert(rules[column.name])) for column in columns]
        for columns in (signature.group("numbers"), signature.group("strings"))
    )
    pack_numbers, pack_strings = _packer(numbers, np.float64), _packer(strings, np.object_)

    def pack(rows: Sequence[Any]) -> Feed:
        feed: Feed = {}
        if numbers:
            feed["numbers"] = pack_numbers(rows)
        if strings:
            feed["strings"] = pack_strings(rows)
        return feed

    return FastRows(_decoder(signature, rules, attributes, max_rows=max_rows), pack)


def _decoder(
    signature: Signature,
    rules: Mapping[str, Rules],
    attributes: Mapping[str, str],
    *,
    max_rows: int,
) -> Callable[[bytes], Sequence[Any]]:
    if _FORBIDDEN_IN_NAMES.intersection("".join(signature.names)):
        return _take_nothing
    row = msgspec.defstruct(
        "Row",
        [
            *(_attribute(rules[column.name], attributes) for column in signature.fields),
            *((attributes[name], msgspec.Raw, msgspec.Raw(b"null")) for name in signature.ignored),
        ],
        rename={attribute: name for name, attribute in attributes.items()},
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    )
    some_rows = Annotated[list[row], Meta(min_length=1, max_length=max_rows)]  # type: ignore[valid-type]  # made just above
    body = msgspec.defstruct("Body", [("rows", some_rows)], forbid_unknown_fields=True)
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(body).decode

    def rows_of(text: bytes) -> Sequence[Any]:
        rows: Sequence[Any] = decode(text).rows
        return rows

    return rows_of


def _take_nothing(_body: bytes) -> Sequence[Any]:
    raise CellError("a column's name can't be decoded straight")


def _attribute(rules: Rules, attributes: Mapping[str, str]) -> tuple[Any, ...]:
    """Return name, type, and a default unless the column is required."""
    name, kind = attributes[rules.column.name], type_in_json(rules)
    return (name, kind) if rules.column.is_required else (name, kind | None, None)


class ValueCache(dict[Any, Value]):
    """Cache of the cleaned values of one column; most text columns repeat a few values."""

    def __init__(self, clean: Convert) -> None:
        super().__init__()
        self._clean = clean

    def __missing__(self, sent: Any) -> Value:
        value = self._clean(sent)
        is_short = not isinstance(sent, str) or len(sent) <= _MAX_CACHED_CHARACTERS
        if is_short and len(self) < _MAX_CACHED:
            self[sent] = value
        return value


def _convert(rules: Rules) -> Convert | None:
    """Return the function that converts a decoded value; None if no conversion is needed."""
    cached = ValueCache(rules.from_json).__getitem__
    if is_checked_by_msgspec(rules.column):
        return _of_texts(cached) if has_own_texts(rules.column) else None
    return cached if rules.is_text_in_json else rules.from_json


def _of_texts(convert: Convert) -> Convert:
    """Return a function that converts texts and returns numbers unchanged."""
    return lambda value: convert(value) if isinstance(value, str) else value


def _packer(
    columns: Sequence[tuple[str, Convert | None]], kind: type[np.generic]
) -> Callable[[Sequence[Any]], NDArray[Any]]:
    """Return a function from decoded rows to one input of the graph."""
    pick = _picker(columns)
    getters = [(attrgetter(name), convert) for name, convert in columns]

    def pack(rows: Sequence[Any]) -> NDArray[Any]:
        if len(rows) < _FEW_ROWS:
            return np.array([pick(row) for row in rows], kind)
        group = np.empty((len(rows), len(columns)), kind)
        for place, (get, convert) in enumerate(getters):
            values = map(get, rows)
            group[:, place] = [*map(convert, values)] if convert else [*values]
        return group

    return pack


def _picker(
    columns: Sequence[tuple[str, Convert | None]],
) -> Callable[[Any], Sequence[Value | None]]:
    """Return a function from a decoded row to the values of one input."""
    names = [name for name, _ in columns]
    # attrgetter returns no tuple for a single name.
    get = attrgetter(*names) if len(names) > 1 else lambda row: (getattr(row, names[0]),)
    converts = [(place, convert) for place, (_, convert) in enumerate(columns) if convert]
    if not converts:
        return get
    if len(converts) == len(columns):
        functions = [convert for _, convert in converts]
        return lambda row: list(map(call, functions, get(row)))

    def pick(row: Any) -> list[Value | None]:
        values = list(get(row))
        for place, convert in converts:
            values[place] = convert(values[place])
        return values

    return pick
