"""Metrics for many weightings of the same rows at once.

They equal those of scikit-learn, which takes one weighting at a time and checks all values again.
NumPy sums the rows: the sums of a BLAS depend on its number of threads.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BINARY = 2

type Values = NDArray[Any]
"""True values or labels [N], predictions [N] or [N,C], or weights [W,N] of W weightings."""
type Scores = NDArray[np.float64]
"""One score for each weighting, [W]."""


def r2(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the shares of the variance that predictions explain."""
    residual = (weights * (truth - predicted) ** 2).sum(axis=1)
    distance = truth - _mean(truth, weights)[:, np.newaxis]
    total = (weights * distance**2).sum(axis=1)
    # Without variance only predictions without an error are better than 0.
    without = (residual > 0).astype(np.float64)
    return np.asarray(1 - np.divide(residual, total, out=without, where=total > 0))


def root_mean_squared_error(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the roots of the mean squared errors."""
    return np.asarray(np.sqrt(_mean((truth - predicted) ** 2, weights)))


def mean_absolute_error(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the mean absolute errors."""
    return _mean(np.abs(truth - predicted), weights)


def median_absolute_error(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the absolute errors that reach half of the weight."""
    errors = np.abs(truth - predicted)
    order = np.argsort(errors)
    reached = weights[:, order].cumsum(axis=1)
    middle = (reached < reached[:, -1:] / 2).sum(axis=1)
    return np.asarray(errors[order][middle], np.float64)


def mean_absolute_percentage_error(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the means of the absolute errors, each divided by its absolute true value."""
    return _mean(np.abs(truth - predicted) / np.abs(truth), weights)


def root_mean_squared_log_error(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the roots of the mean squared errors of log(1 + value); below 0 counts as 0."""
    errors = np.log1p(truth) - np.log1p(np.maximum(predicted, 0))
    return np.asarray(np.sqrt(_mean(errors**2, weights)))


def pinball(truth: Values, quantiles: Values, weights: Values, levels: Values) -> Scores:
    """Return the mean pinball losses of quantiles [N,Q], over rows and levels [Q]."""
    error = truth[:, np.newaxis] - quantiles.astype(np.float64)
    return _mean(np.maximum(levels * error, (levels - 1) * error).mean(axis=1), weights)


def log_loss(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the mean log losses."""
    probability = predicted[np.arange(len(truth)), truth.astype(np.intp)]
    tiny = np.finfo(predicted.dtype).eps
    return _mean(-np.log(np.clip(probability, tiny, 1 - tiny).astype(np.float64)), weights)


def roc_auc(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the areas under the ROC curve; with several classes, the mean of their areas."""
    count = predicted.shape[1]
    classes = [1] if count == _BINARY else range(count)
    areas = [_area(truth == each, predicted[:, each], weights) for each in classes]
    return np.asarray(np.mean(areas, axis=0))


def average_precision(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the mean precisions over all recalls of the second of two classes."""
    precision, recall = _precision_recall_curves(truth, predicted, weights)
    gained = np.diff(recall, axis=1, prepend=0)
    return np.asarray((gained * precision).sum(axis=1))


def recall_at_precision(
    truth: Values, predicted: Values, weights: Values, *, precision: float
) -> Scores:
    """Return the highest recalls of the second class at this precision or more; 0 without one."""
    precisions, recalls = _precision_recall_curves(truth, predicted, weights)
    return np.asarray(np.where(precisions >= precision, recalls, 0).max(axis=1))


def precision_at_recall(
    truth: Values, predicted: Values, weights: Values, *, recall: float
) -> Scores:
    """Return the highest precisions of the second class at this recall or more."""
    precisions, recalls = _precision_recall_curves(truth, predicted, weights)
    return np.asarray(np.where(recalls >= recall, precisions, 0).max(axis=1))


def fbeta(truth: Values, labels: Values, weights: Values, *, beta: float) -> Scores:
    """Return the F-beta scores of the second class; 0 if it is neither true nor predicted."""
    found, named, actual = (
        (weights * rows).sum(axis=1)
        for rows in ((truth == 1) & (labels == 1), labels == 1, truth == 1)
    )
    total = beta**2 * actual + named
    return np.asarray(
        np.divide((1 + beta**2) * found, total, out=np.zeros_like(total), where=total > 0)
    )


def top_k_accuracy(truth: Values, predicted: Values, weights: Values, *, k: int) -> Scores:
    """Return the shares of rows whose class is one of the k most probable.

    Among classes with equal probabilities, later ones rank first, as in scikit-learn.
    """
    likeliest = np.argsort(predicted, axis=1, kind="stable")[:, -k:]
    return _mean((likeliest == truth[:, np.newaxis]).any(axis=1), weights)


def balanced_accuracy(truth: Values, labels: Values, weights: Values) -> Scores:
    """Return the mean recalls of the classes that occur."""
    rows = [np.flatnonzero(truth == each) for each in np.unique(truth)]
    recalls = [_mean(labels[own] == truth[own], weights[:, own]) for own in rows]
    return np.asarray(np.mean(recalls, axis=0))


def matthews_corrcoef(truth: Values, labels: Values, weights: Values) -> Scores:
    """Return the correlations of labels with true classes; 0 if one of them is constant."""
    if len(np.unique(truth)) == 1 or len(np.unique(labels)) == 1:
        return np.zeros(len(weights))
    classes = np.unique([truth, labels])
    of_class, of_label = (_totals(codes, weights, classes) for codes in (truth, labels))
    total = of_label.sum(axis=1)
    right = (weights * (truth == labels)).sum(axis=1)
    covariance = right * total - (of_class * of_label).sum(axis=1)
    of_class_variance, of_label_variance = (
        total**2 - (each**2).sum(axis=1) for each in (of_class, of_label)
    )
    return np.asarray(covariance / np.sqrt(of_class_variance * of_label_variance))


def accuracy(truth: Values, labels: Values, weights: Values) -> Scores:
    """Return the shares of right labels."""
    return _mean(labels == truth, weights)


def brier(truth: Values, predicted: Values, weights: Values) -> Scores:
    """Return the mean squared errors of the probability of the second of two classes."""
    return _mean((predicted[:, 1].astype(np.float64) - truth) ** 2, weights)


def _mean(values: Values, weights: Values) -> Scores:
    return np.asarray((weights * values).sum(axis=1) / weights.sum(axis=1))


def _precision_recall_curves(
    truth: Values, predicted: Values, weights: Values
) -> tuple[Values, Values]:
    """Return precision and recall of the second class for each threshold, highest first.

    Both have shape [weightings, thresholds]. At the last threshold the recall is exactly 1.
    """
    order = np.argsort(-predicted[:, 1], kind="stable")
    ranked = weights[:, order]
    # Rows with equal scores share a threshold.
    starts = np.flatnonzero(np.diff(predicted[order, 1], prepend=np.inf))
    found = np.add.reduceat(ranked * (truth[order] == 1), starts, axis=1).cumsum(axis=1)
    named = np.add.reduceat(ranked, starts, axis=1).cumsum(axis=1)
    return found / named, found / found[:, -1:]


def _totals(codes: Values, weights: Values, classes: Values) -> Values:
    """Return the total weight of each class, [weightings, classes]."""
    return np.stack([weights[:, codes == each].sum(axis=1) for each in classes], axis=1)


def _area(is_class: NDArray[np.bool_], scores: Values, weights: Values) -> Scores:
    """Return the shares of pairs, one row of the class and one other, that are ranked rightly."""
    order = np.argsort(scores, kind="stable")
    ranked, is_class = weights[:, order], is_class[order]
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    own = np.add.reduceat(ranked * is_class, starts, axis=1)
    others = np.add.reduceat(ranked * ~is_class, starts, axis=1)
    # Rows with equal scores count half.
    below = others.cumsum(axis=1) - others / 2
    return np.asarray((own * below).sum(axis=1) / (own.sum(axis=1) * others.sum(axis=1)))
