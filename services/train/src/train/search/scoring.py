"""Scoring of a proposal: a fit and a score on one fold."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.estimators import (
    baseline_labels,
    fit,
    predict,
    predict_baseline,
    predict_baseline_quantiles,
)
from modelling.model_selection.folds import Fold
from modelling.model_selection.metrics import Metric, Values
from modelling.model_selection.quantiles import median_index

from train.candidates import gradient_boosting
from train.candidates.allow_list import CANDIDATES
from train.search.label_cuts import best_score
from train.search.learning_curves import Curve
from train.search.proposals import Proposal
from train.search.sample_weights import weigh
from train.settings import ClassWeight


@dataclass(frozen=True)
class FoldScore:
    """Scores and duration of one fit."""

    curve: Curve
    seconds: float


@dataclass(frozen=True)
class CrossValidation:
    """Rows, folds and metric, the same for all trials."""

    problem: Problem
    rows: Matrix
    folds: Sequence[Fold]
    metric: Metric
    class_weight: ClassWeight | None = None
    levels: tuple[float, ...] = ()
    """Levels of the quantiles that estimators predict; empty if they predict one output."""
    has_best_threshold: bool = False
    """Whether the threshold of the label will be the one that is best by the metric."""

    def score(self, proposal: Proposal, fold: Fold) -> FoldScore:
        """Fit on one part of a fold and score on the other."""
        started = time.monotonic()
        train_rows, held_out = (self.rows.take(rows) for rows in fold)
        weighed = weigh(train_rows, self.class_weight)
        candidate, hyperparameters = CANDIDATES[proposal.name], proposal.hyperparameters
        if candidate.is_iterative:
            predictions = gradient_boosting.grow(
                hyperparameters, weighed, held_out, problem=self.problem
            )
            curve = [self._compute(held_out, self._scored(each)) for each in predictions]
        else:
            estimator = candidate.build(self.problem, hyperparameters)
            fit(estimator, weighed, problem=self.problem)
            predicted = predict(estimator, held_out.features, problem=self.problem)
            curve = [self._compute(held_out, predicted)]
        return FoldScore(curve, time.monotonic() - started)

    def score_baseline(self, fold: Fold) -> float:
        """Score the baseline, which ignores its input."""
        train_rows, held_out = (self.rows.take(rows) for rows in fold)
        target, weights, count = train_rows.target, train_rows.weights, len(held_out.target)
        if self.metric.levels:
            predicted = predict_baseline_quantiles(
                target, self.metric.levels, rows=count, weights=weights
            )
        else:
            predicted = predict_baseline(
                target, self.problem, rows=count, weights=weights, metric=self.metric.name
            )
        labels = baseline_labels(self.metric.name, rows=count)
        if labels is not None and self.metric.compute_labels is not None:
            return self.metric.compute_labels(held_out.target, labels, held_out.weights)
        return self._compute(held_out, predicted)

    def _scored(self, predicted: Values) -> Values:
        """Return the outputs that the metric takes: of quantiles, all of them or the median."""
        if not self.levels or self.metric.levels:
            return predicted
        return np.asarray(predicted[:, median_index(self.levels)])

    def _compute(self, held_out: Matrix, predicted: Values) -> float:
        if self.has_best_threshold:
            weights = held_out.weights
            return best_score(
                predicted[:, 1],
                held_out.target,
                np.ones(len(predicted)) if weights is None else weights,
                metric=self.metric.name,
            )
        return self.metric.compute(held_out.target, predicted, held_out.weights)
