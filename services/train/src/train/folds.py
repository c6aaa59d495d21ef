"""Folds for cross-validation: a deterministic sample of the training rows, then the splits."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold, StratifiedKFold, TimeSeriesSplit
from stage_contract import LOGGER, ContractError

from train.matrices import Matrix
from train.problem import Problem

type Rows = NDArray[np.int64]
type Fold = tuple[Rows, Rows]
"""Row numbers to fit on, and to score on."""

SMALLEST = 2
"""Of a class with fewer rows none would be left to score on."""


def check_target(target: NDArray[Any], problem: Problem) -> None:
    """Check that there is something to learn.

    Raises:
        ContractError: too few rows, one value only, or a class with too few rows.
    """
    if problem.classes is None:
        if len(np.unique(target)) < SMALLEST:
            raise ContractError(
                f"train/: the target '{problem.target['name']}' is {target[0]:g} in all"
                f" {len(target):,} rows; expected two values at least, check target and split"
            )
        return
    counts = np.bincount(target, minlength=problem.class_count)
    rarest = int(counts.argmin())
    if counts[rarest] < SMALLEST:
        raise ContractError(
            f"train/: class '{problem.classes[rarest]}' of '{problem.target['name']}' has"
            f" {counts[rarest]} of {len(target):,} rows; expected {SMALLEST} at least,"
            " join it with another class or leave its rows out"
        )


def sample(matrix: Matrix, problem: Problem, *, at_most: int, folds: int, seed: int) -> Matrix:
    """Return about `at_most` rows drawn by the seed, in order of time where there is one.

    Of every class a row for each fold stays in, however rare it is.
    """
    rows = np.arange(len(matrix.target))
    if len(rows) > at_most:
        drawn = np.random.default_rng(seed).choice(rows, at_most, replace=False)
        rare = [np.flatnonzero(matrix.target == c)[:folds] for c in range(problem.class_count)]
        rows = np.unique(np.concatenate([drawn, *rare]))
    if matrix.time is not None:
        rows = rows[np.argsort(matrix.time[rows], kind="stable")]
    return matrix.take(rows)


def make_folds(matrix: Matrix, problem: Problem, *, folds: int, seed: int) -> Sequence[Fold]:
    """Return the splits: shuffled and by class, or by time if the test rows are later ones.

    Raises:
        ContractError: no fold in time holds every class on both sides.
    """
    if matrix.time is not None:
        return _in_time(matrix.target, problem, folds=folds)
    available = _available(matrix.target, problem)
    if available < folds:
        LOGGER.warning("%d folds instead of %d: there are too few rows for more", available, folds)
    splitter = StratifiedKFold if problem.classes else KFold
    split = splitter(min(folds, available), shuffle=True, random_state=seed)
    return list(split.split(matrix.target, matrix.target))


def _available(target: NDArray[Any], problem: Problem) -> int:
    return int(np.bincount(target).min()) if problem.classes else len(target)


def _in_time(target: NDArray[Any], problem: Problem, *, folds: int) -> Sequence[Fold]:
    count = min(folds, len(target) - 1)
    splits = list(TimeSeriesSplit(count).split(target))
    whole = [fold for fold in splits if _is_whole(fold, target, problem)]
    if not whole:
        raise ContractError(
            f"train/: no fold in time holds every class of '{problem.target['name']}' on both"
            " sides; set fewer folds in [train], or split by hash in [features]"
        )
    if len(whole) < folds:
        LOGGER.warning("%d folds in time instead of %d: others lack a class", len(whole), folds)
    return whole


def _is_whole(fold: Fold, target: NDArray[Any], problem: Problem) -> bool:
    return all(len(np.unique(target[side])) >= problem.class_count for side in fold)
