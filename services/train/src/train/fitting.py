"""Fitting: the best of all trials, on all training rows."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from modelling.estimators import Estimator, fit
from modelling.folds import check_target, make_folds, sample
from modelling.matrices import Matrix
from modelling.metrics import Metric
from modelling.problem import Problem
from modelling.trials import Trial, best_of
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning

from train.candidates import CANDIDATES, Candidate
from train.out_of_fold import OutOfFold, predict_out_of_fold
from train.plans import make_plan
from train.selection import Contest
from train.settings import Settings
from train.threads import one_thread
from train.weighing import weigh


@dataclass(frozen=True)
class Fitted:
    """The chosen estimator, and what it was chosen from."""

    best: Trial
    trials: Sequence[Trial]
    """Best first, the dummy's among them."""
    estimator: Estimator
    out_of_fold: OutOfFold | None = None
    """What it said in cross-validation, where something is made of that."""

    @property
    def candidate(self) -> Candidate:
        return CANDIDATES[self.best.name]


def fit_best(rows: Matrix, problem: Problem, *, metric: Metric, settings: Settings) -> Fitted:
    """Compare the candidates on a sample of the rows, and fit the best one on all.

    Raises:
        ContractError: there is nothing to learn, or too little to validate it.
    """
    check_target(rows.target, problem)
    seed = settings.seed
    drawn = sample(rows, problem, at_most=settings.cv_rows, folds=settings.folds, seed=seed)
    folds = make_folds(drawn, problem, metric=metric, folds=settings.folds, seed=seed)
    plan = make_plan(
        settings.candidates,
        problem,
        rows=len(drawn.target),
        trials=settings.trials,
        seed=seed,
    )
    with _quiet(), one_thread():
        trials = Contest(problem, drawn, folds, metric, settings.class_weight).run(plan)
        best = best_of(trials)
        build = partial(CANDIDATES[best.name].build, problem, best.hyperparameters)
        estimator = build()
        fit(estimator, weigh(rows, settings.class_weight), problem=problem)
        said = None
        if settings.needs_predictions:
            said = predict_out_of_fold(build, drawn, folds, problem, settings.class_weight)
    return Fitted(best, trials, estimator, said)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep solvers' complaints about single trials off the log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", LinAlgWarning)
        yield
