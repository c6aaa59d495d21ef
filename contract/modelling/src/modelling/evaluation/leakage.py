"""Leakage: columns that nearly determine the target, and may be unknown at prediction time."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from stage_contract import LOGGER

from modelling.data.feature_data import FeatureData
from modelling.data.matrices import TARGET, read_evenly_spaced

MIN_LEAK_SHARE = 0.98
"""Minimum share of the target that a column explains on held-out rows to count as leakage."""

MIN_NEAR_LEAK_SHARE = 0.95
"""Minimum share for a warning that a column is nearly a leak; metrics are not affected."""

MIN_PERFECT_R2 = 0.999
"""Minimum R² for a warning that several columns may determine the target."""

MAX_ROWS = 10_000
"""Maximum number of rows; more do not change the result."""

MAX_CELLS = 1_000_000
"""Maximum number of matrix cells: a text column has hundreds of features."""

type Leak = dict[str, Any]
"""A column, and the share of the target that it explains alone."""


def find_leaks(data: FeatureData) -> list[Leak]:
    """Return the columns that alone explain (nearly) all of the target, on held-out rows.

    A decision tree is fitted on each column. Its score is R² on ranks, or balanced accuracy scaled
    so that guessing is 0. A column that equals the target has 1.
    """
    names = [feature.name for feature in data.problem.features]
    tables = [
        read_evenly_spaced(data.artifact, folder, columns=[*names, TARGET], max_rows=MAX_ROWS)
        for folder in ("train", "test")
    ]
    leaks = []
    # A feature of two columns says nothing about one of them alone.
    features = [feature for feature in data.problem.features if feature.other_source is None]
    for column in dict.fromkeys(feature.source for feature in features):
        names = [feature.name for feature in features if feature.source == column]
        share = _explained_share(tables, names, is_number=data.problem.classes is None)
        if share >= MIN_LEAK_SHARE:
            leaks.append({"column": column, "share": round(share, 4)})
        elif share >= MIN_NEAR_LEAK_SHARE:
            _log_near_leak(column, share, target=data.problem.target.name)
    return leaks


def _explained_share(tables: Sequence[pa.Table], names: Sequence[str], *, is_number: bool) -> float:
    """Return the share of the second table's target that features explain, fitted on the first."""
    step = 1 + MAX_ROWS * len(names) // MAX_CELLS
    targets = [table[TARGET].to_numpy()[::step] for table in tables]
    if not all(map(_varies, targets)):
        return 0.0
    matrices = [
        np.column_stack([table[name].to_numpy()[::step] for name in names]) for table in tables
    ]
    score = _rank_score if is_number else _class_score
    return score(matrices, targets)


def _varies(target: NDArray[Any]) -> bool:
    return bool(target.min() < target.max())


def log_leaks(leaks: Sequence[Leak], *, target: str) -> None:
    """Log a warning for each leak, with the remedy."""
    for leak in leaks:
        LOGGER.warning(
            "column '%s' alone explains %.1f %% of '%s' on held-out rows: it is a leak if it is not"
            " known when a prediction is requested; then add %s to exclude in [features]",
            leak["column"],
            100 * leak["share"],
            target,
            json.dumps(leak["column"], ensure_ascii=False),
            extra={"leak": leak},
        )


def log_perfect_fit(r2: float, *, target: str) -> None:
    """Warn about a target that several columns determine together."""
    if r2 >= MIN_PERFECT_R2:
        LOGGER.warning(
            "R² is %.4f on held-out rows: the columns together determine '%s', perhaps as a sum;"
            " if some are not known when a prediction is requested, add them to exclude in"
            " [features]",
            r2,
            target,
        )


def _log_near_leak(column: str, share: float, *, target: str) -> None:
    LOGGER.warning(
        "column '%s' alone explains %.1f %% of '%s' on held-out rows, which is nearly a leak: if it"
        " is not known when a prediction is requested, add %s to exclude in [features]",
        column,
        100 * share,
        target,
        json.dumps(column, ensure_ascii=False),
    )


def _rank_score(matrices: Sequence[NDArray[Any]], targets: Sequence[NDArray[Any]]) -> float:
    """Return R² on ranks, which is robust to outliers and 1 for any monotonic copy."""
    known = np.sort(targets[0])
    fitted, truth = (_ranks(known, target) for target in targets)
    predicted = DecisionTreeRegressor(random_state=0).fit(matrices[0], fitted).predict(matrices[1])
    residual = float(((truth - predicted) ** 2).sum())
    total = float(((truth - truth.mean()) ** 2).sum())
    # Values outside the training range share one rank, so the total may be 0.
    return 1 - residual / total if total else 0.0


def _ranks(known: NDArray[Any], values: NDArray[Any]) -> NDArray[np.float64]:
    left, right = (np.searchsorted(known, values, side=side) for side in ("left", "right"))
    ranks: NDArray[np.float64] = (left + right) / (2 * len(known))
    return ranks


def _class_score(matrices: Sequence[NDArray[Any]], targets: Sequence[NDArray[Any]]) -> float:
    """Return the mean recall of the classes, scaled so that guessing is 0."""
    tree = DecisionTreeClassifier(class_weight="balanced", random_state=0)
    predicted = tree.fit(matrices[0], targets[0]).predict(matrices[1])
    classes = np.unique(targets[1])
    recall = float(np.mean([(predicted[targets[1] == c] == c).mean() for c in classes]))
    guess = 1 / len(classes)
    return (recall - guess) / (1 - guess)
