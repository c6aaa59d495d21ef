"""Coverage: the share of true values inside their intervals, or not above their quantiles."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelling.graphs.output_heads import QUANTILES
from modelling.graphs.session import Outputs
from modelling.model_selection.metrics import Metric
from modelling.model_selection.prediction_intervals import PredictionInterval

COVERAGE = Metric(
    "coverage", lambda _truth, inside, weights: float(np.average(inside, weights=weights))
)
"""Mean of 1 for rows inside and 0 for rows outside their interval."""


def is_inside(outputs: Outputs, truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each row 1 if its value, as float32, lies inside its interval, else 0."""
    value = truth.astype(np.float32)
    return ((outputs["low"] <= value) & (value <= outputs["high"])).astype(np.float64)


def is_not_above(outputs: Outputs, truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return [N,Q]: 1 if the row's value, as float32, is not above its quantile, else 0."""
    value = truth.astype(np.float32)[:, np.newaxis]
    return (value <= outputs[QUANTILES]).astype(np.float64)


def describe_interval(interval: PredictionInterval, outputs: Outputs) -> dict[str, Any]:
    """Return the entry of model.json about the intervals of held-out rows."""
    width = outputs["high"].astype(np.float64) - outputs["low"]
    return {
        "coverage": interval.coverage,
        "method": "cross-conformal",
        "rows": interval.rows,
        "median_width": float(np.median(width)),
    }
