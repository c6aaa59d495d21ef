"""How good predictions are on held-out rows, with the uncertainty of so many rows."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelling.metrics import Metric, Values

RESAMPLES = 200
BOOTSTRAP_ROWS = 20_000
"""Bounds the cost: fewer with more classes; with more rows the interval is narrowed for them."""

_CONFIDENCE = (0.025, 0.975)

type Interval = dict[str, float]
"""value, low and high: 95 % of resamples lie between."""


@dataclass(frozen=True)
class _Rows:
    truth: Values
    predicted: Values
    weights: Values | None

    def take(self, rows: NDArray[np.int64]) -> "_Rows":
        weights = None if self.weights is None else self.weights[rows]
        return _Rows(self.truth[rows], self.predicted[rows], weights)

    def score(self, metric: Metric, factors: Values | None = None) -> float:
        """Return a metric, each row's weight multiplied by its factor."""
        weights = self.weights if factors is None else factors
        if self.weights is not None and factors is not None:
            weights = self.weights * factors
        return metric.compute(self.truth, self.predicted, weights)


def evaluate(
    truth: Values,
    predicted: Values,
    *,
    metrics: Iterable[Metric],
    seed: int,
    weights: Values | None = None,
) -> dict[str, Interval]:
    """Return each metric with its interval; one that is undefined for these rows is left out.

    `weights` say how much each row counts, where they differ.
    """
    rows = _Rows(truth, predicted, weights)
    generator = np.random.default_rng(seed)
    classes = predicted.shape[1] if predicted.ndim > 1 else 0
    drawn = _draw(truth, classes, generator=generator)
    resamples = _resamples(len(drawn), generator)
    is_whole = len(np.unique(truth)) >= classes
    return {
        metric.name: _interval(metric, rows, drawn=drawn, resamples=resamples)
        for metric in metrics
        if is_whole or not metric.needs_every_class
    }


def _draw(truth: Values, classes: int, *, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the rows to resample, one of every class at least."""
    rows = np.arange(len(truth))
    at_most = BOOTSTRAP_ROWS * 2 // max(2, classes)
    if len(rows) <= at_most:
        return rows
    one_of_each = [np.flatnonzero(truth == index)[:1] for index in range(classes)]
    drawn = generator.choice(rows, at_most, replace=False)
    return np.asarray(np.unique(np.concatenate([drawn, *one_of_each])))


def _resamples(rows: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the weights of a Bayesian bootstrap: all positive, so that no class ever vanishes."""
    return generator.exponential(size=(RESAMPLES, rows))


def _interval(
    metric: Metric, rows: _Rows, *, drawn: NDArray[np.int64], resamples: NDArray[np.float64]
) -> Interval:
    value, part = rows.score(metric), rows.take(drawn)
    center = part.score(metric)
    resampled = [part.score(metric, factors) for factors in resamples]
    narrowing = np.sqrt(len(drawn) / len(rows.truth))
    low, high = value + narrowing * (np.quantile(resampled, _CONFIDENCE) - center)
    if metric.higher_is_better:
        high = min(high, 1.0)
    else:
        low = max(low, 0.0)
    return {"value": value, "low": float(min(low, value)), "high": float(max(high, value))}
