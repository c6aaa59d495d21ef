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
class Rows:
    """What is true of each row, what is predicted, and how much it counts where that differs."""

    truth: Values
    predicted: Values
    weights: Values | None

    @property
    def classes(self) -> int:
        """0 for regression."""
        return int(self.predicted.shape[1]) if self.predicted.ndim > 1 else 0

    def take(self, rows: NDArray[np.int64]) -> "Rows":
        """Return this for some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Rows(self.truth[rows], self.predicted[rows], weights)

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
    rows = Rows(truth, predicted, weights)
    generator = np.random.default_rng(seed)
    drawn = _draw(truth, rows.classes, generator=generator)
    resamples = _resamples(len(drawn), generator)
    is_whole = len(np.unique(truth)) >= rows.classes
    return {
        metric.name: _interval(metric, rows, drawn=drawn, resamples=resamples)
        for metric in metrics
        if is_whole or not metric.needs_every_class
    }


def compare(new: Rows, old: Rows, *, metric: Metric, seed: int) -> tuple[float, float, Interval]:
    """Return the scores of two predictions for the same rows, and how much worse the new one is.

    The interval is of the difference, both in each resample on the same rows; below 0 the new one
    is better.
    """
    generator = np.random.default_rng(seed)
    drawn = _draw(new.truth, new.classes, generator=generator)
    here, there = new.take(drawn), old.take(drawn)
    sign = 1 if metric.higher_is_better else -1
    ours, theirs = new.score(metric), old.score(metric)
    value = sign * (theirs - ours)
    center = sign * (there.score(metric) - here.score(metric))
    resampled = [
        sign * (there.score(metric, factors) - here.score(metric, factors))
        for factors in _resamples(len(drawn), generator)
    ]
    low, high = _spread(value, center, resampled, share=len(drawn) / len(new.truth))
    return ours, theirs, _around(value, low, high)


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
    metric: Metric, rows: Rows, *, drawn: NDArray[np.int64], resamples: NDArray[np.float64]
) -> Interval:
    value, part = rows.score(metric), rows.take(drawn)
    center = part.score(metric)
    resampled = [part.score(metric, factors) for factors in resamples]
    low, high = _spread(value, center, resampled, share=len(drawn) / len(rows.truth))
    if metric.higher_is_better:
        return _around(value, low, min(high, 1.0))
    return _around(value, max(low, 0.0), high)


def _spread(
    value: float, center: float, resampled: list[float], *, share: float
) -> tuple[float, float]:
    """Return the ends of an interval: resamples of a share of the rows spread more widely."""
    low, high = value + np.sqrt(share) * (np.quantile(resampled, _CONFIDENCE) - center)
    return float(low), float(high)


def _around(value: float, low: float, high: float) -> Interval:
    return {"value": value, "low": float(min(low, value)), "high": float(max(high, value))}
