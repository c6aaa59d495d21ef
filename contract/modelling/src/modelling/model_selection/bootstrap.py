"""Metrics of predictions on held-out rows, with bootstrap confidence intervals."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelling.metric_names import MIN_SCORES
from modelling.model_selection.metrics import Metric, Values

RESAMPLES = 200
MAX_BOOTSTRAP_ROWS = 20_000
"""Maximum number of rows in a resample; fewer with more classes. More rows narrow the interval."""

_CONFIDENCE = (0.025, 0.975)
_MAX_WEIGHTS = 1_000_000
"""Maximum number of weights at once, 8 MB."""

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
    """Predicted classes, if they are not the most likely classes."""
    quantiles: Values | None = None
    """Predicted quantiles [N,Q], if the model has any."""

    @property
    def classes(self) -> int:
        """Number of classes; 0 for regression."""
        return int(self.predicted.shape[1]) if self.predicted.ndim > 1 else 0

    def take(self, rows: NDArray[np.int64]) -> "Outcomes":
        """Return a subset of the rows."""
        weights, group, labels, quantiles = (
            None if values is None else values[rows]
            for values in (self.weights, self.group, self.labels, self.quantiles)
        )
        return Outcomes(self.truth[rows], self.predicted[rows], weights, group, labels, quantiles)

    def score(self, metric: Metric, factors: Values | None = None) -> float:
        """Return a metric, with each row's weight multiplied by its factor."""
        weights = self.weights if factors is None else factors
        if self.weights is not None and factors is not None:
            weights = self.weights * factors
        if self.labels is not None and metric.compute_labels is not None:
            return metric.compute_labels(self.truth, self.labels, weights)
        return metric.compute(self.truth, self._given(metric), weights)

    def score_all(self, metric: Metric, factors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a metric for each row of factors."""
        if metric.compute_all is None:
            return np.array([self.score(metric, each) for each in factors])
        given = self._given(metric)
        if metric.compute_labels is not None:
            given = given.argmax(axis=1) if self.labels is None else self.labels
        parts = np.array_split(factors, -(-factors.size // _MAX_WEIGHTS))
        weights = (part if self.weights is None else self.weights * part for part in parts)
        return np.concatenate([metric.compute_all(self.truth, given, each) for each in weights])

    def _given(self, metric: Metric) -> Values:
        """Return the outputs that a metric takes: the quantiles, or the predictions."""
        if not metric.levels:
            return self.predicted
        if self.quantiles is None:
            raise ValueError(f"{metric.name} scores quantiles, and these predictions have none")
        return self.quantiles


def evaluate(
    rows: Outcomes, *, metrics: Iterable[Metric], seed: int, resamples: int | None = None
) -> dict[str, Interval]:
    """Return each metric with its interval, without metrics that are undefined for these rows.

    `resamples` defaults to RESAMPLES.
    """
    generator = np.random.default_rng(seed)
    drawn = _draw(rows.truth, rows.classes, generator=generator)
    part = rows.take(drawn)
    groups = drawn if part.group is None else part.group
    factors = _resamples(groups, generator, count=resamples or RESAMPLES)
    has_every_class = len(np.unique(rows.truth)) >= rows.classes
    return {
        metric.name: _interval(metric, rows, part=part, resamples=factors)
        for metric in metrics
        if metric.is_defined(rows.truth) and (has_every_class or not metric.needs_every_class)
    }


def compare(
    new: Outcomes, old: Outcomes, *, metric: Metric, seed: int
) -> tuple[float, float, Interval]:
    """Return the scores of two predictions for the same rows, and the loss of the new ones.

    The interval is that of the difference, computed in each resample on the same rows. A negative
    loss means that the new predictions are better.
    """
    generator = np.random.default_rng(seed)
    drawn = _draw(new.truth, new.classes, generator=generator)
    new_sample, old_sample = new.take(drawn), old.take(drawn)
    sign = 1 if metric.higher_is_better else -1
    new_score, old_score = new.score(metric), old.score(metric)
    value = sign * (old_score - new_score)
    center = sign * (old_sample.score(metric) - new_sample.score(metric))
    groups = drawn if new_sample.group is None else new_sample.group
    factors = _resamples(groups, generator, count=RESAMPLES)
    resampled = sign * (
        old_sample.score_all(metric, factors) - new_sample.score_all(metric, factors)
    )
    low, high = _bounds(value, center, resampled, narrowing=_narrowing(new, new_sample))
    return new_score, old_score, _to_interval(value, low, high)


def _draw(truth: Values, classes: int, *, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return the rows to resample, at least one of every class."""
    rows = np.arange(len(truth))
    max_rows = MAX_BOOTSTRAP_ROWS * 2 // max(2, classes)
    if len(rows) <= max_rows:
        return rows
    one_of_each = [np.flatnonzero(truth == index)[:1] for index in range(classes)]
    drawn = generator.choice(rows, max_rows, replace=False)
    return np.asarray(np.unique(np.concatenate([drawn, *one_of_each])))


def _resamples(
    groups: NDArray[np.int64], generator: np.random.Generator, *, count: int
) -> NDArray[np.float64]:
    """Return the factors of a Bayesian bootstrap, one for each group.

    All factors are positive, so that every class stays in a resample.
    """
    distinct, positions = np.unique(groups, return_inverse=True)
    return generator.exponential(size=(count, len(distinct)))[:, positions]


def _interval(
    metric: Metric, rows: Outcomes, *, part: Outcomes, resamples: NDArray[np.float64]
) -> Interval:
    value, center = rows.score(metric), part.score(metric)
    resampled = part.score_all(metric, resamples)
    low, high = _bounds(value, center, resampled, narrowing=_narrowing(rows, part))
    low = max(low, MIN_SCORES.get(metric.name, 0.0))
    return _to_interval(value, low, min(high, 1.0) if metric.higher_is_better else high)


def _narrowing(rows: Outcomes, part: Outcomes) -> float:
    # The sample has the same number of groups as all rows.
    return 1.0 if rows.group is not None else float(np.sqrt(len(part.truth) / len(rows.truth)))


def _bounds(
    value: float, center: float, resampled: NDArray[np.float64], *, narrowing: float
) -> tuple[float, float]:
    low, high = value + narrowing * (np.quantile(resampled, _CONFIDENCE) - center)
    return float(low), float(high)


def _to_interval(value: float, low: float, high: float) -> Interval:
    return {"value": value, "low": min(low, value), "high": max(high, value)}
