"""Small public tables as training and held-out rows, drawn by a seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from numpy.typing import NDArray
from pyarrow import compute, csv

from bench.search.small_tables import SmallTable

MAX_ONE_HOT = 12
"""Maximum number of texts of a one-hot column; others become codes, frequent texts first."""

MAX_HELD_OUT_ROWS = 4_000


@dataclass(frozen=True)
class Sample:
    """Training rows and held-out rows."""

    problem: Problem
    train: Matrix
    held_out: Matrix


def draw(table: SmallTable, path: Path, *, seed: int) -> Sample:
    """Return rows drawn by the seed; in a split by time, the held-out rows are the latest."""
    read = csv.read_csv(
        path,
        convert_options=csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=True),
    )
    read = read.filter(compute.is_valid(read[table.target]))
    columns = [_encode(name, read[name], table) for name in _inputs(read, table)]
    features = np.column_stack([values for values, _ in columns]).astype(np.float32)
    target, classes = _target(read[table.target])
    problem = Problem.model_validate(
        {
            "task": "regression" if classes is None else "classification",
            "target": {"name": table.target},
            "classes": classes,
            "features": [feature for _, features in columns for feature in features],
            "columns": [],
            "split": {"kind": "time" if table.time else "hash"},
        }
    )
    time = _days(read[table.time]) if table.time else None
    rows = np.random.default_rng(seed).permutation(len(target))
    rows = rows[: table.rows + MAX_HELD_OUT_ROWS]
    if time is not None:
        # As many held-out rows as half the training rows, so that the period is short.
        rows = rows[: table.rows * 3 // 2]
        rows = rows[np.argsort(time[rows], kind="stable")]
    matrix = Matrix(features, target, time=time)
    return Sample(problem, matrix.take(rows[: table.rows]), matrix.take(rows[table.rows :]))


def _inputs(read: pa.Table, table: SmallTable) -> list[str]:
    return [name for name in read.column_names if name not in {table.target, *table.dropped}]


def _encode(
    name: str, column: pa.ChunkedArray, table: SmallTable
) -> tuple[NDArray[np.float64], list[dict[str, str]]]:
    """Return the features of a column: missing numbers are the median, missing texts are empty."""
    if name == table.time:
        days = _days(column)
        return np.column_stack([days, days % 7, days % 365.25]), _describe(name, "date-part", 3)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if not pa.types.is_string(column.type):
        numbers = column.cast(pa.float64()).to_numpy()
        filled = np.where(np.isnan(numbers), np.nanmedian(numbers), numbers)
        return filled[:, np.newaxis], _describe(name, "number", 1)
    texts = np.array(column.fill_null("").to_pylist())
    known, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    if len(known) <= MAX_ONE_HOT:
        return np.eye(len(known))[codes], _describe(name, "one-hot", len(known))
    ranks = np.argsort(np.argsort(-counts, kind="stable"))
    return ranks[codes][:, np.newaxis].astype(np.float64), _describe(name, "ordinal", 1)


def _describe(name: str, role: str, count: int) -> list[dict[str, str]]:
    return [{"name": f"{name} {index}", "source": name, "role": role} for index in range(count)]


def _target(column: pa.ChunkedArray) -> tuple[NDArray[Any], list[Any] | None]:
    """Return numbers, or class indexes and the classes; `rating` is a class from 1 to 5."""
    values = column.to_numpy(zero_copy_only=False)
    if len(np.unique(values)) > MAX_ONE_HOT:
        return values.astype(np.float64), None
    classes, indexes = np.unique(values, return_inverse=True)
    return indexes, [str(each) for each in classes]


def _days(column: pa.ChunkedArray) -> NDArray[np.float64]:
    return np.asarray(column.cast(pa.date32()).cast(pa.int32()).to_numpy(), dtype=np.float64)
