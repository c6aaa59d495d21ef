"""Cleaning one column: cells in, typed values and the reasons of the wrong ones out."""

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clean import texts, typed_cells
from clean.arrays import distinct_texts, to_arrow, to_series
from clean.arrow_types import is_text, native_type
from clean.datetimes import read_date, read_datetime
from clean.field_types import FieldType
from clean.fields import TYPE, Field, reason_of

_NUMBERS: frozenset[FieldType | None] = frozenset({"number", "integer"})


@dataclass(frozen=True)
class CleanColumn:
    """A column after cleaning, with the index of the cells that went in."""

    typed: pd.Series
    """Missing where the cell is missing or of another type."""
    reasons: pd.Series
    """Missing where the cell is right."""

    @property
    def has_faults(self) -> bool:
        return bool(self.reasons.notna().any())


def clean_column(cells: pd.Series, field: Field) -> CleanColumn:
    """Apply a field's rules to the cells of a column: texts, or cells of a typed source."""
    raw = to_arrow(cells)
    if is_text(raw.type):
        distinct, places = distinct_texts(raw)
        values, missing = _read_texts(distinct, field)
        reasons = _find_reasons(values, missing, field=field)
        if places is not None:
            values, reasons = (array.take(places) for array in (values, reasons))
    else:
        values, missing = _read_typed(raw, field)
        reasons = _find_reasons(values, missing, field=field)
    return CleanColumn(to_series(values, cells.index), to_series(reasons, cells.index))


def read_trimmed(trimmed: pa.Array, field: Field) -> pa.Array:
    """Return trimmed texts as the field's type; null where one is not of it."""
    match field.type:
        case "number":
            return texts.read_number(trimmed)
        case "integer":
            return texts.read_integer(trimmed)
        case "boolean":
            words = {"true_values": field.true_values, "false_values": field.false_values}
            return texts.read_boolean(trimmed, **words)
        case "date":
            return read_date(trimmed)
        case "datetime":
            return read_datetime(trimmed, timezone=field.timezone)
        case "string":
            return trimmed


def _read_texts(raw: pa.Array, field: Field) -> tuple[pa.Array, pa.Array]:
    """Return the values, and which cells are missing."""
    trimmed = texts.trim(raw)
    missing = texts.is_missing(trimmed, field.missing)
    return read_trimmed(texts.present(trimmed, missing), field), missing


def _read_typed(raw: pa.Array, field: Field) -> tuple[pa.Array, pa.Array]:
    """Return the values, and which cells are missing; another type is read by way of texts."""
    native, missing = native_type(raw.type), typed_cells.is_missing(raw)
    if native == field.type:
        values = typed_cells.read_native(raw, native, timezone=field.timezone)
    elif {native, field.type} <= _NUMBERS:
        values = typed_cells.convert_numbers(raw, field.type)
    else:
        cells = typed_cells.as_texts(raw, timezone=field.timezone)
        values = read_trimmed(texts.present(cells, missing), field)
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
