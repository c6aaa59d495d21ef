"""Slices: metrics of a model on the held-out rows of each category of a column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute
from stage_contract import Progress, SettingsError, did_you_mean

from modelling.data.feature_data import FeatureData
from modelling.data.matrices import read_batches, read_type
from modelling.model_selection.bootstrap import Outcomes, evaluate
from modelling.model_selection.metrics import Metric, Values

MAX_SLICES = 50
"""Maximum number of slices of a column, largest first."""
RESAMPLES = 50
"""Resamples of the bootstrap, fewer than for all rows: slices are many, and the gate uses the value
only."""

_NEED_VARIANCE = frozenset({"r2", "matthews_corrcoef"})
"""Metrics that are undefined where all true values are equal."""

_CATEGORY_TYPES = (pa.types.is_string, pa.types.is_boolean, pa.types.is_integer)


@dataclass(frozen=True)
class _SlicedColumn:
    """The held-out rows of one column by category."""

    name: str
    values: Sequence[str | None]
    codes: NDArray[np.int64]
    """Index into `values` for each row."""
    counts: NDArray[np.int64]
    evaluated: Sequence[int]
    """The evaluated categories, largest first."""

    @property
    def left_out(self) -> list[int]:
        """The categories that are not evaluated."""
        return [code for code in range(len(self.counts)) if code not in self.evaluated]


@dataclass(frozen=True)
class Slicing:
    """The columns of the slices, and the minimum size of a slice."""

    columns: Sequence[str]
    min_rows: int


def check_slices(data: FeatureData, names: Sequence[str]) -> None:
    """Check that each name is a column of categories and is not private.

    Raises:
        SettingsError: A name is unknown, private, not a column of categories, or listed twice.
    """
    known = {column.name: column.private for column in data.problem.columns}
    known |= {field.name: field.private for field in data.schema.fields if field.private}
    for name in names:
        lead = f"[train] slices: '{name}'"
        if name not in known:
            raise SettingsError(f"{lead} is not a column{did_you_mean(name, known)}")
        if known[name]:
            raise SettingsError(
                f"{lead} is private, and no document may hold its values; remove it from slices"
            )
        kind = read_type(data.artifact, "test-rows", column=name)
        if not any(is_type(kind) for is_type in _CATEGORY_TYPES):
            raise SettingsError(f"{lead} is {kind}; expected texts, booleans or integers")
    if len(set(names)) < len(names):
        raise SettingsError(f"[train] slices = {list(names)}: expected each column once")


def describe_slices(
    data: FeatureData,
    slicing: Slicing,
    *,
    model: Outcomes,
    baseline: Outcomes,
    metrics: Sequence[Metric],
) -> list[dict[str, Any]]:
    """Return the slices of each column, largest first, in the form of model.json.

    `model` and `baseline` hold all held-out rows, in the same order. A missing value is a category
    of its own, null.
    """
    columns = [_slice(data, name, min_rows=slicing.min_rows) for name in slicing.columns]
    progress = Progress("slices evaluated", total=sum(len(column.evaluated) for column in columns))
    return [
        _describe_column(column, (model, baseline), metrics, progress=progress)
        for column in columns
    ]


def _slice(data: FeatureData, name: str, *, min_rows: int) -> _SlicedColumn:
    values, codes, counts = _categories(data, name)
    ranked = np.argsort(-counts, kind="stable").tolist()
    evaluated = [code for code in ranked if counts[code] >= min_rows][:MAX_SLICES]
    return _SlicedColumn(name, values, codes, counts, evaluated)


def _describe_column(
    column: _SlicedColumn,
    outcomes: tuple[Outcomes, Outcomes],
    metrics: Sequence[Metric],
    *,
    progress: Progress,
) -> dict[str, Any]:
    slices = []
    for code in column.evaluated:
        scores = _score(outcomes, metrics, rows=np.flatnonzero(column.codes == code))
        entry = {"value": column.values[code], "rows": int(column.counts[code])}
        slices.append(entry | scores)
        progress.add(1)
    left_out = column.left_out
    return {
        "column": column.name,
        "slices": slices,
        "left_out": {"categories": len(left_out), "rows": int(column.counts[left_out].sum())},
    }


def _score(
    outcomes: tuple[Outcomes, Outcomes], metrics: Sequence[Metric], *, rows: NDArray[np.int64]
) -> dict[str, Any]:
    model, baseline = (outcome.take(rows) for outcome in outcomes)
    defined = [*_defined_metrics(metrics, model.truth)]
    scores = evaluate(model, metrics=defined, seed=0, resamples=RESAMPLES)
    compared = {metric.name: baseline.score(metric) for metric in defined if metric.name in scores}
    return {"metrics": scores, "baseline": compared}


def _categories(
    data: FeatureData, name: str
) -> tuple[list[str | None], NDArray[np.int64], NDArray[np.int64]]:
    """Return the categories sorted by text, the code of each row, and the counts."""
    batches = read_batches(data.artifact, "test-rows", columns=[name])
    column = pa.chunked_array([compute.cast(batch[name], pa.string()) for batch in batches])
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    values: list[str | None] = encoded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=lambda code: (values[code] is None, values[code] or ""))
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.arange(len(values))
    codes = ranks[encoded.indices.to_numpy()]
    return [values[code] for code in order], codes, np.bincount(codes, minlength=len(values))


def _defined_metrics(metrics: Sequence[Metric], truth: Values) -> Iterator[Metric]:
    is_constant = bool(truth.min() == truth.max())
    for metric in metrics:
        if not (metric.name in _NEED_VARIANCE and is_constant):
            yield metric
