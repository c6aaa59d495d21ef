"""Metrics of predictions on held-out rows, with bootstrap confidence intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelling.model_selection.metrics import Metric, Values

RESAMPLES = 200
BOOTSTRAP_ROWS = 20_000
"""Maximum number of rows in a resample; fewer with more classes. More rows narrow the interval."""

_CONFIDENCE = (0.025, 0.975)

type Interval = dict[str, float]
"""Keys: value, low and high, the bounds of the 95 % interval."""


@dataclass(frozen=True)
class Outcomes:
    """True values and predictions of some rows."""

    truth: Values
    predicted: Values
    weights: Values | None = None
    """Sample weights, if they differ."""
    group: NDArray[np.int64] | None = None
    """Group of each row, if rows depend on each other: equal rows add less information."""
    labels: NDArray[np.int64] | None = None
    """Predicted classes, if they are not simply the most likely ones."""

    @property
    def classes(self) -> int:
        """Number of classes; 0 for regression."""
        return int(self.predicted.shape[1]) if self.predicted.ndim > 1 else 0

    def take(self, rows: NDArray[np.int64]) -> "Outcomes":
        """Return a subset of the rows."""
        weights, group, labels = (
            None if values is None else values[rows]
            for values in (self.weights, self.group, self.labels)
        )
        return Outcomes(self.truth[rows], self.predicted[rows], weights, group, labels)

    def score(self, metric: Metric, factors: Values | None = None) -> float:
        """Return a metric, with each row's weight multiplied by its factor."""
        weights = self.weights if factors is None else factors
        if self.weights is not None and factors is not None:
            weights = self.weights * factors
        if self.labels is not None and metric.of_labels is not None:
            return metric.of_labels(self.truth, self.labels, weights)
        return metric.compute(self.truth, self.predicted, weights)


def evaluate(
    rows: Outcomes, *, metrics: Iterable[Metric], seed: int, resamples: int | None = None
) -> dict[str, Interval]:
    """Return each metric with its interval, without those that are undefined for these rows.

    `resamples` defaults to RESAMPLES.
    """
    generator = np.random.default_rng(seed)
    drawn = _draw(rows.truth, rows.classes, generator=generator)
    part = rows.take(drawn)
    members = drawn if part.group is None else part.group
    factors = _resamples(members, generator, count=resamples or RESAMPLES)
    is_whole = len(np.unique(rows.truth)) >= rows.classes
    return {
        metric.name: _interval(metric, rows, part=part, resamples=factors)
        for metric in metrics
        if is_whole or not metric.needs_every_class
    }


def compare(
    new: Outcomes, old: Outcomes, *, metric: Metric, seed: int
) -> tuple[float, float, Interval]:
    """Return the scores of two predictions for the same rows, and the loss of the new one.

    The interval is of the difference, computed in each resample on the same rows. A negative loss
    means that the new one is better.
    """
    generator = np.random.default_rng(seed)
    drawn = _draw(new.truth, new.classes, generator=generator)
    here, there = new.take(drawn), old.take(drawn)
    sign = 1 if metric.higher_is_better else -1
    ours, theirs = new.score(metric), old.score(metric)
    value = sign * (theirs - ours)
    center = sign * (there.score(metric) - here.score(metric))
    members = drawn if here.group is None else here.group
    resampled = [
        sign * (there.score(metric, factors) - here.score(metric, factors))
        for factors in _resamples(members, generator, count=RESAMPLES)
    ]
    low, high = _ends(value, center, resampled, narrowing=_narrowing(new, here))
    return ours, theirs, _around(value, low, high)


def _draw(truth: Values, classes: int, *, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the rows to resample, at least one of every class."""
    rows = np.arange(len(truth))
    at_most = BOOTSTRAP_ROWS * 2 // max(2, classes)
    if len(rows) <= at_most:
        return rows
    one_of_each = [np.flatnonzero(truth == index)[:1] for index in range(classes)]
    drawn = generator.choice(rows, at_most, replace=False)
    return np.asarray(np.unique(np.concatenate([drawn, *one_of_each])))


def _resamples(
    members: NDArray[np.int64], generator: np.random.Generator, *, count: int
) -> NDArray[np.float64]:
    """Return the factors of a Bayesian bootstrap, one for each group.

    All are positive, so that no class ever vanishes.
    """
    different, places = np.unique(members, return_inverse=True)
    return generator.exponential(size=(count, len(different)))[:, places]


def _interval(
    metric: Metric, rows: Outcomes, *, part: Outcomes, resamples: NDArray[np.float64]
) -> Interval:
    value, center = rows.score(metric), part.score(metric)
    resampled = [part.score(metric, factors) for factors in resamples]
    low, high = _ends(value, center, resampled, narrowing=_narrowing(rows, part))
    if metric.higher_is_better:
        return _around(value, low, min(high, 1.0))
    return _around(value, max(low, 0.0), high)


def _narrowing(rows: Outcomes, part: Outcomes) -> float:
    # The sample has the same number of groups as all rows.
    return 1.0 if rows.group is not None else float(np.sqrt(len(part.truth) / len(rows.truth)))


def _ends(
    value: float, center: float, resampled: Sequence[float], *, narrowing: float
) -> tuple[float, float]:
    low, high = value + narrowing * (np.quantile(resampled, _CONFIDENCE) - center)
    return float(low), float(high)


def _around(value: float, low: float, high: float) -> Interval:
    return {"value": value, "low": min(low, value), "high": max(high, value)}
