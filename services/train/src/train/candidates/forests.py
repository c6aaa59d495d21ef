"""Forests: random forests and extremely randomised trees."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from modelling.data.problem import Problem
from modelling.graphs.forests import forest_graph
from modelling.graphs.output_heads import EstimatorGraph
from modelling.model_selection.estimators import Estimator
from modelling.model_selection.trials import Hyperparameters
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from train import threads
from train.candidates.search_spaces import Space, count, share
from train.candidates.target_encoding import (
    innermost,
    target_encoded,
    target_encoding_graph,
    vary_target_encoding,
)
from train.candidates.tree_sizes import Sizes

TREES = 50
"""Number of trees: twice as many gave the same score to three decimals."""

_FORESTS = (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

_MAX_VALUES = 20_000
"""Maximum leaves of all trees together, times the number of classes. ONNX Runtime needs 0.9 KB for
each in every worker; serve rejects models above 100 MB, and a worker should take 120 MB at most."""

_MAX_LEAVES = 400

_MAX_TREE_ROWS = 10_000
"""Maximum number of rows per tree in cross-validation; the final fit uses the same share of all
rows. On large tables, boosting is better and faster."""


def build_random(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    """Return a random forest, unfitted."""
    return target_encoded(_random, problem, hyperparameters)


def build_extra(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    """Return extremely randomised trees, unfitted."""
    return target_encoded(_extra, problem, hyperparameters)


def _random(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    family = RandomForestClassifier if problem.classes else RandomForestRegressor
    estimator: Estimator = family(**hyperparameters)
    return estimator


def _extra(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    family = ExtraTreesClassifier if problem.classes else ExtraTreesRegressor
    estimator: Estimator = family(**hyperparameters)
    return estimator


def to_graph(estimator: Any, problem: Problem) -> EstimatorGraph:
    """Return the graph of a forest."""
    return target_encoding_graph(estimator, problem, forest_graph)


@contextmanager
def parallel_fit(estimator: Estimator) -> Iterator[None]:
    """Fit a forest on all processors, which does not change its trees; ignore other estimators.

    It predicts on one processor, because a parallel sum of trees has no fixed order.
    """
    forest = innermost(estimator)
    if isinstance(forest, _FORESTS):
        forest.set_params(n_jobs=threads.MAX_PARALLEL_FITS)
    yield
    if isinstance(forest, _FORESTS):
        forest.set_params(n_jobs=None)


def count_processors(estimator: Estimator) -> int:
    """Return the number of processors that fit an estimator."""
    return threads.MAX_PARALLEL_FITS if isinstance(innermost(estimator), _FORESTS) else 1


def random_forest_space(problem: Problem, rows: int, given: Hyperparameters) -> Space:
    """Return the search space of a random forest.

    Raises:
        SettingsError: The fixed values give more leaves than a server can hold.
    """
    fixed = _sizes(problem, given, of="random-forest")
    return _space(problem, rows, fixed | _sample_share(rows, given), given)


def extra_trees_space(problem: Problem, rows: int, given: Hyperparameters) -> Space:
    """Return the search space of extremely randomised trees; on few rows, each tree sees all rows.

    Raises:
        SettingsError: The fixed values give more leaves than a server can hold.
    """
    fixed = _sizes(problem, given, of="extra-trees")
    bootstrap = given.get("bootstrap", rows > _MAX_TREE_ROWS or "max_samples" in given)
    fixed |= {"bootstrap": bootstrap}
    fixed |= _sample_share(rows, given) if bootstrap else {}
    return _space(problem, rows, fixed, given)


def _sizes(problem: Problem, given: Hyperparameters, *, of: str) -> Hyperparameters:
    sizes = Sizes(
        of,
        "n_estimators",
        default=TREES,
        values_per_leaf=max(1, problem.class_count),
        max_leaves=_MAX_LEAVES,
        max_total=_MAX_VALUES,
    )
    trees, leaves = sizes.choose(given)
    return {"n_estimators": trees, "max_leaf_nodes": leaves}


def _sample_share(rows: int, given: Hyperparameters) -> Hyperparameters:
    """Return the share of rows to sample for a tree; empty if each tree sees all rows."""
    if "max_samples" in given:
        return {"max_samples": given["max_samples"]}
    return {"max_samples": _MAX_TREE_ROWS / rows} if rows > _MAX_TREE_ROWS else {}


def _space(problem: Problem, rows: int, fixed: Hyperparameters, given: Hyperparameters) -> Space:
    features = len(problem.features)
    lowest = min(1.0, max(0.1, 1 / features))
    first = max(lowest, math.sqrt(features) / features) if problem.classes else 0.5
    plain = Space(
        {"max_features": share(lowest), "min_samples_leaf": count(1, max(1, rows // 500))},
        [{"max_features": max(lowest, first), "min_samples_leaf": 1}],
        fixed,
    )
    return vary_target_encoding(plain, problem, given)
