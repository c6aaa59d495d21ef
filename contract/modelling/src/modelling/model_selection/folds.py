"""Folds for cross-validation: a deterministic sample of the training rows, then the splits."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from stage_contract import LOGGER, ContractError

from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.metrics import Metric

type Rows = NDArray[np.int64]
type Fold = tuple[Rows, Rows]
"""Row numbers to fit on, and to score on."""

MIN_TRAIN_ROWS = 10
"""Minimum number of rows to compare candidates."""

MIN_FOLDS = 2

MIN_PART_ROWS = 2
"""Minimum number of held-out rows: no score is meaningful for a single row."""

MIN_DISTINCT_ROWS = 50
MAX_EQUAL_ROWS = 4
"""Limits for keeping equal rows in one fold: if fewer rows are distinct, and more are equal on
average, the score of a fold would depend on chance."""

MIN_CLASS_ROWS = 2
"""Minimum number of rows of a class, so that one is left to score."""


def check_target(target: NDArray[Any], problem: Problem) -> None:
    """Check that the target can be learned.

    Raises:
        ContractError: There are too few rows, a single value, or a class with too few rows.
    """
    name = problem.target.name
    if len(target) < MIN_TRAIN_ROWS:
        raise ContractError(
            f"train/: {len(target)} rows; expected at least {MIN_TRAIN_ROWS}, add more data"
        )
    if problem.classes is None:
        if target.min() == target.max():
            raise ContractError(
                f"train/: the target '{name}' is {target[0]:g} in all {len(target):,} rows;"
                " expected values that differ, check the target and the split"
            )
        return
    counts = np.bincount(target, minlength=problem.class_count)
    rarest = int(np.argmin(counts))
    if counts[rarest] < MIN_CLASS_ROWS:
        raise ContractError(
            f"train/: class '{problem.classes[rarest]}' of '{name}' has {counts[rarest]} of"
            f" {len(target):,} rows; expected at least {MIN_CLASS_ROWS}, merge it with another"
            " class or remove its rows"
        )


def sample(matrix: Matrix, problem: Problem, *, max_rows: int, folds: int, seed: int) -> Matrix:
    """Return about `max_rows` rows drawn by the seed, in order of time in a split by time.

    Every class keeps a row for each fold, however rare it is.
    """
    rows = np.arange(len(matrix.target))
    if len(rows) <= max_rows and matrix.time is None:
        return matrix
    if len(rows) > max_rows:
        drawn = np.random.default_rng(seed).choice(rows, max_rows, replace=False)
        rare = [np.flatnonzero(matrix.target == c)[:folds] for c in range(problem.class_count)]
        rows = np.unique(np.concatenate([drawn, *rare]))
    if matrix.time is not None:
        rows = rows[np.argsort(matrix.time[rows], kind="stable")]
    return matrix.take(rows)


def make_folds(
    matrix: Matrix, problem: Problem, *, metric: Metric, folds: int, seed: int
) -> Sequence[Fold]:
    """Return the splits: shuffled and stratified, or by time or group like the held-out rows.

    Raises:
        ContractError: No fold by time or group has the classes that it needs.
    """
    if matrix.time is not None:
        splits = _split_by_time(matrix.target, matrix.time, problem, metric=metric, folds=folds)
    elif matrix.group is not None:
        split = _split_by_group(matrix.target, matrix.group, problem, folds=folds, seed=seed)
        splits = _keep_complete_folds(split, matrix.target, problem, metric=metric, kind="by group")
    else:
        splits = _split_shuffled(matrix, problem, folds=folds, seed=seed)
    if len(splits) < folds:
        LOGGER.warning(
            "folds = %d, but %d can be made: too few %s",
            folds,
            len(splits),
            _scarce_rows(matrix, problem),
        )
    return splits


def _scarce_rows(matrix: Matrix, problem: Problem) -> str:
    rows = "rows of a class" if problem.classes else "rows"
    return rows if matrix.time is None else f"different times, or {rows}"


def _split_shuffled(matrix: Matrix, problem: Problem, *, folds: int, seed: int) -> Sequence[Fold]:
    """Return splits that keep equal rows together, by the columns of the split."""
    target = matrix.target
    group = equal_rows(_split_features(matrix.features, problem))
    if group is None:
        return _split_at_random(target, problem, folds=folds, seed=seed)
    first = _one_row_per_group(group, target, problem)
    if problem.classes and np.bincount(target[first], minlength=problem.class_count).min() < folds:
        return _split_at_random(target, problem, folds=folds, seed=seed)
    LOGGER.info(
        "%s of %s rows equal another row in the columns of the split; equal rows are in one fold",
        f"{np.count_nonzero(np.bincount(group)[group] > 1):,}",
        f"{len(group):,}",
    )
    parts = _split_at_random(target[first], problem, folds=folds, seed=seed)
    return [
        (np.flatnonzero(np.isin(group, fit)), np.flatnonzero(np.isin(group, held_out)))
        for fit, held_out in parts
    ]


def _split_features(features: NDArray[np.float32], problem: Problem) -> NDArray[np.float32]:
    """Return the features of the columns that the hash split uses."""
    columns = problem.split.columns
    known = {None, *(columns or ())}
    indexes = [
        index
        for index, feature in enumerate(problem.features)
        if {feature.source, feature.other_source} <= known
    ]
    return features[:, indexes] if 0 < len(indexes) < len(problem.features) else features


def equal_rows(features: NDArray[np.float32]) -> NDArray[np.int64] | None:
    """Return the group number of equal rows; None if they need not stay together.

    Equal rows need not stay together if all rows differ, or if the table has few distinct rows.
    """
    # Minus zero becomes zero.
    rows = np.ascontiguousarray(features + np.float32(0))
    as_bytes = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    _, group, counts = np.unique(as_bytes, return_inverse=True, return_counts=True)
    distinct = len(rows) ** 2 / float((counts.astype(np.float64) ** 2).sum())
    has_few_distinct = distinct < MIN_DISTINCT_ROWS and len(rows) > MAX_EQUAL_ROWS * distinct
    return None if len(counts) == len(rows) or has_few_distinct else group.ravel().astype(np.int64)


def _one_row_per_group(group: NDArray[np.int64], target: NDArray[Any], problem: Problem) -> Rows:
    """Return a row for each group, one of its rarest class."""
    rarity = np.bincount(target)[target] if problem.classes else np.zeros(len(target))
    order = np.lexsort((rarity, group))
    _, firsts = np.unique(group[order], return_index=True)
    chosen: Rows = order[firsts]
    return chosen


def _split_at_random(
    target: NDArray[Any], problem: Problem, *, folds: int, seed: int
) -> Sequence[Fold]:
    possible = np.bincount(target).min() if problem.classes else len(target) // 2
    splitter = StratifiedKFold if problem.classes else KFold
    split = splitter(min(folds, int(possible)), shuffle=True, random_state=seed)
    return list(split.split(target, target))


def _split_by_group(
    target: NDArray[Any], group: NDArray[np.int64], problem: Problem, *, folds: int, seed: int
) -> Sequence[Fold]:
    """Return splits that keep groups together."""
    # No score is meaningful for a single held-out row.
    possible = min(folds, len(np.unique(group)), len(target) // 2)
    if possible < MIN_FOLDS:
        raise ContractError(
            "train/: all rows are in one group; expected at least two to validate with, set another"
            " group_column in [features]"
        )
    if problem.classes is None:
        return list(GroupKFold(possible).split(target, groups=group))
    possible = min(possible, int(np.bincount(target).min()))
    split = StratifiedGroupKFold(possible, shuffle=True, random_state=seed)
    return list(split.split(target, target, group))


def _split_by_time(
    target: NDArray[Any],
    time: NDArray[np.float64],
    problem: Problem,
    *,
    metric: Metric,
    folds: int,
) -> Sequence[Fold]:
    """Return splits in which all held-out rows are later than the fitted rows."""
    cuts = find_time_cuts(time, folds)
    if not cuts:
        raise ContractError(
            "train/: @time does not divide the rows: all, or all but one, have the same time;"
            " expected different times to validate with, set another time_column or"
            ' split = "hash" in [features]'
        )
    rows = np.arange(len(target))
    split = [(rows[:start], rows[start:stop]) for start, stop in pairwise([*cuts, len(rows)])]
    return _keep_complete_folds(split, target, problem, metric=metric, kind="in time")


def find_time_cuts(time: NDArray[np.float64], folds: int) -> list[int]:
    """Return at most `folds` cuts, each at the first row of a time, with parts of similar size.

    Equal times are never divided. There are at least two rows before the first cut and between
    cuts.
    """
    folds = min(folds, len(time) // MIN_PART_ROWS - 1)
    size = len(time) // (folds + 1)
    even_cuts = range(len(time) - folds * size, len(time), size)
    cuts: list[int] = []
    for even_cut in even_cuts:
        ends = [int(np.searchsorted(time, time[even_cut], side=side)) for side in ("left", "right")]
        earliest = (cuts[-1] if cuts else 0) + MIN_PART_ROWS
        fit = [end for end in ends if earliest <= end <= len(time) - MIN_PART_ROWS]
        if fit:
            cuts.append(min(fit, key=lambda end: abs(end - even_cut)))
    return cuts


def _keep_complete_folds(
    folds: Iterable[Fold], target: NDArray[Any], problem: Problem, *, metric: Metric, kind: str
) -> Sequence[Fold]:
    """Return the folds that have the classes needed to fit and to score."""
    if problem.classes is None:
        return list(folds)
    expected = problem.class_count if metric.needs_every_class else 1
    complete = [
        (fit, held_out)
        for fit, held_out in folds
        if len(np.unique(target[fit])) > 1 and len(np.unique(target[held_out])) >= expected
    ]
    if not complete:
        raise ContractError(
            f"train/: no fold {kind} has the classes of '{problem.target.name}' that"
            f" {metric.name} needs; set fewer folds or another metric in [train],"
            ' or split = "hash" in [features]'
        )
    return complete
