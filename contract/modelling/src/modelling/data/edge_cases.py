"""Edge cases: rows with a missing, an unseen or an extreme value in each column."""

from typing import Any

import numpy as np

from modelling.data.problem import InputColumn, Schema
from modelling.data.tensors import Tensors

UNSEEN = "never seen in training"
_YEAR_1, _YEAR_9999 = -62_135_596_800.0, 253_370_764_800.0
_RANGES_OUTSIDE = 1_000
"""Distance of extreme numbers from the observed range, in widths of the range."""


def edge_case_rows(rows: Tensors, schema: Schema) -> Tensors:
    """Return variants of the first row, each with one changed value."""
    changes = [(column, value) for column in schema.fields for value in _edge_values(column)]
    variants = {name: np.repeat(values[:1], len(changes), axis=0) for name, values in rows.items()}
    for index, (column, value) in enumerate(changes):
        variants[column.input.group][index, column.input.index] = value
    return variants


def _edge_values(column: InputColumn) -> list[Any]:
    if column.input.group == "strings":
        return ["", UNSEEN]
    if column.type == "boolean":
        return [np.nan, 0.0, 1.0]
    if column.type in {"date", "datetime"}:
        return [np.nan, _YEAR_1, _YEAR_9999]
    low, high = (float(column.observed.get(end, 0)) for end in ("minimum", "maximum"))
    distance = _RANGES_OUTSIDE * (high - low or 1)
    return [np.nan, low - distance, high + distance]
