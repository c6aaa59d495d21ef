"""Clean one column: convert its cells to typed values, and find rejection reasons."""

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from type_inference import text_cells
from type_inference.field_types import FieldType

from clean.cleaning.field_parsing import read_trimmed
from clean.cleaning.rule_effects import (
    ParsedTexts,
    RuleEffect,
    naive_datetime_effects,
    rejection_effects,
    text_effects,
)
from clean.parsing import typed_cells
from clean.parsing.arrays import distinct_texts, to_arrow, to_series
from clean.parsing.arrow_types import is_naive, is_text, native_type
from clean.schema.fields import TYPE, Field, rejection_reason

_NUMBERS: frozenset[FieldType | None] = frozenset({"number", "integer"})


@dataclass(frozen=True)
class CleanColumn:
    """A cleaned column; its series have the index of the cells."""

    typed: pd.Series
    """Typed values; missing if the cell is missing or cannot be converted."""
    reasons: pd.Series
    """Rejection reasons; missing for valid cells."""
    effects: list[RuleEffect]
    """Effects of the rules, if requested."""

    @property
    def has_rejected(self) -> bool:
        return bool(self.reasons.notna().any())


def clean_column(cells: pd.Series, field: Field, *, with_effects: bool = False) -> CleanColumn:
    """Apply a field's rules to the cells of a column, from a text source or a typed source."""
    raw = to_arrow(cells)
    effects: list[RuleEffect] = []
    if is_text(raw.type):
        distinct, indices = distinct_texts(raw)
        parsed = _read_texts(distinct, field)
        values, reasons = parsed.typed, _find_reasons(parsed.typed, parsed.missing, field=field)
        if indices is not None:
            values, reasons = (array.take(indices) for array in (values, reasons))
        if with_effects:
            effects += text_effects(parsed, field, indices)
    else:
        values, missing = _read_typed(raw, field)
        reasons = _find_reasons(values, missing, field=field)
        if with_effects and field.type == "datetime" and is_naive(raw.type):
            effects += naive_datetime_effects(raw, values, field)
    if with_effects and reasons.null_count < len(reasons):
        effects += rejection_effects(raw, reasons)
    return CleanColumn(to_series(values, cells.index), to_series(reasons, cells.index), effects)


def _read_texts(cells: pa.Array, field: Field) -> ParsedTexts:
    trimmed = text_cells.trim(cells)
    missing = text_cells.is_missing(trimmed, field.missing)
    values, missing = _read_present(text_cells.mask_missing(trimmed, missing), missing, field)
    return ParsedTexts(cells, trimmed, values, missing)


def _read_present(cells: pa.Array, missing: pa.Array, field: Field) -> tuple[pa.Array, pa.Array]:
    """Return the typed values of trimmed texts, and a mask of the missing ones.

    Normalization may turn a text into a missing token.
    """
    if not field.normalization:
        return read_trimmed(cells, field), missing
    normalized = field.normalization.apply(cells)
    became_missing = pc.and_(
        pc.not_equal(normalized, cells), text_cells.is_missing(normalized, field.missing)
    )
    missing = pc.or_(missing, pc.fill_null(became_missing, fill_value=False))
    return text_cells.mask_missing(normalized, missing), missing


def _read_typed(raw: pa.Array, field: Field) -> tuple[pa.Array, pa.Array]:
    """Return typed values, and a mask of missing cells; convert other types by way of texts."""
    native, missing = native_type(raw.type), typed_cells.is_missing(raw)
    if native == field.type:
        values = typed_cells.read_native(raw, native, timezone=field.timezone)
    elif {native, field.type} <= _NUMBERS:
        values = typed_cells.convert_numbers(raw, field.type)
    else:
        cells = typed_cells.to_texts(raw, timezone=field.timezone)
        values, missing = _read_present(text_cells.mask_missing(cells, missing), missing, field)
    return values, missing


def _find_reasons(values: pa.Array, missing: pa.Array, *, field: Field) -> pa.Array:
    """Return the first rejection reason of each cell: the type, then the constraints."""
    is_unreadable = pc.and_not(pc.is_null(values), missing)
    reasons = pa.nulls(len(values), pa.string())
    if pc.any(is_unreadable).as_py():
        reasons = pc.if_else(is_unreadable, TYPE, reasons)
    for constraint in field.constraints:
        is_broken = constraint.is_broken_by(values)
        reasons = pc.coalesce(reasons, pc.if_else(is_broken, rejection_reason(constraint), None))
    return reasons
