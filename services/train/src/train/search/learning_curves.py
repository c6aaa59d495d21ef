"""Learning curves: scores of an estimator by iteration, on the held-out rows of each fold."""

from collections.abc import Sequence

import numpy as np
from modelling.model_selection.metrics import Metric
from numpy.typing import NDArray

type Curve = Sequence[float]
"""Scores at regular iterations; a single score for an estimator without iterations."""


def best_point(curves: Sequence[Curve], metric: Metric) -> int:
    """Return the first point with the best mean score of the folds."""
    means = _align(curves).mean(axis=0)
    return int(means.argmax() if metric.higher_is_better else means.argmin())


def scores_at(curves: Sequence[Curve], point: int) -> NDArray[np.float64]:
    """Return the score of each fold at this point."""
    return _align(curves)[:, point]


def _align(curves: Sequence[Curve]) -> NDArray[np.float64]:
    """Return [folds, points]; a stopped fold repeats its last score."""
    longest = max(map(len, curves))
    return np.array([[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves])
