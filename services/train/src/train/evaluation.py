"""How good predictions are on held-out rows, with the uncertainty of so many rows."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from train.metrics import Metric, Values

RESAMPLES = 200
BOOTSTRAP_ROWS = 20_000
"""Bounds the cost; with more rows the interval of this many is narrowed accordingly."""

_CONFIDENCE = (0.025, 0.975)

type Interval = dict[str, float]
"""value, low and high: 95 % of resamples lie between."""


def evaluate(
    truth: Values, predicted: Values, *, metrics: Iterable[Metric], seed: int
) -> dict[str, Interval]:
    """Return each metric with its interval; one that is undefined for these rows is left out."""
    generator = np.random.default_rng(seed)
    drawn = _draw(len(truth), generator)
    weights = _weights(len(drawn), generator)
    is_whole = predicted.ndim == 1 or len(np.unique(truth)) == predicted.shape[1]
    return {
        metric.name: _interval(metric, truth, predicted, drawn=drawn, weights=weights)
        for metric in metrics
        if is_whole or not metric.needs_every_class
    }


def _draw(rows: int, generator: np.random.Generator) -> NDArray[np.int64]:
    if rows <= BOOTSTRAP_ROWS:
        return np.arange(rows)
    return generator.choice(rows, BOOTSTRAP_ROWS, replace=False)


def _weights(rows: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the weights of a Bayesian bootstrap: all positive, so that no class ever vanishes."""
    return generator.exponential(size=(RESAMPLES, rows))


def _interval(
    metric: Metric,
    truth: Values,
    predicted: Values,
    *,
    drawn: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> Interval:
    value = metric.compute(truth, predicted, None)
    center = metric.compute(truth[drawn], predicted[drawn], None)
    resampled = [metric.compute(truth[drawn], predicted[drawn], w) for w in weights]
    narrowing = np.sqrt(len(drawn) / len(truth))
    low, high = value + narrowing * (np.quantile(resampled, _CONFIDENCE) - center)
    best = 1.0 if metric.higher_is_better else 0.0
    return {
        "value": value,
        "low": float(min(low, value) if metric.higher_is_better else max(min(low, value), best)),
        "high": float(min(max(high, value), best) if metric.higher_is_better else max(high, value)),
    }
