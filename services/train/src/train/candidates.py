"""The allow-list: estimators whose conversion to ONNX was found exact, with their search spaces.

Whatever joins must pass tests/test_parity.py; many estimators convert without error and answer
wrongly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from modelling.estimators import Estimator
from modelling.problem import Problem
from modelling.trials import Hyperparameters, Space
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@dataclass(frozen=True)
class Candidate:
    """A family of estimators."""

    build: Callable[[Problem, Hyperparameters], Estimator]
    space: Callable[[Problem, int], Space]
    """Takes the number of rows in cross-validation, too: a leaf of 20 is small among many only."""
    conversion: Literal["trees", "double"]
    """How it becomes exact: doubles written into the trees, or a graph of doubles."""


def _boosting(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    family = HistGradientBoostingClassifier if problem.classes else HistGradientBoostingRegressor
    estimator: Estimator = family(**hyperparameters)
    return estimator


def _boosting_space(problem: Problem, rows: int) -> Space:
    # scikit-learn's default is 100; an iteration adds a tree for each class.
    iterations = max(10, 100 * 10 // max(10, problem.class_count))
    leaf_sizes = [size for size in (20, 100, 500, 5) if size <= rows / 40]
    return {
        "learning_rate": [0.1, 0.05],
        "max_iter": [iterations, 2 * iterations],
        "max_leaf_nodes": [31, 15],
        "min_samples_leaf": leaf_sizes[:3] or [max(1, rows // 40)],
        "max_features": [1.0, 0.3],
        # It would set rows aside by class, and fail where a class has a single one.
        "early_stopping": [False],
    }


def _linear(problem: Problem, hyperparameters: Hyperparameters) -> Estimator:
    family = LogisticRegression if problem.classes else Ridge
    # The code of a category is no quantity: a line through it means nothing.
    columns = [i for i, feature in enumerate(problem.features) if feature.role != "ordinal"]
    everything = [*range(len(problem.features))]
    scale = ColumnTransformer([("scale", StandardScaler(), columns or everything)])
    estimator: Estimator = make_pipeline(scale, family(**hyperparameters))
    return estimator


def _linear_space(problem: Problem, _rows: int) -> Space:
    if problem.classes is None:
        return {"alpha": [1.0, 0.01, 100.0, 1000.0]}
    return {"C": [1.0, 0.001, 0.03, 30.0], "max_iter": [300]}


CANDIDATES: dict[str, Candidate] = {
    "gradient-boosting": Candidate(_boosting, _boosting_space, conversion="trees"),
    "linear": Candidate(_linear, _linear_space, conversion="double"),
}
