"""Notes of what the rules of a column did to its cells."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clean.cleaning.sentinels import are_candidates
from clean.parsing import text_cells
from clean.parsing.datetimes import happen_twice, read_datetime
from clean.parsing.normalization import Spelling
from clean.parsing.python_values import python_values
from clean.schema.fields import FALSE_VALUES, TRUE_VALUES, Field

MISSING = "missingValues"
"""The rule that makes a token missing."""

SENTINEL = "sentinel"
"""No rule: which values may stand for a missing one."""

TIMEZONE = "timezone"
"""The rule that says in which zone a datetime without an offset is."""

REPEATED_HOUR = "timezone, first of an hour that happens twice"
SKIPPED_HOUR = "timezone, hour that does not exist"

_COUNTED = frozenset({MISSING, SENTINEL})
_NAIVE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:.]+)?$"

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
    texts: Mapping[str, int] = {}
    """Of missing tokens and sentinels: the cells by text."""


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
    notes = [
        _note(rule, cells, {"from": read.raw, "to": after}, places)
        for rule, touched, after in _touched(read, field)
        if (mask := _mask(touched)).any() and (cells := mask[places]).any()
    ]
    return [
        note._replace(texts=_tokens(read, places[note.cells])) if note.rule in _COUNTED else note
        for note in notes
    ]


def _tokens(read: Read, places: npt.NDArray[np.integer]) -> dict[str, int]:
    """Return how many of the cells at these places have each token."""
    counted = read.trimmed.take(pa.array(places)).value_counts()
    names, rows = counted.field("values").to_pylist(), counted.field("counts").to_pylist()
    return dict(zip(names, rows, strict=True))


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
    yield MISSING, is_token, read.typed
    if field.spelling:
        yield from _spelled(read, field, field.spelling)
    if field.written:
        plain = pc.equal(text_cells.read_number(read.trimmed), read.typed)
        yield field.written.keys, _and_not(pc.is_valid(read.typed), plain), read.typed
    if field.layout:
        is_laid_out = pc.is_valid(field.layout.read(read.trimmed))
        yield "format", pc.and_(is_laid_out, pc.is_valid(read.typed)), read.typed
    candidates = are_candidates(read.typed, field.type)
    if candidates is not None:
        yield SENTINEL, candidates, read.typed
    if field.type == "datetime":
        is_naive = pc.match_substring_regex(read.trimmed, pattern=_NAIVE)
        if field.layout and "zone" not in field.layout.parts:
            is_naive = pc.or_(is_naive, pc.is_valid(field.layout.read(read.trimmed)))
        yield from _localized(pc.and_(is_naive, pc.is_valid(read.typed)), read.typed, field)
        if field.timezone.key != "UTC":
            is_wrong = pc.and_(pc.is_null(read.typed), pc.invert(read.missing))
            yield (
                SKIPPED_HOUR,
                pc.and_(is_wrong, _are_right_in_utc(read.trimmed, field)),
                read.typed,
            )
    if field.type == "boolean":
        is_usual = pc.is_in(read.trimmed, value_set=pa.array([*TRUE_VALUES, *FALSE_VALUES]))
        is_word = _and_not(pc.is_valid(read.typed), is_usual)
        yield "trueValues, falseValues", is_word, read.typed


def _are_right_in_utc(trimmed: pa.Array, field: Field) -> pa.Array:
    utc = ZoneInfo("UTC")
    moments = read_datetime(trimmed, timezone=utc)
    if field.layout:
        moments = pc.coalesce(moments, read_datetime(field.layout.read(trimmed), timezone=utc))
    return pc.is_valid(moments)


def note_naive(raw: pa.Array, typed: pa.Array, field: Field) -> list[Note]:
    """Return which timestamps of a typed source have no zone of their own."""
    places = np.arange(len(raw))
    return [
        _note(rule, mask, {"from": raw, "to": after}, places)
        for rule, touched, after in _localized(pc.is_valid(typed), typed, field)
        if (mask := _mask(touched)).any()
    ]


def _localized(
    is_naive: pa.Array, typed: pa.Array, field: Field
) -> Iterator[tuple[str, pa.Array, pa.Array]]:
    yield TIMEZONE, is_naive, typed
    yield REPEATED_HOUR, pc.and_(is_naive, happen_twice(typed, field.timezone)), typed


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
