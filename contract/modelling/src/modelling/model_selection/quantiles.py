"""Quantiles of the target, by their levels; the median is the prediction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MEDIAN = 0.5
"""Level of the quantile that is the prediction."""


@dataclass(frozen=True)
class TrainedQuantiles:
    """The quantiles of a trained model, as its library predicts them."""

    levels: Sequence[float]
    """Ascending, with MEDIAN among them."""
    predict: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    """Takes features; returns the quantiles [N,Q], which never decrease within a row."""


def median_index(levels: Sequence[float]) -> int:
    """Return the column of the median among the quantiles."""
    return list(levels).index(MEDIAN)
