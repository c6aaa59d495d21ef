"""How good predictions are: the metrics that a model may state, computed independently."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

type Values = NDArray[Any]
"""Numbers [N], or for classes probabilities [N,C]; the truth is numbers or class indexes."""

type Score = Callable[[Values, Values], float]

_LABEL_METRICS = frozenset({"accuracy", "balanced_accuracy", "matthews_corrcoef", "fbeta"})
_OF_TWO_CLASSES = frozenset({"brier", "average_precision"})

_PARAMETER = re.compile(r"(0|[1-9]\d*)(\.\d*[1-9])?")
"""The shortest decimal of a number, without an exponent."""


def _mape(truth: Values, predicted: Values) -> float:
    """Return the mean relative error, or NaN if a true value is 0."""
    if (truth == 0).any():
        return float("nan")
    return float(metrics.mean_absolute_percentage_error(truth, predicted))


def _rmsle(truth: Values, predicted: Values) -> float:
    """Return the RMSLE, or NaN if a true value is negative; predictions below 0 count as 0."""
    if (truth < 0).any():
        return float("nan")
    return float(metrics.root_mean_squared_log_error(truth, np.maximum(predicted, 0)))


REGRESSION: Mapping[str, Score] = MappingProxyType(
    {
        "r2": metrics.r2_score,
        "rmse": metrics.root_mean_squared_error,
        "mae": metrics.mean_absolute_error,
        "median_absolute_error": metrics.median_absolute_error,
        "mape": _mape,
        "rmsle": _rmsle,
    }
)


def _log_loss(truth: Values, shares: Values) -> float:
    # Shares of float32 rarely add up to exactly 1, and then scikit-learn warns.
    doubles = shares.astype(np.float64)
    doubles /= doubles.sum(axis=1, keepdims=True)
    return float(metrics.log_loss(truth, doubles, labels=range(shares.shape[1])))


def _roc_auc(truth: Values, shares: Values) -> float:
    """Return the area, or NaN if a class has no row."""
    if len(np.unique(truth)) < shares.shape[1]:
        return float("nan")
    if shares.shape[1] == 2:
        return float(metrics.roc_auc_score(truth, shares[:, 1]))
    doubles = shares.astype(np.float64)
    doubles /= doubles.sum(axis=1, keepdims=True)
    return float(metrics.roc_auc_score(truth, doubles, multi_class="ovr"))


def _accuracy(truth: Values, labels: Values) -> float:
    return float(metrics.accuracy_score(truth, labels))


def _balanced_accuracy(truth: Values, labels: Values) -> float:
    """Return the mean recall of the classes that occur."""
    classes = np.unique(truth)
    return float(
        metrics.recall_score(truth, labels, labels=classes, average="macro", zero_division=0)
    )


def _matthews_corrcoef(truth: Values, labels: Values) -> float:
    return float(metrics.matthews_corrcoef(truth, labels))


def _average_precision(truth: Values, shares: Values) -> float:
    """Return the average precision of the second class, or NaN if a class has no row."""
    if len(np.unique(truth)) < 2:
        return float("nan")
    return float(metrics.average_precision_score(truth, shares[:, 1]))


def _brier(truth: Values, shares: Values) -> float:
    return float(np.mean((shares[:, 1].astype(np.float64) - truth) ** 2))


CLASSIFICATION: Mapping[str, Score] = MappingProxyType(
    {
        "log_loss": _log_loss,
        "roc_auc": _roc_auc,
        "accuracy": _accuracy,
        "balanced_accuracy": _balanced_accuracy,
        "matthews_corrcoef": _matthews_corrcoef,
        "brier": _brier,
        "average_precision": _average_precision,
    }
)


def _recall_at_precision(least: float) -> Score:
    def score(truth: Values, shares: Values) -> float:
        if len(np.unique(truth)) < 2:
            return float("nan")
        precision, recall, _ = metrics.precision_recall_curve(truth, shares[:, 1])
        return float(recall[precision >= least].max())

    return score


def _precision_at_recall(least: float) -> Score:
    def score(truth: Values, shares: Values) -> float:
        if len(np.unique(truth)) < 2:
            return float("nan")
        precision, recall, _ = metrics.precision_recall_curve(truth, shares[:, 1])
        return float(precision[recall >= least].max())

    return score


def _fbeta(beta: float) -> Score:
    def score(truth: Values, labels: Values) -> float:
        if len(np.unique(truth)) < 2:
            return float("nan")
        return float(metrics.fbeta_score(truth, labels, beta=beta, zero_division=0))

    return score


def _top_k_accuracy(k: float) -> Score:
    def score(truth: Values, shares: Values) -> float:
        classes = range(shares.shape[1])
        return float(metrics.top_k_accuracy_score(truth, shares, k=int(k), labels=classes))

    return score


_PARAMETRIC_OF_TWO_CLASSES: Mapping[str, Callable[[float], Score]] = MappingProxyType(
    {
        "recall_at_precision": _recall_at_precision,
        "precision_at_recall": _precision_at_recall,
        "fbeta": _fbeta,
    }
)
_PARAMETRIC: Mapping[str, Callable[[float], Score]] = MappingProxyType(
    {**_PARAMETRIC_OF_TWO_CLASSES, "top_k_accuracy": _top_k_accuracy}
)


def takes_labels(name: str) -> bool:
    """Return whether a metric goes by the predicted classes: labels [N], not probabilities."""
    return _split(name)[0] in _LABEL_METRICS


def malformed_name(name: str) -> str | None:
    """Return what is wrong with the parameter in the name of a metric, or None."""
    metric, parameter = _split(name)
    if metric not in _PARAMETRIC:
        return None
    if not _PARAMETER.fullmatch(parameter):
        return "expected the shortest decimal of its parameter, as in fbeta_2 and fbeta_0.5"
    if not float(parameter):
        return "expected a parameter above 0"
    if metric == "top_k_accuracy":
        return None if parameter.isdigit() else "expected an integer, as in top_k_accuracy_3"
    if metric != "fbeta" and float(parameter) > 1:
        return "expected a share up to 1, as in recall_at_precision_0.9"
    return None


def known_scores(names: Iterable[str], *, classes: int | None) -> dict[str, Score]:
    """Return the metrics among these whose meaning is known for so many classes.

    `classes` is None for regression.
    """
    found = {name: _known_score(name, classes) for name in names}
    return {name: score for name, score in found.items() if score is not None}


def _known_score(name: str, classes: int | None) -> Score | None:
    if classes is None:
        return REGRESSION.get(name)
    metric, parameter = _split(name)
    if metric in _PARAMETRIC:
        for_two = metric in _PARAMETRIC_OF_TWO_CLASSES
        fits = classes == 2 if for_two else classes > float(parameter or "inf")
        return _PARAMETRIC[metric](float(parameter)) if fits else None
    return None if name in _OF_TWO_CLASSES and classes != 2 else CLASSIFICATION.get(name)


def _split(name: str) -> tuple[str, str]:
    """Return a metric and its parameter as written; an empty text without a parameter."""
    for metric in _PARAMETRIC:
        if name == metric or name.startswith(f"{metric}_"):
            return metric, name.removeprefix(metric).removeprefix("_")
    return name, ""
