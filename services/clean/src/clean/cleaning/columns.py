"""Cleaning one column: cells in, typed values and the reasons of the wrong ones out."""

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clean.cleaning.field_parsing import read_trimmed
from clean.cleaning.rule_notes import Note, Read, note_faults, note_naive, note_texts
from clean.parsing import text_cells, typed_cells
from clean.parsing.arrays import distinct_texts, to_arrow, to_series
from clean.parsing.arrow_types import is_naive, is_text, native_type
from clean.parsing.field_types import FieldType
from clean.schema.fields import TYPE, Field, reason_of

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


def _read_texts(cells: pa.Array, field: Field) -> Read:
    trimmed = text_cells.trim(cells)
    missing = text_cells.is_missing(trimmed, field.missing)
    values, missing = _read_present(text_cells.present(trimmed, missing), missing, field)
    return Read(cells, trimmed, values, missing)


def _read_present(cells: pa.Array, missing: pa.Array, field: Field) -> tuple[pa.Array, pa.Array]:
    """Return the values of trimmed texts, and which are missing; a spelling may make more so."""
    if not field.spelling:
        return read_trimmed(cells, field), missing
    spelled = field.spelling.apply(cells)
    is_other = pc.and_(pc.not_equal(spelled, cells), text_cells.is_missing(spelled, field.missing))
    missing = pc.or_(missing, pc.fill_null(is_other, fill_value=False))
    return text_cells.present(spelled, missing), missing


def _read_typed(raw: pa.Array, field: Field) -> tuple[pa.Array, pa.Array]:
    """Return the values, and which cells are missing; another type is read by way of texts."""
    native, missing = native_type(raw.type), typed_cells.is_missing(raw)
    if native == field.type:
        values = typed_cells.read_native(raw, native, timezone=field.timezone)
    elif {native, field.type} <= _NUMBERS:
        values = typed_cells.convert_numbers(raw, field.type)
    else:
        cells = typed_cells.as_texts(raw, timezone=field.timezone)
        values, missing = _read_present(text_cells.present(cells, missing), missing, field)
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
