"""Curves: how an estimator's score goes while it grows, on the held-out rows of each fold."""

from collections.abc import Sequence

import numpy as np
from modelling.model_selection.metrics import Metric
from numpy.typing import NDArray

type Curve = Sequence[float]
"""Scores after every so many iterations; of an estimator that does not grow a single one."""


def best_look(curves: Sequence[Curve], metric: Metric) -> int:
    """Return where the mean of the folds is best, the first of equals."""
    means = _aligned(curves).mean(axis=0)
    return int(means.argmax() if metric.higher_is_better else means.argmin())


def scores_at(curves: Sequence[Curve], look: int) -> NDArray[np.float64]:
    """Return each fold's score there."""
    return _aligned(curves)[:, look]


def _aligned(curves: Sequence[Curve]) -> NDArray[np.float64]:
    """Return [folds, looks]; a fold that has stopped stays where it was."""
    longest = max(map(len, curves))
    return np.array([[*curve, *[curve[-1]] * (longest - len(curve))] for curve in curves])
