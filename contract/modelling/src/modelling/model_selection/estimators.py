"""Estimators with the interface of scikit-learn, and the baseline of every comparison."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor
from stage_contract.metric_titles import split_metric_name

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
    metric: str | None = None,
) -> NDArray[np.float64]:
    """Return the predictions of the baseline for `rows` rows, fitted on the target alone.

    For regression, it is the constant that is best by the deciding metric on these rows, on any
    target scale; without a metric, the mean.
    """
    no_features, no_inputs = np.empty((len(target), 0)), np.empty((rows, 0))
    if problem.classes is None:
        return np.full(rows, _best_constant(target, weights, metric))
    shares = DummyClassifier().fit(no_features, target, sample_weight=weights)
    return as_predictions(shares.predict_proba(no_inputs), shares, problem=problem)


def baseline_labels(metric: str, *, rows: int) -> NDArray[np.int64] | None:
    """Return the labels of the baseline, if they are not those of its most probable class.

    Without looking at the input, F-beta is highest if all rows are of the second class.
    """
    return np.ones(rows, np.int64) if split_metric_name(metric)[0] == "fbeta" else None


def _best_constant(
    target: NDArray[Any], weights: NDArray[np.float64] | None, metric: str | None
) -> float:
    match metric:
        case "mae" | "median_absolute_error" | "pinball":
            return _weighted_median(target, weights)
        case "mape":
            shares = 1 / np.abs(target)
            return _weighted_median(target, shares if weights is None else weights * shares)
        case "rmsle":
            return float(np.expm1(np.average(np.log1p(target), weights=weights)))
    return float(np.average(target, weights=weights))


def _weighted_median(target: NDArray[Any], weights: NDArray[np.float64] | None) -> float:
    dummy = DummyRegressor(strategy="median")
    dummy.fit(np.empty((len(target), 0)), target, sample_weight=weights)
    return float(dummy.predict(np.empty((1, 0)))[0])


def predict_baseline_quantiles(
    target: NDArray[Any],
    levels: Sequence[float],
    *,
    rows: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the quantiles [N,Q] of the target alone, the same for each of `rows` rows."""
    no_features, no_inputs = np.empty((len(target), 0)), np.empty((rows, 0))
    columns = [
        DummyRegressor(strategy="quantile", quantile=level)
        .fit(no_features, target, sample_weight=weights)
        .predict(no_inputs)
        for level in levels
    ]
    return np.column_stack(columns)
