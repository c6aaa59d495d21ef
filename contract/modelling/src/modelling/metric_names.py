"""The names of the metrics, without importing the libraries that compute them."""

from typing import Literal

type MetricName = Literal[
    "r2",
    "rmse",
    "mae",
    "median_absolute_error",
    "log_loss",
    "roc_auc",
    "balanced_accuracy",
    "accuracy",
    "brier",
    "coverage",
    "cost",
]

BETTER_HIGHER: frozenset[MetricName] = frozenset(
    {"r2", "roc_auc", "balanced_accuracy", "accuracy", "coverage"}
)
"""Metrics to maximise, whose best value is 1; the others are errors or costs, whose best value is
0."""
