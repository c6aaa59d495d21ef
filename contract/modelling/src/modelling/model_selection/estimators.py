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
    learnt = problem.scale.transform(rows.target)
    estimator.fit(rows.features, learnt, sample_weight=rows.weights)


def predict(estimator: Any, features: ArrayLike, *, problem: Problem) -> NDArray[np.float64]:
    """Return values, or probabilities in class order; 0 for a class that was not fitted."""
    said = estimator.predict if problem.classes is None else estimator.predict_proba
    return as_predictions(said(features), estimator, problem=problem)


def as_predictions(said: ArrayLike, estimator: Any, *, problem: Problem) -> NDArray[np.float64]:
    """Return values, or probabilities in class order, for the raw output of an estimator."""
    if problem.classes is None:
        return problem.scale.inverse_transform(np.asarray(said))
    probabilities = np.zeros((np.shape(said)[0], problem.class_count))
    probabilities[:, estimator.classes_] = said
    return probabilities


def predict_learnt(estimator: Any, features: ArrayLike) -> NDArray[np.float64]:
    """Return numbers on the target scale."""
    return np.asarray(estimator.predict(features), dtype=np.float64)


def predict_baseline(
    target: NDArray[Any],
    problem: Problem,
    *,
    rows: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the predictions of a baseline for `rows`; it knows this target and ignores its input.

    For numbers it is the mean, whatever the target scale.
    """
    seen, asked = np.empty((len(target), 0)), np.empty((rows, 0))
    if problem.classes is None:
        mean = DummyRegressor().fit(seen, target, sample_weight=weights)
        return np.asarray(mean.predict(asked))
    shares = DummyClassifier().fit(seen, target, sample_weight=weights)
    return as_predictions(shares.predict_proba(asked), shares, problem=problem)
