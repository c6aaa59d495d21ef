"""Gradient boosting: estimator, search space, early stopping, and its ONNX graph."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
from modelling.data.matrices import Matrix
from modelling.data.problem import BINARY, Problem
from modelling.graphs.link_functions import link
from modelling.graphs.output_heads import EstimatorGraph
from modelling.graphs.tree_ensembles import LEAF, Tree, constant_tree, sum_in_double
from modelling.model_selection.estimators import Estimator, as_predictions
from modelling.model_selection.trials import Hyperparameters
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from train.candidates.quantile_boosting import QuantileBoosting
from train.candidates.search_spaces import Space, count, magnitude, share
from train.candidates.target_encoding import (
    target_encoded,
    target_encoding_graph,
    vary_target_encoding,
)
from train.candidates.tree_sizes import Sizes

_MAX_ITERATIONS = 300
"""Default maximum of iterations, enough for most tables. Each iteration adds a tree per class, so
the maximum is lower with more than ten classes."""

_MAX_ITERATIONS_TIMED = 1_000
"""Maximum number of iterations with a time budget: some tables need more."""

LOG_LINKS = ("poisson", "gamma")
"""Losses for which the trees add up to the logarithm of the prediction."""

_MAX_LEAVES = 60_000
"""Maximum leaves of all trees together: about 55 MB in a server, whose limit is 100 MB."""

QUANTILES = "quantiles"
"""Hyperparameter with the levels of the quantiles, one ensemble for each."""

_OBJECTIVE = ("loss", QUANTILES)
"""Hyperparameters that the setting `objective` fixes."""

_MAX_SCORES = 40
"""Maximum number of scores during a fit."""

_PATIENCE = 20
"""Iterations without a lower loss before early stopping."""


def build(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    """Return the unfitted estimator, without early stopping."""
    return target_encoded(_build, problem, hyperparameters)


def _build(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    if levels := _levels(hyperparameters):
        rest = {name: hyperparameters[name] for name in hyperparameters.keys() - _OBJECTIVE}
        return QuantileBoosting(levels, rest)
    family = HistGradientBoostingClassifier if problem.classes else HistGradientBoostingRegressor
    # scikit-learn's validation split is stratified and fails if a class has a single row.
    estimator: Estimator = family(**hyperparameters, early_stopping=False)
    return estimator


def space(problem: Problem, rows: int, given: Hyperparameters) -> Space:
    """Return the search space; `max_iter` is the maximum for cross-validation.

    Raises:
        SettingsError: The fixed values give more leaves than a server can hold.
    """
    sizes = Sizes(
        "gradient-boosting",
        "max_iter",
        default=max(10, _MAX_ITERATIONS * 10 // max(10, problem.class_count)),
        values_per_leaf=_trees_per_iteration(problem, given),
        max_leaves=128,
        max_total=_MAX_LEAVES,
    )
    iterations, leaves = sizes.choose(given)
    leaf_rows = max(1, min(20, rows // 40))
    plain = Space(
        {
            "learning_rate": magnitude(0.03, 0.3),
            "max_leaf_nodes": count(8, leaves),
            "min_samples_leaf": count(min(leaf_rows, 5), 10 * leaf_rows),
            "l2_regularization": magnitude(1e-3, 100.0),
            "max_features": share(0.3),
        },
        [
            _starting_point(
                0.1, leaves=min(31, leaves), leaf_rows=leaf_rows, l2=1e-3, features=1.0
            ),
            # First finer trees with sampled features, then coarser ones for noisy tables.
            _starting_point(
                0.05, leaves=min(64, leaves), leaf_rows=leaf_rows, l2=1.0, features=0.5
            ),
            _starting_point(
                0.05, leaves=min(10, leaves), leaf_rows=5 * leaf_rows, l2=10.0, features=0.7
            ),
        ],
        {"max_iter": iterations} | {name: given[name] for name in _OBJECTIVE if name in given},
    )
    return vary_target_encoding(plain, problem, given)


def _starting_point(
    rate: float, *, leaves: int, leaf_rows: int, l2: float, features: float
) -> Hyperparameters:
    return {
        "learning_rate": rate,
        "max_leaf_nodes": leaves,
        "min_samples_leaf": leaf_rows,
        "l2_regularization": l2,
        "max_features": features,
    }


def prolong(hyperparameters: Hyperparameters, problem: Problem) -> Hyperparameters:
    """Return the hyperparameters with more iterations, within the leaves that a server can hold."""
    longer = int(hyperparameters["max_iter"]) * _MAX_ITERATIONS_TIMED // _MAX_ITERATIONS
    trees = _trees_per_iteration(problem, hyperparameters)
    leaves = int(hyperparameters["max_leaf_nodes"]) * trees
    bounded = max(int(hyperparameters["max_iter"]), min(longer, _MAX_LEAVES // leaves))
    return hyperparameters | {"max_iter": bounded}


def _levels(hyperparameters: Mapping[str, Any]) -> list[float]:
    """Return the levels of the quantiles; empty for another objective."""
    return list(hyperparameters.get(QUANTILES, []))


def _trees_per_iteration(problem: Problem, hyperparameters: Hyperparameters) -> int:
    """Return the number of trees in an iteration: one for each class or quantile."""
    if levels := _levels(hyperparameters):
        return len(levels)
    return problem.class_count if problem.class_count > BINARY else 1


def scoring_interval(hyperparameters: Hyperparameters) -> int:
    """Return the number of iterations between two scores."""
    # A fit has at least _PATIENCE iterations and needs one score.
    return max(1, min(int(hyperparameters["max_iter"]) // _MAX_SCORES, _PATIENCE))


def grow(
    hyperparameters: Hyperparameters, train_rows: Matrix, held_out: Matrix, *, problem: Problem
) -> Iterator[NDArray[np.float64]]:
    """Yield predictions of the held-out rows at every scoring point, until early stopping."""
    estimator: Any = build(problem, hyperparameters)
    estimator.set_params(early_stopping=True, n_iter_no_change=_PATIENCE)
    validated = held_out
    if problem.classes:
        # The loss is undefined for a class that is missing in the training part.
        validated = held_out.take(np.flatnonzero(np.isin(held_out.target, train_rows.target)))
    if len(validated.target):
        transformed = problem.scale.transform(validated.target)
        validation = {"X_val": validated.features, "y_val": transformed}
        validation |= {} if validated.weights is None else {"sample_weight_val": validated.weights}
    else:
        estimator.set_params(early_stopping=False)
        validation = {}
    estimator.fit(
        train_rows.features,
        problem.scale.transform(train_rows.target),
        sample_weight=train_rows.weights,
        **validation,
    )
    staged_predict = estimator.staged_predict_proba if problem.classes else estimator.staged_predict
    step = scoring_interval(hyperparameters)
    for raw in islice(staged_predict(held_out.features), step - 1, None, step):
        yield as_predictions(raw, estimator, problem=problem)


def to_graph(estimator: Any, problem: Problem) -> EstimatorGraph:
    """Return the trees as a graph, with every threshold and leaf in double as in scikit-learn.

    A threshold rounded up to float32 would send a feature equal to it the other way, and a sum of
    some hundred rounded leaves would differ from the native one.
    """
    return target_encoding_graph(estimator, problem, _to_graph)


def _to_graph(estimator: Any, problem: Problem) -> EstimatorGraph:
    if isinstance(estimator, QuantileBoosting):
        return _quantiles_to_graph(estimator)
    baseline = estimator._baseline_prediction.ravel()  # noqa: SLF001  # see trees_of
    trees = [
        _tree(nodes, output=output)
        for stage in trees_of(estimator)
        for output, nodes in enumerate(stage)
    ]
    nodes = sum_in_double(
        [constant_tree(baseline.astype(np.float64)), *trees],
        comparison="BRANCH_LEQ",
        outputs=len(baseline),
    )
    scores = nodes[-1].output[0]
    return link(
        nodes, scores, classes=problem.class_count, is_logarithm=estimator.loss in LOG_LINKS
    )


def _quantiles_to_graph(estimator: QuantileBoosting) -> EstimatorGraph:
    """Return one sum of trees with an output [N,Q] for each level; the output head sorts them."""
    baselines = [each._baseline_prediction.ravel() for each in estimator.estimators]  # noqa: SLF001  # see trees_of
    trees = [
        _tree(nodes, output=output)
        for output, each in enumerate(estimator.estimators)
        for (nodes,) in trees_of(each)
    ]
    nodes = sum_in_double(
        [constant_tree(np.concatenate(baselines).astype(np.float64)), *trees],
        comparison="BRANCH_LEQ",
        outputs=len(baselines),
    )
    return EstimatorGraph(nodes, nodes[-1].output[0])


def trees_of(estimator: Any) -> list[list[NDArray[Any]]]:
    """Return the nodes of each iteration's trees.

    scikit-learn has them in private attributes only; the parity gate checks the result.
    """
    return [[tree.nodes for tree in stage] for stage in estimator._predictors]  # noqa: SLF001  # see above


def _tree(nodes: NDArray[Any], *, output: int) -> Tree:
    is_leaf = nodes["is_leaf"].astype(bool)
    return Tree(
        left=np.where(is_leaf, LEAF, nodes["left"].astype(np.int64)),
        right=np.where(is_leaf, LEAF, nodes["right"].astype(np.int64)),
        feature=nodes["feature_idx"].astype(np.int64),
        threshold=nodes["num_threshold"].astype(np.float64),
        weights=nodes["value"].astype(np.float64)[:, np.newaxis],
        outputs=[output],
    )
