"""Metrics for model selection and evaluation, computed from predictions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics
from stage_contract import SettingsError, did_you_mean

from modelling.data.problem import BINARY, Problem
from modelling.metric_names import BETTER_HIGHER, MetricName
from modelling.model_selection import weighted_metrics as weighted

_MAX_RANKED_CLASSES = 20
"""Maximum number of classes for ROC AUC: with more it takes minutes and is uninformative."""
_MIN_LARGE_SCORE = 10
"""Minimum score that is shown with one decimal."""

type Values = NDArray[Any]
"""Predictions: numbers [N] for regression, probabilities [N,C] for classification; true values are
numbers or class codes [N]."""


@dataclass(frozen=True)
class Metric:
    """A metric of predictions; `compute` takes true values, predictions and weights."""

    name: MetricName
    compute: Callable[[Values, Values, Values | None], float]
    needs_every_class: bool = False
    compute_labels: Callable[[Values, Values, Values | None], float] | None = None
    """Score of labels, for a metric that takes labels instead of probabilities."""
    compute_all: Callable[[Values, Values, Values], Values] | None = None
    """Scores for many weightings at once; of labels, for a metric that takes labels."""

    @property
    def higher_is_better(self) -> bool:
        """Whether the best value is 1; otherwise it is 0."""
        return self.name in BETTER_HIGHER

    def error(self, score: float) -> float:
        """Return the distance of a score from the best value."""
        return 1 - score if self.higher_is_better else score

    def is_better(self, score: float, *, than: float) -> bool:
        """Return whether a score is better than another."""
        return score > than if self.higher_is_better else score < than

    def min_difference(self, rows: int) -> float:
        """Return the smallest meaningful difference for this number of rows; 0 if there is none.

        n rows without an error can't show a probability of error below 1 in n (Laplace's rule of
        succession). A lower log loss then only means a more confident model.
        """
        return 1 / rows if self.name == "log_loss" and rows else 0.0

    def show(self, score: float) -> str:
        """Return a score as text."""
        return f"{score:,.3f}" if abs(score) < _MIN_LARGE_SCORE else f"{score:,.1f}"


def _from_sklearn(function: Callable[..., Any]) -> Callable[[Values, Values, Values | None], float]:
    return lambda truth, predicted, weights: float(
        function(truth, predicted, sample_weight=weights)
    )


def _log_loss(truth: Values, predicted: Values, weights: Values | None) -> float:
    labels = range(predicted.shape[1])
    return float(metrics.log_loss(truth, predicted, labels=labels, sample_weight=weights))


def _roc_auc(truth: Values, predicted: Values, weights: Values | None) -> float:
    scores = predicted[:, 1] if predicted.shape[1] == BINARY else predicted
    return float(metrics.roc_auc_score(truth, scores, multi_class="ovr", sample_weight=weights))


def _average_precision(truth: Values, predicted: Values, weights: Values | None) -> float:
    scores = predicted[:, 1]
    return float(metrics.average_precision_score(truth, scores, sample_weight=weights))


def _accuracy(truth: Values, labels: Values, weights: Values | None) -> float:
    return float(metrics.accuracy_score(truth, labels, sample_weight=weights))


def _balanced_accuracy(truth: Values, labels: Values, weights: Values | None) -> float:
    """Return the mean recall of the classes that occur."""
    classes = np.unique(truth)
    return float(
        metrics.recall_score(truth, labels, labels=classes, average="macro", sample_weight=weights)
    )


def _label_metric(
    name: MetricName,
    function: Callable[[Values, Values, Values | None], float],
    compute_all: Callable[[Values, Values, Values], Values],
) -> Metric:
    return Metric(
        name,
        lambda truth, predicted, weights: function(truth, predicted.argmax(axis=1), weights),
        compute_labels=function,
        compute_all=compute_all,
    )


def _brier(truth: Values, predicted: Values, weights: Values | None) -> float:
    loss = metrics.brier_score_loss(truth, predicted[:, 1], pos_label=1, sample_weight=weights)
    return float(loss)


_REGRESSION = (
    Metric("r2", _from_sklearn(metrics.r2_score), compute_all=weighted.r2),
    Metric(
        "rmse",
        _from_sklearn(metrics.root_mean_squared_error),
        compute_all=weighted.root_mean_squared_error,
    ),
    Metric(
        "mae",
        _from_sklearn(metrics.mean_absolute_error),
        compute_all=weighted.mean_absolute_error,
    ),
    Metric(
        "median_absolute_error",
        _from_sklearn(metrics.median_absolute_error),
        compute_all=weighted.median_absolute_error,
    ),
)
_CLASSIFICATION = (
    Metric("log_loss", _log_loss, compute_all=weighted.log_loss),
    Metric("roc_auc", _roc_auc, needs_every_class=True, compute_all=weighted.roc_auc),
    _label_metric("balanced_accuracy", _balanced_accuracy, weighted.balanced_accuracy),
    _label_metric(
        "matthews_corrcoef",
        _from_sklearn(metrics.matthews_corrcoef),
        weighted.matthews_corrcoef,
    ),
    _label_metric("accuracy", _accuracy, weighted.accuracy),
)
_OF_TWO_CLASSES = (
    Metric(
        "average_precision",
        _average_precision,
        needs_every_class=True,
        compute_all=weighted.average_precision,
    ),
    Metric("brier", _brier, compute_all=weighted.brier),
)


def metrics_of(problem: Problem) -> tuple[Metric, ...]:
    """Return the metrics that fit a task; the first is the default."""
    if problem.task == "regression":
        return _REGRESSION
    if problem.class_count == BINARY:
        return (*_CLASSIFICATION, *_OF_TWO_CLASSES)
    if problem.class_count > _MAX_RANKED_CLASSES:
        return tuple(metric for metric in _CLASSIFICATION if not metric.needs_every_class)
    return _CLASSIFICATION


def choose_metric(name: str | None, problem: Problem) -> Metric:
    """Return the deciding metric.

    Raises:
        SettingsError: The metric does not fit the task.
    """
    fitting = {metric.name: metric for metric in metrics_of(problem)}
    if name is None:
        return next(iter(fitting.values()))
    if name not in fitting:
        classes = f" with {problem.class_count} classes" if problem.classes else ""
        raise SettingsError(
            f"[train] metric = '{name}': does not fit {problem.task}{classes}"
            f"{did_you_mean(name, fitting)}"
        )
    return fitting[name]
