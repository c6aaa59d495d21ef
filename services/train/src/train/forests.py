"""Forests: many trees, each on rows and columns of its own, and their mean."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from modelling.estimators import Estimator
from modelling.problem import Problem
from modelling.trials import Hyperparameters
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from train import threads
from train.spaces import Space, count, share

TREES = 50
"""Of twice as many the score was the same to three decimals."""

_FORESTS = (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

_VALUES_MAX = 20_000
"""Of leaves in all trees together, one for each class. ONNX Runtime holds 0.9 KB for each, once a
worker: serve refuses what takes 100 MB, and a worker is to stay below 120 with all else."""

_LEAVES_MAX = 400

_TREE_ROWS = 10_000
"""Of a larger sample in cross-validation a tree sees so many, and the same share of all rows in the
last fit: where rows are many, boosting is better and faster."""


def build_random(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    """Return a random forest, unfitted."""
    family = RandomForestClassifier if problem.classes else RandomForestRegressor
    estimator: Estimator = family(**hyperparameters)
    return estimator


def build_extra(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    """Return extremely randomised trees, unfitted."""
    family = ExtraTreesClassifier if problem.classes else ExtraTreesRegressor
    estimator: Estimator = family(**hyperparameters)
    return estimator


@contextmanager
def side_by_side(estimator: Estimator) -> Iterator[None]:
    """Let a forest grow on all processors, which changes no tree of it; others stay as they are.

    It predicts on one: side by side, trees are added up in another order every time.
    """
    if isinstance(estimator, _FORESTS):
        estimator.set_params(n_jobs=threads.FITS_AT_ONCE)
    yield
    if isinstance(estimator, _FORESTS):
        estimator.set_params(n_jobs=None)


def space_of_random(problem: Problem, rows: int) -> Space:
    """Return how fine and how different the trees may be, each on rows drawn for it."""
    return _space(problem, rows, {})


def space_of_extra(problem: Problem, rows: int) -> Space:
    """Return the same of trees that see all rows, where these are few."""
    return _space(problem, rows, {"bootstrap": rows > _TREE_ROWS})


def _space(problem: Problem, rows: int, further: Hyperparameters) -> Space:
    leaves = min(_LEAVES_MAX, _VALUES_MAX // (TREES * max(1, problem.class_count)))
    features = len(problem.features)
    lowest = min(1.0, max(0.1, 1 / features))
    first = max(lowest, math.sqrt(features) / features) if problem.classes else 0.5
    fixed: Hyperparameters = {"n_estimators": TREES, "max_leaf_nodes": max(8, leaves)} | further
    if rows > _TREE_ROWS:
        fixed |= {"max_samples": _TREE_ROWS / rows}
    return Space(
        {"max_features": share(lowest), "min_samples_leaf": count(1, max(1, rows // 500))},
        [{"max_features": max(lowest, first), "min_samples_leaf": 1}],
        fixed,
    )
