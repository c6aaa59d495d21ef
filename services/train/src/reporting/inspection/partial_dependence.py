"""Partial dependence: the mean prediction by the value of one column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from modelling.data.problem import InputColumn
from modelling.data.tensors import Tensors, as_numbers
from numpy.typing import NDArray
from stage_contract import Progress

from reporting.inspection.held_out_sample import Part, Sample
from reporting.plots.axes import quantiles

MAX_ROWS = 400
MAX_GRID = 24
MAX_CATEGORIES = 10
MIN_CATEGORY_ROWS = 5
"""Minimum rows of a category: a rarer text may identify a person."""
ENDS = (0.01, 0.99)
"""Quantiles that limit the grid: hardly any rows lie beyond them."""
BAND = (0.1, 0.9)


@dataclass(frozen=True)
class Dependence:
    """Mean predictions by the value of one column, over the same rows."""

    column: InputColumn
    values: NDArray[np.float64] | Sequence[str]
    """The grid: ascending numbers, or categories with the most frequent first."""
    mean: NDArray[np.float64]
    """[values, outputs]: the number, the probability of the second of two classes, or of each
    class."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """[values, outputs]: the 10 % and 90 % quantiles of the predictions."""
    missing: NDArray[np.float64] | None
    """[outputs]: the mean prediction for a missing value, if training had missing values."""
    deciles: NDArray[np.float64]
    """Deciles of the column's numbers, which show where its rows are."""


def measure_dependences(sample: Sample, columns: Sequence[str]) -> list[Dependence]:
    """Return the partial dependence of these columns, unless they are private or have no grid."""
    part = sample.some(MAX_ROWS)
    progress = Progress("columns varied", total=len(columns))
    found = []
    for name in columns:
        column = next(each for each in sample.data.schema.fields if each.name == name)
        if not column.private and (grid := _grid(sample, column)) is not None:
            found.append(_vary(sample, part, column, grid=grid))
        progress.add(1)
    return found


@dataclass(frozen=True)
class _Grid:
    values: NDArray[np.float64] | Sequence[str]
    packed: NDArray[np.float64] | Sequence[Any]
    """The grid as tensors for the graph."""
    deciles: NDArray[np.float64]


def _grid(sample: Sample, column: InputColumn) -> _Grid | None:
    if column.input.group == "strings":
        seen = column.observed.get("categories", [])
        frequent = [str(c["value"]) for c in seen if c["rows"] >= MIN_CATEGORY_ROWS][
            :MAX_CATEGORIES
        ]
        return _Grid(frequent, frequent, np.empty(0)) if len(frequent) > 1 else None
    if column.type == "boolean":
        return _Grid(["false", "true"], [0.0, 1.0], np.empty(0))
    numbers = as_numbers(pc.drop_null(sample.rows[column.name]))
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return None
    deciles = quantiles(numbers, np.linspace(0.1, 0.9, 9))
    low, high = quantiles(numbers, ENDS)
    values = np.unique(numbers[(numbers >= low) & (numbers <= high)])
    if len(values) > MAX_GRID:
        values = np.unique(quantiles(numbers, np.linspace(*ENDS, MAX_GRID), method="nearest"))
    return _Grid(values, values, deciles) if len(values) > 1 else None


def _vary(sample: Sample, part: Part, column: InputColumn, *, grid: _Grid) -> Dependence:
    answers = list(_answers(sample, part, column, values=grid.packed))
    low, high = (np.array([np.quantile(each, end, axis=0) for each in answers]) for end in BAND)
    missing = None
    if column.is_optional:
        nothing = "" if column.input.group == "strings" else np.nan
        missing = next(_answers(sample, part, column, values=[nothing])).mean(axis=0)
    mean = np.array([each.mean(axis=0) for each in answers])
    return Dependence(column, grid.values, mean, low, high, missing, grid.deciles)


def _answers(
    sample: Sample, part: Part, column: InputColumn, *, values: NDArray[np.float64] | Sequence[Any]
) -> Iterator[NDArray[np.float64]]:
    """Yield for each value the predictions of all rows with that value: [rows, outputs]."""
    for value in values:
        predicted = sample.model.run(_with(part.tensors, column, value)).astype(np.float64)
        match sample.outcomes.classes:
            case 0:
                yield predicted[:, np.newaxis]
            case 2:
                yield predicted[:, 1:]
            case _:
                yield predicted


def _with(tensors: Tensors, column: InputColumn, value: Any) -> Tensors:
    group = column.input.group
    changed = tensors[group].copy()
    changed[:, column.input.index] = value
    return {**tensors, group: changed}
