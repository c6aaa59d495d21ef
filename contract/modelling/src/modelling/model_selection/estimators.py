"""Estimators with the interface of scikit-learn, and the baseline of every comparison."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor

from modelling.data.matrices import Matrix
from modelling.data.problem import Problem


class Estimator(Protocol):
    """Interface of a scikit-learn estimator."""

    def fit(
        self,
        features: Any,
        target: NDArray[Any],
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Any: ...


def fit(estimator: Estimator, rows: Matrix, *, problem: Problem) -> None:
    """Fit on the target scale, with sample weights."""
    transformed = problem.scale.transform(rows.target)
    estimator.fit(rows.features, transformed, sample_weight=rows.weights)


def predict(estimator: Any, features: ArrayLike, *, problem: Problem) -> NDArray[np.float64]:
    """Return values, or probabilities in class order; 0 for classes without training rows."""
    method = estimator.predict if problem.classes is None else estimator.predict_proba
    return as_predictions(method(features), estimator, problem=problem)


def as_predictions(raw: ArrayLike, estimator: Any, *, problem: Problem) -> NDArray[np.float64]:
    """Return values, or probabilities in class order, for the raw output of an estimator."""
    if problem.classes is None:
        return problem.scale.inverse_transform(np.asarray(raw))
    probabilities = np.zeros((np.shape(raw)[0], problem.class_count))
    probabilities[:, estimator.classes_] = raw
    return probabilities


def predict_on_target_scale(estimator: Any, features: ArrayLike) -> NDArray[np.float64]:
    """Return numbers on the target scale."""
    return np.asarray(estimator.predict(features), dtype=np.float64)


def predict_baseline(
    target: NDArray[Any],
    problem: Problem,
    *,
    rows: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the predictions of the baseline for `rows` rows, fitted on the target alone.

    For regression, the baseline predicts the mean, on any target scale.
    """
    no_features, no_inputs = np.empty((len(target), 0)), np.empty((rows, 0))
    if problem.classes is None:
        mean = DummyRegressor().fit(no_features, target, sample_weight=weights)
        return np.asarray(mean.predict(no_inputs))
    shares = DummyClassifier().fit(no_features, target, sample_weight=weights)
    return as_predictions(shares.predict_proba(no_inputs), shares, problem=problem)
