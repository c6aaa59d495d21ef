"""Scoring of a proposal: a fit and a score on one fold."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.estimators import fit, predict, predict_baseline
from modelling.model_selection.folds import Fold
from modelling.model_selection.metrics import Metric, Values

from train.candidates import gradient_boosting
from train.candidates.allow_list import CANDIDATES
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
            curve = [self._compute(held_out, predicted) for predicted in predictions]
        else:
            estimator = candidate.build(self.problem, hyperparameters)
            fit(estimator, weighed, problem=self.problem)
            predicted = predict(estimator, held_out.features, problem=self.problem)
            curve = [self._compute(held_out, predicted)]
        return FoldScore(curve, time.monotonic() - started)

    def score_baseline(self, fold: Fold) -> float:
        """Score the baseline, which ignores its input."""
        train_rows, held_out = (self.rows.take(rows) for rows in fold)
        predicted = predict_baseline(
            train_rows.target, self.problem, rows=len(held_out.target), weights=train_rows.weights
        )
        return self._compute(held_out, predicted)

    def _compute(self, held_out: Matrix, predicted: Values) -> float:
        return self.metric.compute(held_out.target, predicted, held_out.weights)
