"""The names of the metrics, without importing the libraries that compute them."""

import math
from collections.abc import Mapping
from typing import Literal

type MetricName = Literal[
    "r2",
    "rmse",
    "mae",
    "median_absolute_error",
    "log_loss",
    "roc_auc",
    "average_precision",
    "balanced_accuracy",
    "matthews_corrcoef",
    "accuracy",
    "brier",
    "coverage",
    "cost",
]

BETTER_HIGHER: frozenset[MetricName] = frozenset(
    {
        "r2",
        "roc_auc",
        "average_precision",
        "balanced_accuracy",
        "matthews_corrcoef",
        "accuracy",
        "coverage",
    }
)
"""Metrics to maximise, whose best value is 1; the others are errors or costs, whose best value is
0."""

MIN_SCORES: Mapping[MetricName, float] = {"r2": -math.inf, "matthews_corrcoef": -1.0}
"""The lowest possible values of the metrics that may be negative."""
