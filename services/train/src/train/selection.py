"""Choosing an estimator: all trials compared by cross-validation."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import batched

import numpy as np
from modelling.estimators import Estimator, fit, predict, predict_as_dummy
from modelling.folds import Fold
from modelling.matrices import Matrix
from modelling.metrics import Metric
from modelling.problem import Problem
from modelling.trials import DUMMY, Hyperparameters, Trial, rank, report_best
from stage_contract import Progress

from train.candidates import CANDIDATES
from train.plans import Plan
from train.settings import ClassWeight
from train.threads import fits_side_by_side
from train.weighing import weigh


@dataclass(frozen=True)
class Contest:
    """What every trial has in common."""

    problem: Problem
    rows: Matrix
    folds: Sequence[Fold]
    metric: Metric
    class_weight: ClassWeight | None = None

    def run(self, plan: Plan) -> list[Trial]:
        """Return all trials, the dummy's among them, best first."""
        progress = Progress("fits", total=len(self.folds) * sum(map(len, plan.values())))
        trials = [_trial(DUMMY, {}, [self._score_dummy(fold) for fold in self.folds])]
        with fits_side_by_side() as pool:
            for name, settings in plan.items():
                family = []
                scores = self._scores(name, settings, pool=pool)
                for hyperparameters in settings:
                    family.append(_trial(name, hyperparameters, next(scores)))
                    progress.add(len(self.folds))
                report_best(rank(family, self.metric), self.metric, where="in cross-validation")
                trials += family
        return rank(trials, self.metric)

    def _scores(
        self, name: str, settings: Sequence[Hyperparameters], *, pool: Executor
    ) -> Iterator[Sequence[float]]:
        """Yield the scores of each setting's folds; all fits wait in one queue."""
        build = CANDIDATES[name].build
        fits = [(build(self.problem, found), fold) for found in settings for fold in self.folds]
        scores = pool.map(self._score, *zip(*fits, strict=True))
        return batched(scores, len(self.folds), strict=True)

    def _score(self, estimator: Estimator, fold: Fold) -> float:
        seen, held_out = (self.rows.take(rows) for rows in fold)
        fit(estimator, weigh(seen, self.class_weight), problem=self.problem)
        predicted = predict(estimator, held_out.features, problem=self.problem)
        return self.metric.compute(held_out.target, predicted, held_out.weights)

    def _score_dummy(self, fold: Fold) -> float:
        seen, held_out = (self.rows.take(rows) for rows in fold)
        predicted = predict_as_dummy(
            seen.target, self.problem, rows=len(held_out.target), weights=seen.weights
        )
        return self.metric.compute(held_out.target, predicted, held_out.weights)


def _trial(name: str, hyperparameters: Hyperparameters, scores: Sequence[float]) -> Trial:
    return Trial(name, hyperparameters, float(np.mean(scores)), float(np.std(scores)))
