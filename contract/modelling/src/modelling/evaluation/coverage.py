"""Coverage: whether as many true values lie inside their intervals as were promised."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelling.graphs.session import Answers
from modelling.model_selection.metrics import Metric
from modelling.model_selection.prediction_intervals import Band

COVERAGE = Metric(
    "coverage", lambda _truth, inside, weights: float(np.average(inside, weights=weights))
)
"""The share of the rows that are inside, 1, and not outside, 0."""


def is_inside(answers: Answers, truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each row 1 if its value, as float32, lies inside its interval, else 0."""
    value = truth.astype(np.float32)
    return ((answers["low"] <= value) & (value <= answers["high"])).astype(np.float64)


def describe_band(band: Band, answers: Answers) -> dict[str, Any]:
    """Return what model.json says about the intervals of held-out rows."""
    width = answers["high"].astype(np.float64) - answers["low"]
    return {
        "coverage": band.coverage,
        "method": "cross-conformal",
        "rows": band.rows,
        "median_width": float(np.median(width)),
    }
