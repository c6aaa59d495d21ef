"""How good predictions are on held-out rows, with the uncertainty of so many rows."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from modelling.metrics import Metric, Values

RESAMPLES = 200
BOOTSTRAP_ROWS = 20_000
"""Bounds the cost: fewer with more classes; with more rows the interval is narrowed for them."""

_CONFIDENCE = (0.025, 0.975)

type Interval = dict[str, float]
"""value, low and high: 95 % of resamples lie between."""


def evaluate(
    truth: Values, predicted: Values, *, metrics: Iterable[Metric], seed: int
) -> dict[str, Interval]:
    """Return each metric with its interval; one that is undefined for these rows is left out."""
    generator = np.random.default_rng(seed)
    classes = predicted.shape[1] if predicted.ndim > 1 else 0
    drawn = _draw(truth, classes, generator=generator)
    weights = _weights(len(drawn), generator)
    is_whole = len(np.unique(truth)) >= classes
    return {
        metric.name: _interval(metric, truth, predicted, drawn=drawn, weights=weights)
        for metric in metrics
        if is_whole or not metric.needs_every_class
    }


def compare(
    truth: Values, new: Values, old: Values, *, metric: Metric, seed: int
) -> tuple[float, float, Interval]:
    """Return two predictions' scores on the same rows, and how much worse the new ones are.

    The interval is of the difference, in each resample on the same rows for both; below 0 the new
    ones are better.
    """
    generator = np.random.default_rng(seed)
    drawn = _draw(truth, new.shape[1] if new.ndim > 1 else 0, generator=generator)
    sign = 1 if metric.higher_is_better else -1

    def worse(rows: NDArray[np.int64], weights: Values | None) -> float:
        ours, theirs = (metric.compute(truth[rows], said[rows], weights) for said in (new, old))
        return sign * (theirs - ours)

    everything = np.arange(len(truth))
    value, center = worse(everything, None), worse(drawn, None)
    resampled = [worse(drawn, weights) for weights in _weights(len(drawn), generator)]
    narrowing = np.sqrt(len(drawn) / len(truth))
    low, high = value + narrowing * (np.quantile(resampled, _CONFIDENCE) - center)
    interval = {"value": value, "low": float(min(low, value)), "high": float(max(high, value))}
    return metric.compute(truth, new, None), metric.compute(truth, old, None), interval


def _draw(truth: Values, classes: int, *, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the rows to resample, one of every class at least."""
    rows = np.arange(len(truth))
    at_most = BOOTSTRAP_ROWS * 2 // max(2, classes)
    if len(rows) <= at_most:
        return rows
    one_of_each = [np.flatnonzero(truth == index)[:1] for index in range(classes)]
    drawn = generator.choice(rows, at_most, replace=False)
    return np.asarray(np.unique(np.concatenate([drawn, *one_of_each])))


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
    if metric.higher_is_better:
        high = min(high, 1.0)
    else:
        low = max(low, 0.0)
    return {"value": value, "low": float(min(low, value)), "high": float(max(high, value))}
