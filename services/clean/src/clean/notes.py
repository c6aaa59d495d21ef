"""Notes of what the rules of a column did to its cells."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clean import texts
from clean.cells import python_values
from clean.fields import FALSE_VALUES, TRUE_VALUES, Field
from clean.spelling import Spelling

EXAMPLES = 3
"""So many cells are shown of a rule and column."""

type Mask = npt.NDArray[np.bool_]


class Note(NamedTuple):
    """One rule that touched cells of a column's batch."""

    rule: str
    """As the key in schema.json, or the reason of a reject."""
    cells: Mask
    """Which cells, by position."""
    examples: list[tuple[int, dict[str, Any]]]
    """Position of the first ones, with the cell `from` before and `to` after."""


class Read(NamedTuple):
    """Texts on their way to values; all of one length."""

    raw: pa.Array
    trimmed: pa.Array
    typed: pa.Array
    missing: pa.Array


def note_texts(read: Read, field: Field, indices: pa.Array | None) -> list[Note]:
    """Return what the rules did to a column, of which `read` holds the texts.

    `indices` tells which of them each cell has; without, they are the cells.
    """
    places = np.arange(len(read.raw)) if indices is None else indices.to_numpy()
    return [
        _note(rule, cells, {"from": read.raw, "to": after}, places)
        for rule, touched, after in _touched(read, field)
        if (mask := _mask(touched)).any() and (cells := mask[places]).any()
    ]


def note_faults(raw: pa.Array, reasons: pa.Array) -> list[Note]:
    """Return which cells break which rule."""
    return [
        _note(reason, _mask(pc.equal(reasons, reason)), {"from": raw}, np.arange(len(raw)))
        for reason in reasons.drop_null().unique().to_pylist()
    ]


def _touched(read: Read, field: Field) -> Iterator[tuple[str, pa.Array, pa.Array]]:
    """Yield rule, which texts it changed, and what they are after it."""
    if not read.raw.equals(read.trimmed):
        yield "trim", pc.not_equal(read.raw, read.trimmed), read.trimmed
    is_token = pc.and_(read.missing, pc.not_equal(read.trimmed, ""))
    yield "missingValues", is_token, read.typed
    if field.spelling:
        yield from _spelled(read, field, field.spelling)
    if field.written:
        plain = pc.equal(texts.read_number(read.trimmed), read.typed)
        yield field.written.keys, _and_not(pc.is_valid(read.typed), plain), read.typed
    if field.layout:
        is_laid_out = pc.is_valid(field.layout.read(read.trimmed))
        yield "format", pc.and_(is_laid_out, pc.is_valid(read.typed)), read.typed
    if field.type == "boolean":
        is_usual = pc.is_in(read.trimmed, value_set=pa.array([*TRUE_VALUES, *FALSE_VALUES]))
        is_word = _and_not(pc.is_valid(read.typed), is_usual)
        yield "trueValues, falseValues", is_word, read.typed


def _spelled(
    read: Read, field: Field, spelling: Spelling
) -> Iterator[tuple[str, pa.Array, pa.Array]]:
    changes = [
        spelling.changes(text) if text and text not in field.missing else ()
        for text in read.trimmed.to_pylist()
    ]
    for rule in spelling.keys:
        yield rule, pa.array([rule in made for made in changes], pa.bool_()), read.typed


def _and_not(left: pa.Array, right: pa.Array) -> pa.Array:
    return pc.and_not(left, pc.fill_null(right, fill_value=False))


def _mask(booleans: pa.Array) -> Mask:
    mask: Mask = pc.fill_null(booleans, fill_value=False).to_numpy(zero_copy_only=False)
    return mask


def _cell(cells: pa.Array, place: int) -> Any:
    [value] = python_values(cells[place : place + 1])
    return value


def _note(
    rule: str, cells: Mask, shown: Mapping[str, pa.Array], places: npt.NDArray[np.integer]
) -> Note:
    """Return a note with examples; `places` says where in `shown` a cell stands."""
    first = np.flatnonzero(cells)[:EXAMPLES].tolist()
    examples = [
        (position, {name: _cell(array, int(places[position])) for name, array in shown.items()})
        for position in first
    ]
    return Note(rule, cells, examples)
