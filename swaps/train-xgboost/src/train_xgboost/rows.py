"""The training rows in memory, and the choice of the validation part."""

from dataclasses import dataclass

import numpy as np
from modelling.data.matrices import TIME, read_column, read_group, read_target
from modelling.data.problem import Problem
from modelling.model_selection.folds import check_target
from modelling.model_selection.metrics import Metric
from numpy.typing import NDArray
from stage_contract import Artifact, ContractError

from train_xgboost.objectives import Values

type Chosen = NDArray[np.bool_]
"""Mask of the training rows that belong to a part."""


@dataclass(frozen=True)
class Rows:
    """All rows of train/; features stay on disk."""

    source: Artifact
    problem: Problem
    target: Values
    labels: NDArray[np.float32]
    """The target as XGBoost's labels."""
    weights: NDArray[np.float64] | None
    """Sample weights, if they differ."""

    @property
    def everything(self) -> Chosen:
        return np.ones(len(self.target), dtype=bool)

    def weights_of(self, chosen: Chosen) -> NDArray[np.float64] | None:
        """Return the weights of some rows, if they differ."""
        return None if self.weights is None else self.weights[chosen]


def read_training_target(source: Artifact, problem: Problem) -> Values:
    """Read the target, and check that it can be learned."""
    target = read_target(source, problem, folder="train")
    check_target(target, problem)
    return target


def choose_validation(rows: Rows, metric: Metric, *, share: float, seed: int) -> Chosen:
    """Return the rows for early stopping: the last in time, whole groups, or some of each class.

    Raises:
        ContractError: A split by time or group leaves a class that is needed without rows.
    """
    target, problem = rows.target, rows.problem
    if problem.split.kind == "time":
        chosen = _last(read_column(rows.source, TIME), share)
        _check_classes(rows, chosen, metric, kind="in time")
        return chosen
    generator = np.random.default_rng(seed)
    if (group := read_group(rows.source, problem, folder="train")) is not None:
        chosen = _groups(group, share, generator)
        _check_classes(rows, chosen, metric, kind="by group")
        return chosen
    groups = [target == index for index in range(problem.class_count)] or [rows.everything]
    chosen = np.zeros(len(target), dtype=bool)
    for group in groups:
        found = np.flatnonzero(group)
        chosen[generator.choice(found, _count(len(found), share), replace=False)] = True
    return chosen


def _last(time: NDArray[np.float64], share: float) -> Chosen:
    """Return about this share of the latest rows; equal times are on the same side."""
    times = np.sort(time)
    boundary = times[-_count(len(time), share)]
    later = times[times > times[0]]
    if not later.size:
        raise ContractError(
            "train/: all rows have the same @time; expected different times to validate with, set"
            ' another time_column or split = "hash" in [features]'
        )
    return np.asarray(time >= max(boundary, later[0]))


def _groups(group: NDArray[np.int64], share: float, generator: np.random.Generator) -> Chosen:
    """Return whole groups with about this share of the rows."""
    numbers, rows = np.unique(group, return_counts=True)
    if len(numbers) == 1:
        raise ContractError(
            "train/: all rows are of one group; expected two at least to validate with, set another"
            " group_column in [features]"
        )
    order = generator.permutation(len(numbers))
    enough = int(np.searchsorted(np.cumsum(rows[order]), share * len(group))) + 1
    return np.isin(group, numbers[order[: min(enough, len(numbers) - 1)]])


def _count(rows: int, share: float) -> int:
    """Return the number of validation rows: at least one, and never all."""
    return min(max(1, round(rows * share)), rows - 1)


def _check_classes(rows: Rows, chosen: Chosen, metric: Metric, *, kind: str) -> None:
    if rows.problem.classes is None:
        return
    wanted = rows.problem.class_count if metric.needs_every_class else 1
    before, after = (len(np.unique(rows.target[part])) for part in (~chosen, chosen))
    if before == 1 or after < wanted:
        raise ContractError(
            f"train/: {kind}, {(~chosen).sum():,} rows to fit on hold {before} of"
            f" {rows.problem.class_count} classes, {chosen.sum():,} held back {after}, too few to"
            f" stop by {metric.name}; set another validation_share or metric in [train], or"
            ' split = "hash" in [features]'
        )
