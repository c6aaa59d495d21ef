"""How good predictions are: the metrics that a model may state, computed independently."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics

type Values = NDArray[Any]
"""Numbers [N], or for classes probabilities [N,C]; the truth is numbers or class indexes."""

type Score = Callable[[Values, Values], float]

LABEL_METRICS = frozenset({"accuracy", "balanced_accuracy", "matthews_corrcoef"})
"""These go by the classes that were named: take [N] labels in place of probabilities."""

_OF_TWO_CLASSES = frozenset({"brier", "average_precision"})

REGRESSION: Mapping[str, Score] = MappingProxyType(
    {
        "r2": metrics.r2_score,
        "rmse": metrics.root_mean_squared_error,
        "mae": metrics.mean_absolute_error,
        "median_absolute_error": metrics.median_absolute_error,
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


def known_scores(classes: int | None) -> Mapping[str, Score]:
    """Return the metrics whose meaning is known for so many classes; None is regression."""
    if classes is None:
        return REGRESSION
    if classes == 2:
        return CLASSIFICATION
    return {name: score for name, score in CLASSIFICATION.items() if name not in _OF_TWO_CLASSES}
