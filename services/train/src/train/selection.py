"""Choosing an estimator: candidates compared by cross-validation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from sklearn.base import clone
from stage_contract import LOGGER, Progress

from train.candidates import CANDIDATES, Estimator, Hyperparameters, dummy, predict, settings_to_try
from train.folds import Fold
from train.matrices import Matrix
from train.metrics import Metric
from train.problem import Problem, Task

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

    def run(self, plan: Mapping[str, Sequence[Hyperparameters]]) -> list[Trial]:
        """Return all trials, the dummy's among them, best first."""
        progress = Progress("fits", total=len(self.folds) * sum(map(len, plan.values())))
        trials = [self._try(DUMMY, {}, dummy(self.problem))]
        for name, settings in plan.items():
            family = []
            for hyperparameters in settings:
                estimator = CANDIDATES[name].build(self.problem, hyperparameters)
                family.append(self._try(name, hyperparameters, estimator))
                progress.add(len(self.folds))
            self._report(self._rank(family))
            trials += family
        return self._rank(trials)

    def _try(self, name: str, hyperparameters: Hyperparameters, estimator: Estimator) -> Trial:
        scores = [self._score(estimator, fold) for fold in self.folds]
        return Trial(name, hyperparameters, float(np.mean(scores)), float(np.std(scores)))

    def _score(self, estimator: Estimator, fold: Fold) -> float:
        fit, held_out = (self.rows.take(rows) for rows in fold)
        fitted = clone(estimator).fit(fit.features, fit.target)
        return self.metric.compute(held_out.target, predict(fitted, held_out.features), None)

    def _rank(self, trials: Sequence[Trial]) -> list[Trial]:
        sign = -1 if self.metric.higher_is_better else 1
        return sorted(trials, key=lambda trial: sign * trial.score)

    def _report(self, family: Sequence[Trial]) -> None:
        best = family[0]
        varied = [
            f"{name} {value:g}"
            for name, value in best.hyperparameters.items()
            if any(trial.hyperparameters[name] != value for trial in family)
        ]
        LOGGER.info(
            "%s: %s %s ± %s, best of %d settings%s",
            best.name,
            self.metric.name,
            self.metric.show(best.score),
            self.metric.show(best.deviation),
            len(family),
            f" ({', '.join(varied)})" if varied else "",
            extra={"candidate": best.name, "score": best.score, "deviation": best.deviation},
        )


def make_plan(
    names: Sequence[str], task: Task, *, rows: int, trials: int, seed: int
) -> dict[str, list[Hyperparameters]]:
    """Return the settings to try of each candidate.

    Candidates take turns, so that a small space leaves its share to the others.
    """
    everything = {
        name: settings_to_try(CANDIDATES[name].space(task, rows), count=trials, seed=seed)
        for name in names
    }
    turns = [(turn, name) for name in names for turn in range(len(everything[name]))]
    counts = Counter(name for _, name in sorted(turns, key=itemgetter(0))[:trials])
    return {name: everything[name][: counts[name]] for name in names}
