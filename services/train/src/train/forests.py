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

_VALUES_MAX = 100_000
"""Of leaves in all trees together, one for each class: some 10 MB in the graph, which serve admits
and holds once a worker."""

_LEAVES_MAX = 2_000


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


def space(problem: Problem, rows: int) -> Space:
    """Return how fine and how different the trees may be."""
    leaves = min(_LEAVES_MAX, _VALUES_MAX // (TREES * max(1, problem.class_count)))
    features = len(problem.features)
    lowest = min(1.0, max(0.1, 1 / features))
    first = max(lowest, math.sqrt(features) / features) if problem.classes else 0.5
    return Space(
        {"max_features": share(lowest), "min_samples_leaf": count(1, max(1, rows // 500))},
        {"max_features": max(lowest, first), "min_samples_leaf": 1},
        {"n_estimators": TREES, "max_leaf_nodes": max(8, leaves)},
    )
