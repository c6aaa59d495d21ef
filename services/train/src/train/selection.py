"""Choosing an estimator: all trials compared by cross-validation."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched

import numpy as np
from stage_contract import LOGGER, Progress
from threadpoolctl import threadpool_limits

from train.candidates import CANDIDATES, Estimator, Hyperparameters, dummy, predict
from train.folds import Fold
from train.matrices import Matrix
from train.metrics import Metric
from train.plans import Plan
from train.problem import Problem

DUMMY = "dummy"


@dataclass(frozen=True)
class Trial:
    """One estimator and how it did in cross-validation."""

    name: str
    hyperparameters: Hyperparameters
    score: float
    deviation: float
    """Standard deviation over the folds."""


@dataclass(frozen=True)
class Contest:
    """What every trial has in common."""

    problem: Problem
    rows: Matrix
    folds: Sequence[Fold]
    metric: Metric

    def run(self, plan: Plan) -> list[Trial]:
        """Return all trials, the dummy's among them, best first."""
        progress = Progress("fits", total=len(self.folds) * sum(map(len, plan.values())))
        trials = [_trial(DUMMY, {}, [self._score(dummy(self.problem), f) for f in self.folds])]
        with _one_thread_a_fit() as pool:
            for name, settings in plan.items():
                family = []
                scores = self._scores(name, settings, pool=pool)
                for hyperparameters in settings:
                    family.append(_trial(name, hyperparameters, next(scores)))
                    progress.add(len(self.folds))
                report(self._rank(family), self.metric)
                trials += family
        return self._rank(trials)

    def _scores(
        self, name: str, settings: Sequence[Hyperparameters], *, pool: Executor
    ) -> Iterator[Sequence[float]]:
        """Yield the scores of each setting's folds; all fits wait in one queue."""
        build = CANDIDATES[name].build
        fits = [(build(self.problem, found), fold) for found in settings for fold in self.folds]
        return batched(pool.map(self._score, *zip(*fits, strict=True)), len(self.folds))

    def _score(self, estimator: Estimator, fold: Fold) -> float:
        fit, held_out = (self.rows.take(rows) for rows in fold)
        estimator.fit(fit.features, fit.target)
        return self.metric.compute(held_out.target, predict(estimator, held_out.features), None)

    def _rank(self, trials: Sequence[Trial]) -> list[Trial]:
        sign = -1 if self.metric.higher_is_better else 1
        return sorted(trials, key=lambda trial: sign * trial.score)


def report(family: Sequence[Trial], metric: Metric) -> None:
    """Log the best of a candidate's trials, with the hyperparameters that were varied."""
    best = family[0]
    varied = [
        f"{name} {value:g}"
        for name, value in best.hyperparameters.items()
        if any(trial.hyperparameters[name] != value for trial in family)
    ]
    LOGGER.info(
        "%s: %s %s ± %s in cross-validation, best of %d%s",
        best.name,
        metric.name,
        metric.show(best.score),
        metric.show(best.deviation),
        len(family),
        f" ({', '.join(varied)})" if varied else "",
        extra={"candidate": best.name, "score": best.score, "deviation": best.deviation},
    )


@contextmanager
def _one_thread_a_fit() -> Iterator[Executor]:
    """Yield a pool that keeps every processor busy with fits of one thread each.

    Where others use the processors, too, a fit on several threads waits for the slowest at every
    step: 30 times as long was measured.
    """
    with ThreadPoolExecutor(
        os.process_cpu_count(), initializer=threadpool_limits, initargs=(1,)
    ) as pool:
        yield pool


def _trial(name: str, hyperparameters: Hyperparameters, scores: Sequence[float]) -> Trial:
    return Trial(name, hyperparameters, float(np.mean(scores)), float(np.std(scores)))
