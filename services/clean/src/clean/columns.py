"""Cleaning one column: cells in, typed values and the reasons of the wrong ones out."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clean import texts, typed_cells
from clean.arrays import distinct_texts, to_arrow, to_series
from clean.arrow_types import is_naive, is_text, native_type
from clean.datetimes import read_date, read_datetime
from clean.field_types import FieldType
from clean.fields import TYPE, Field, reason_of
from clean.notes import Note, Read, note_faults, note_naive, note_texts

_NUMBERS: frozenset[FieldType | None] = frozenset({"number", "integer"})


@dataclass(frozen=True)
class CleanColumn:
    """A column after cleaning, with the index of the cells that went in."""

    typed: pd.Series
    """Missing where the cell is missing or of another type."""
    reasons: pd.Series
    """Missing where the cell is right."""
    notes: list[Note]
    """Of what the rules did, if they were asked for."""

    @property
    def has_faults(self) -> bool:
        return bool(self.reasons.notna().any())


def clean_column(cells: pd.Series, field: Field, *, has_notes: bool = False) -> CleanColumn:
    """Apply a field's rules to the cells of a column: texts, or cells of a typed source."""
    raw = to_arrow(cells)
    notes: list[Note] = []
    if is_text(raw.type):
        distinct, places = distinct_texts(raw)
        read = _read_texts(distinct, field)
        values, reasons = read.typed, _find_reasons(read.typed, read.missing, field=field)
        if places is not None:
            values, reasons = (array.take(places) for array in (values, reasons))
        if has_notes:
            notes += note_texts(read, field, places)
    else:
        values, missing = _read_typed(raw, field)
        reasons = _find_reasons(values, missing, field=field)
        if has_notes and field.type == "datetime" and is_naive(raw.type):
            notes += note_naive(raw, values, field)
    if has_notes and reasons.null_count < len(reasons):
        notes += note_faults(raw, reasons)
    return CleanColumn(to_series(values, cells.index), to_series(reasons, cells.index), notes)


def read_trimmed(trimmed: pa.Array, field: Field) -> pa.Array:
    """Return trimmed texts as the field's type; null where one is not of it."""
    match field.type:
        case "number":
            return texts.read_number(_plain(trimmed, field))
        case "integer":
            return texts.read_integer(_plain(trimmed, field))
        case "boolean":
            words = {"true_values": field.true_values, "false_values": field.false_values}
            return texts.read_boolean(trimmed, **words)
        case "date":
            return _read_moments(trimmed, field, read_date)
        case "datetime":
            read = partial(read_datetime, timezone=field.timezone)
            return _read_moments(trimmed, field, read)
        case "string":
            return trimmed


def _read_texts(cells: pa.Array, field: Field) -> Read:
    trimmed = texts.trim(cells)
    missing = texts.is_missing(trimmed, field.missing)
    values, missing = _read_present(texts.present(trimmed, missing), missing, field)
    return Read(cells, trimmed, values, missing)


def _read_present(cells: pa.Array, missing: pa.Array, field: Field) -> tuple[pa.Array, pa.Array]:
    """Return the values of trimmed texts, and which are missing; a spelling may make more so."""
    if not field.spelling:
        return read_trimmed(cells, field), missing
    spelled = field.spelling.apply(cells)
    is_other = pc.and_(pc.not_equal(spelled, cells), texts.is_missing(spelled, field.missing))
    missing = pc.or_(missing, pc.fill_null(is_other, fill_value=False))
    return texts.present(spelled, missing), missing


def _plain(trimmed: pa.Array, field: Field) -> pa.Array:
    return field.written.plain(trimmed) if field.written else trimmed


def _read_moments(
    trimmed: pa.Array, field: Field, read: Callable[[pa.Array], pa.Array]
) -> pa.Array:
    """Return dates or datetimes: ISO 8601 comes before the field's format."""
    moments = read(trimmed)
    if field.layout and moments.null_count > trimmed.null_count:
        moments = pc.coalesce(moments, read(field.layout.read(trimmed)))
    return moments


def _read_typed(raw: pa.Array, field: Field) -> tuple[pa.Array, pa.Array]:
    """Return the values, and which cells are missing; another type is read by way of texts."""
    native, missing = native_type(raw.type), typed_cells.is_missing(raw)
    if native == field.type:
        values = typed_cells.read_native(raw, native, timezone=field.timezone)
    elif {native, field.type} <= _NUMBERS:
        values = typed_cells.convert_numbers(raw, field.type)
    else:
        cells = typed_cells.as_texts(raw, timezone=field.timezone)
        values, missing = _read_present(texts.present(cells, missing), missing, field)
    return values, missing


def _find_reasons(values: pa.Array, missing: pa.Array, *, field: Field) -> pa.Array:
    """Return the first reason against each cell, the type before the constraints."""
    is_wrong = pc.and_not(pc.is_null(values), missing)
    reasons = pa.nulls(len(values), pa.string())
    if pc.any(is_wrong).as_py():
        reasons = pc.if_else(is_wrong, TYPE, reasons)
    for constraint in field.constraints:
        broken = constraint.is_broken_by(values)
        reasons = pc.coalesce(reasons, pc.if_else(broken, reason_of(constraint), None))
    return reasons
