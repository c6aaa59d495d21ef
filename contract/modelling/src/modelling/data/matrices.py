"""The tables of feature-data: the training matrix, and the held-out rows in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet
from stage_contract import Artifact, ContractError

from modelling.data.problem import Problem

TARGET = "@target"
TIME = "@time"
GROUP = "@group"
WEIGHT = "@weight"
BATCH_ROWS = 8_192
MAX_TOTAL_WEIGHT = 1e30
"""Maximum total weight: boosting multiplies weights with residuals in float32."""


@dataclass(frozen=True)
class Matrix:
    """Training rows, with the features in float32 as in the graph."""

    features: NDArray[np.float32]
    target: NDArray[Any]
    time: NDArray[np.float64] | None = None
    """Timestamps, in a split by time."""
    group: NDArray[np.int64] | None = None
    """Group codes, in a split by group: a group must not be divided."""
    weights: NDArray[np.float64] | None = None
    """Sample weights; None if all rows count the same."""

    def take(self, rows: NDArray[np.int64]) -> "Matrix":
        """Return the rows with these numbers, in this order."""
        return Matrix(
            self.features[rows],
            self.target[rows],
            time=None if self.time is None else self.time[rows],
            group=None if self.group is None else self.group[rows],
            weights=None if self.weights is None else self.weights[rows],
        )


def read_matrix(source: Artifact, problem: Problem) -> Matrix:
    """Read train/.

    Raises:
        ContractError: A column is missing or has invalid values.
    """
    names = [feature.name for feature in problem.features]
    features = np.empty((count_rows(source, "train"), len(names)), dtype=np.float32)
    start = 0
    for batch in read_batches(source, "train", columns=names):
        rows = slice(start, start + batch.num_rows)
        for index, name in enumerate(names):
            features[rows, index] = batch[name].to_numpy(zero_copy_only=False)
        start = rows.stop
    check_training_features(features, names)
    return Matrix(
        features,
        read_target(source, problem, folder="train"),
        time=read_column(source, TIME) if problem.split.kind == "time" else None,
        group=read_group(source, problem, folder="train"),
        weights=read_weights(source, problem, folder="train"),
    )


def read_target(source: Artifact, problem: Problem, *, folder: str) -> NDArray[Any]:
    """Read the target of a folder."""
    count_rows(source, folder)
    batches = read_batches(source, folder, columns=[TARGET])
    return np.concatenate([_target(batch, problem, folder=folder) for batch in batches])


def read_weights(source: Artifact, problem: Problem, *, folder: str) -> NDArray[np.float64] | None:
    """Read the sample weights of a folder; None if all rows count the same.

    Raises:
        ContractError: A weight is not a positive number, or the total is too large.
    """
    if not problem.has_weights:
        return None
    weights: NDArray[np.float64] = read_column(source, WEIGHT, folder=folder)
    if not (np.isfinite(weights) & (weights > 0)).all():
        raise ContractError(f"{folder}/: {WEIGHT} is not positive in a row; run features again")
    with np.errstate(over="ignore"):
        total = float(weights.sum())
    if total > MAX_TOTAL_WEIGHT:
        raise ContractError(
            f"{folder}/: the weights add up to more than {MAX_TOTAL_WEIGHT:g}; scale the column"
            " down that [features] weight_column names"
        )
    return weights


def read_group(source: Artifact, problem: Problem, *, folder: str) -> NDArray[np.int64] | None:
    """Read the group codes of a folder; None unless the split was by group."""
    return read_column(source, GROUP, folder=folder) if problem.split.kind == "group" else None


def read_column(source: Artifact, name: str, *, folder: str = "train") -> NDArray[Any]:
    """Read one column of a folder's rows: TIME, GROUP or WEIGHT if present."""
    batches = read_batches(source, folder, columns=[name])
    return np.concatenate([batch[name].to_numpy(zero_copy_only=False) for batch in batches])


def read_batches(
    source: Artifact, folder: str, *, columns: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """Yield a folder's rows in batches of bounded size.

    Raises:
        ContractError: A column is missing.
    """
    for path in source.files(folder):
        with parquet.ParquetFile(path) as file:
            missing = sorted(set(columns) - set(file.schema_arrow.names))
            if missing:
                raise ContractError(f"{path}: no column '{missing[0]}'; run features again")
            for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
                yield batch.cast(_stored(batch.schema))


def read_type(source: Artifact, folder: str, *, column: str) -> pa.DataType:
    """Return the type of a column."""
    return _stored(parquet.read_schema(source.files(folder)[0])).field(column).type


def _stored(schema: pa.Schema) -> pa.Schema:
    """Return the types that Parquet stores: a large string is Arrow's name for a string."""
    return pa.schema(
        [
            field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field
            for field in schema
        ]
    )


def read_evenly_spaced(
    source: Artifact, folder: str, *, columns: Sequence[str], max_rows: int
) -> pa.Table:
    """Return at most `max_rows` rows, evenly spaced over the folder and always the same."""
    chosen = evenly_spaced(count_rows(source, folder), max_rows)
    parts, start = [], 0
    for batch in read_batches(source, folder, columns=columns):
        stop = start + batch.num_rows
        parts.append(batch.take(pa.array(chosen[(chosen >= start) & (chosen < stop)] - start)))
        start = stop
    return pa.Table.from_batches(parts).combine_chunks()


def evenly_spaced(rows: int, max_rows: int) -> NDArray[np.int64]:
    """Return at most `max_rows` evenly spaced row numbers."""
    return np.unique(np.linspace(0, rows - 1, min(rows, max_rows)).astype(np.int64))


def count_rows(source: Artifact, folder: str) -> int:
    """Return the number of rows of a folder.

    Raises:
        ContractError: The folder has no rows.
    """
    rows = sum(_count_file_rows(path) for path in source.files(folder))
    if not rows:
        raise ContractError(f"{source.path}: {folder}/ holds no rows; run features again")
    return rows


def check_training_features(
    features: NDArray[Any], names: Sequence[str], *, start: int = 0
) -> None:
    """Check training rows; `start` is the number of rows before them.

    Raises:
        ContractError: A feature is missing or infinite.
    """
    wrong = np.argwhere(~np.isfinite(features))
    if wrong.size:
        row, column = wrong[0]
        raise ContractError(
            f"train/: feature '{names[column]}' is {features[row, column]} in row"
            f" {start + row + 1}; expected a finite number, transform.onnx must fill in what is"
            " missing"
        )


def _count_file_rows(path: Path) -> int:
    return int(parquet.read_metadata(path).num_rows)


def _target(batch: pa.RecordBatch, problem: Problem, *, folder: str) -> NDArray[Any]:
    column = batch[TARGET]
    values = column.to_numpy(zero_copy_only=False)
    if column.null_count or not np.isfinite(values).all():
        raise ContractError(f"{folder}/: {TARGET} is missing in a row; expected a value in each")
    if problem.classes is None:
        numbers = np.asarray(values, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            has_no_scale = ~np.isfinite(problem.scale.transform(numbers))
        if has_no_scale.any():
            raise ContractError(
                f"{folder}/: {TARGET} is {numbers[has_no_scale][0]:g}; expected numbers that have a"
                f" {problem.target.transform}, run features again"
            )
        return numbers
    outside = (values < 0) | (values >= problem.class_count)
    if outside.any():
        raise ContractError(
            f"{folder}/: {TARGET} is {values[outside][0]}; expected the index of one of"
            f" {problem.class_count} classes in features.json"
        )
    return np.asarray(values, dtype=np.int64)
