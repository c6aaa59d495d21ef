"""Metrics for model selection and evaluation, computed from predictions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics
from stage_contract import SettingsError, did_you_mean
from stage_contract.metric_titles import metric_name, split_metric_name

from modelling.data.problem import BINARY, Problem
from modelling.metric_names import higher_is_better, show_metric_setting
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

    name: str
    compute: Callable[[Values, Values, Values | None], float]
    needs_every_class: bool = False
    compute_labels: Callable[[Values, Values, Values | None], float] | None = None
    """Score of labels, for a metric that takes labels instead of probabilities."""
    compute_all: Callable[[Values, Values, Values], Values] | None = None
    """Scores for many weightings at once; of labels, for a metric that takes labels."""
    undefined_for: Callable[[Values], Values] | None = None
    """Whether the metric is undefined because of a row's true value, [N]."""
    levels: tuple[float, ...] = ()
    """Levels of the quantiles [N,Q] that the metric takes; empty for a metric of predictions."""

    @property
    def higher_is_better(self) -> bool:
        """Whether the best value is 1; otherwise it is 0."""
        return higher_is_better(self.name)

    def is_defined(self, truth: Values) -> bool:
        """Return whether each true value allows the metric; the classes are not looked at."""
        return self.undefined_for is None or not self.undefined_for(truth).any()

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
    name: str,
    function: Callable[[Values, Values, Values | None], float],
    compute_all: Callable[[Values, Values, Values], Values],
    *,
    needs_every_class: bool = False,
) -> Metric:
    return Metric(
        name,
        lambda truth, predicted, weights: function(truth, predicted.argmax(axis=1), weights),
        needs_every_class,
        compute_labels=function,
        compute_all=compute_all,
    )


def _brier(truth: Values, predicted: Values, weights: Values | None) -> float:
    loss = metrics.brier_score_loss(truth, predicted[:, 1], pos_label=1, sample_weight=weights)
    return float(loss)


def _rmsle(truth: Values, predicted: Values, weights: Values | None) -> float:
    """Return the RMSLE; a prediction below 0 counts as 0, since its logarithm may not exist."""
    at_least_0 = np.maximum(predicted, 0)
    return float(metrics.root_mean_squared_log_error(truth, at_least_0, sample_weight=weights))


def _recall_at_precision(least: float) -> Metric:
    def compute(truth: Values, predicted: Values, weights: Values | None) -> float:
        precision, recall, _ = metrics.precision_recall_curve(
            truth, predicted[:, 1], sample_weight=weights
        )
        return float(recall[precision >= least].max())

    def compute_all(truth: Values, predicted: Values, weights: Values) -> Values:
        return weighted.recall_at_precision(truth, predicted, weights, precision=least)

    name = metric_name("recall_at_precision", least)
    return Metric(name, compute, needs_every_class=True, compute_all=compute_all)


def _precision_at_recall(least: float) -> Metric:
    def compute(truth: Values, predicted: Values, weights: Values | None) -> float:
        precision, recall, _ = metrics.precision_recall_curve(
            truth, predicted[:, 1], sample_weight=weights
        )
        return float(precision[recall >= least].max())

    def compute_all(truth: Values, predicted: Values, weights: Values) -> Values:
        return weighted.precision_at_recall(truth, predicted, weights, recall=least)

    name = metric_name("precision_at_recall", least)
    return Metric(name, compute, needs_every_class=True, compute_all=compute_all)


def _fbeta(beta: float) -> Metric:
    def compute(truth: Values, labels: Values, weights: Values | None) -> float:
        score = metrics.fbeta_score(
            truth, labels, beta=beta, pos_label=1, sample_weight=weights, zero_division=0
        )
        return float(score)

    def compute_all(truth: Values, labels: Values, weights: Values) -> Values:
        return weighted.fbeta(truth, labels, weights, beta=beta)

    return _label_metric(metric_name("fbeta", beta), compute, compute_all, needs_every_class=True)


def _top_k_accuracy(k: int) -> Metric:
    def compute(truth: Values, predicted: Values, weights: Values | None) -> float:
        classes = range(predicted.shape[1])
        score = metrics.top_k_accuracy_score(
            truth, predicted, k=k, labels=classes, sample_weight=weights
        )
        return float(score)

    def compute_all(truth: Values, predicted: Values, weights: Values) -> Values:
        return weighted.top_k_accuracy(truth, predicted, weights, k=k)

    return Metric(metric_name("top_k_accuracy", k), compute, compute_all=compute_all)


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
    Metric(
        "mape",
        _from_sklearn(metrics.mean_absolute_percentage_error),
        compute_all=weighted.mean_absolute_percentage_error,
        undefined_for=lambda truth: truth == 0,
    ),
    Metric(
        "rmsle",
        _rmsle,
        compute_all=weighted.root_mean_squared_log_error,
        undefined_for=lambda truth: truth < 0,
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


def pinball_metric(levels: Sequence[float]) -> Metric:
    """Return the mean pinball loss (Koenker and Bassett 1978) of quantiles, over all levels."""

    def compute(truth: Values, quantiles: Values, weights: Values | None) -> float:
        losses = [
            metrics.mean_pinball_loss(truth, column, sample_weight=weights, alpha=level)
            for level, column in zip(levels, quantiles.T, strict=True)
        ]
        return float(np.mean(losses))

    def compute_all(truth: Values, quantiles: Values, weights: Values) -> Values:
        return weighted.pinball(truth, quantiles, weights, np.array(levels))

    return Metric("pinball", compute, compute_all=compute_all, levels=tuple(levels))


def metrics_of(problem: Problem, levels: Sequence[float] = ()) -> tuple[Metric, ...]:
    """Return the metrics that fit a task; the first is the default.

    `levels` are those of the quantiles, if the model has any.
    """
    if problem.task == "regression":
        return (*_REGRESSION, pinball_metric(levels)) if levels else _REGRESSION
    if problem.class_count == BINARY:
        return (*_CLASSIFICATION, *_OF_TWO_CLASSES)
    if problem.class_count > _MAX_RANKED_CLASSES:
        return tuple(metric for metric in _CLASSIFICATION if not metric.needs_every_class)
    return _CLASSIFICATION


def choose_metric(
    name: str | None, problem: Problem, *, key: str = "metric", levels: Sequence[float] = ()
) -> Metric:
    """Return a metric by its name, or the default; `key` is the setting that names it.

    `levels` are those of the quantiles, if the model has any.

    Raises:
        SettingsError: The metric does not fit the task, or its parameter does not.
    """
    plain = metrics_of(problem, levels)
    if name is None:
        return plain[0]
    fitting = {metric.name: metric for metric in plain}
    if name in fitting:
        return fitting[name]
    if name == "pinball" and not problem.classes:
        raise SettingsError(
            f"[train] {key} = 'pinball': it scores quantiles, and the model has none; expected"
            ' objective = "quantile", or the metric mae, which is twice the pinball loss of the'
            " median"
        )
    metric, parameter = split_metric_name(name)
    setting = f"[train] {key} = {show_metric_setting(name)}"
    parametric = _parametric_metrics_of(problem)
    if parameter is None or metric not in parametric:
        classes = f" with {problem.class_count} classes" if problem.classes else ""
        raise SettingsError(
            f"{setting}: does not fit {problem.task}{classes}"
            f"{did_you_mean(metric, [*fitting, *parametric])}"
        )
    if metric == "top_k_accuracy" and int(parameter) >= problem.class_count:
        raise SettingsError(
            f"{setting}: '{problem.target.name}' has {problem.class_count} classes, so it is always"
            f" 1; expected {problem.class_count - 1} at most"
        )
    return parametric[metric](parameter)


def task_metrics(
    problem: Problem, parametric: Iterable[str], *, levels: Sequence[float] = ()
) -> tuple[Metric, ...]:
    """Return the metrics that fit a task, and these metrics with a parameter.

    `levels` are those of the quantiles, if the model has any.

    Raises:
        SettingsError: One of them does not fit the task.
    """
    chosen = (choose_metric(name, problem, key="extra_metrics") for name in parametric)
    return (*metrics_of(problem, levels), *chosen)


def _parametric_metrics_of(problem: Problem) -> dict[str, Callable[[str], Metric]]:
    """Return how to make each metric with a parameter that fits a task."""
    if problem.class_count == BINARY:
        return {
            "recall_at_precision": lambda text: _recall_at_precision(float(text)),
            "precision_at_recall": lambda text: _precision_at_recall(float(text)),
            "fbeta": lambda text: _fbeta(float(text)),
        }
    if problem.class_count > BINARY:
        return {"top_k_accuracy": lambda text: _top_k_accuracy(int(text))}
    return {}
