"""Estimators as scikit-learn has them, the dummy that every model is compared with among them."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor

from modelling.problem import Problem


class Estimator(Protocol):
    """What is needed of scikit-learn's estimators."""

    def fit(self, features: Any, target: NDArray[Any]) -> Any: ...


def dummy(problem: Problem) -> Estimator:
    """Return the baseline: it ignores its input."""
    estimator: Estimator = DummyClassifier() if problem.classes else DummyRegressor()
    return estimator


def predict_as_dummy(target: NDArray[Any], problem: Problem, *, rows: int) -> NDArray[np.float64]:
    """Return what a dummy that was fitted on this target says of so many rows."""
    baseline = dummy(problem)
    baseline.fit(np.empty((len(target), 0)), target)
    return predict(baseline, np.empty((rows, 0)), problem=problem)


def predict(estimator: Any, features: ArrayLike, *, problem: Problem) -> NDArray[np.float64]:
    """Return numbers, or probabilities in class order; a class that was not fitted has none."""
    if problem.classes is None:
        return np.asarray(estimator.predict(features))
    probabilities = np.zeros((np.shape(features)[0], problem.class_count))
    probabilities[:, estimator.classes_] = estimator.predict_proba(features)
    return probabilities
