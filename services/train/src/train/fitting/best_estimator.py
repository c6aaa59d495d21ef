"""The best estimator: selected by cross-validation, fitted on all training rows."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.estimators import Estimator, fit
from modelling.model_selection.folds import check_target, make_folds, sample
from modelling.model_selection.metrics import Metric
from modelling.model_selection.trials import Search, Trial, best_of
from scipy.linalg import LinAlgWarning
from sklearn.exceptions import ConvergenceWarning
from stage_contract import LOGGER, working_on

from train.candidates.allow_list import CANDIDATES, Candidate
from train.candidates.forests import count_processors, parallel_fit
from train.fitting.conformal_intervals import check_coverage
from train.fitting.out_of_fold import OutOfFold, predict_out_of_fold
from train.search.proposals import Proposals
from train.search.sample_weights import weigh
from train.search.scoring import CrossValidation
from train.search.selection import HyperparameterSearch
from train.search.time_budget import TimeBudget
from train.settings import Settings
from train.threads import one_thread


@dataclass(frozen=True)
class Fitted:
    """The best estimator, and the trials of its selection."""

    best: Trial
    trials: Sequence[Trial]
    """Best first, including the baseline."""
    estimator: Estimator
    search: Search
    search_seconds: float
    out_of_fold: OutOfFold | None = None
    """Out-of-fold predictions of the best trial, if the output head needs them."""

    @property
    def candidate(self) -> Candidate:
        return CANDIDATES[self.best.name]


def fit_best(
    rows: Matrix, problem: Problem, *, metric: Metric, settings: Settings, replay: int | None = None
) -> Fitted:
    """Compare the candidates on a sample of the rows, and fit the best one on all rows.

    `replay` is the number of trials of an earlier run, which replaces the time budget.

    Raises:
        ContractError: There are too few rows to fit or to validate.
        SettingsError: There are too few rows for the interval, or hyperparameters do not fit.
    """
    time_budget = TimeBudget(None if replay else settings.budget_seconds)
    check_target(rows.target, problem)
    seed = settings.seed
    drawn = sample(rows, problem, max_rows=settings.cv_rows, folds=settings.folds, seed=seed)
    folds = make_folds(drawn, problem, metric=metric, folds=settings.folds, seed=seed)
    if settings.interval is not None:
        check_coverage(settings.interval, rows=sum(len(held_out) for _, held_out in folds))
    proposals = Proposals(problem, rows=len(drawn.target), metric=metric, settings=settings)
    trial_count = proposals.limit_trials(settings.trials)
    _log_fixed_candidates(proposals, trials=settings.trials)
    cross_validation = CrossValidation(
        problem,
        drawn,
        folds,
        metric,
        settings.class_weight,
        settings.quantile_levels,
        has_best_threshold=settings.has_best_threshold(metric.name),
    )
    needs_predictions = settings.needs_predictions(is_classification=problem.classes is not None)
    rows_to_fit = len(rows.target)
    if needs_predictions:
        rows_to_fit += sum(len(fit_rows) for fit_rows, _ in folds)
    with _suppress_solver_warnings(), one_thread():
        selection = HyperparameterSearch(cross_validation, proposals, rows_to_fit, time_budget)
        trials, search = selection.run(trials=replay or trial_count)
        best = best_of(trials)
        build = partial(CANDIDATES[best.name].build, problem, best.hyperparameters)
        estimator = build()
        what = f"fitting {best.name} on all {len(rows.target):,} training rows"
        seconds = selection.expect_fit_seconds(len(rows.target)) / count_processors(estimator)
        with parallel_fit(estimator), working_on(what, expected_seconds=seconds):
            fit(estimator, weigh(rows, settings.class_weight), problem=problem)
        out_of_fold = None
        if needs_predictions:
            with working_on(f"fitting {best.name} once for each of {len(folds)} folds"):
                out_of_fold = predict_out_of_fold(
                    build, drawn, folds, problem, settings.class_weight
                )
    return Fitted(
        best,
        trials,
        estimator,
        Search(search.trials, cut=search.trials < trial_count),
        search_seconds=time_budget.spent_seconds,
        out_of_fold=out_of_fold,
    )


def _log_fixed_candidates(proposals: Proposals, *, trials: int) -> None:
    if trials == proposals.candidates:
        return
    for name in proposals.fixed_candidates:
        LOGGER.info(
            "%s: all hyperparameters are fixed, so it has one of the %d trials",
            name,
            trials,
            extra={"candidate": name, "trials": trials},
        )


@contextmanager
def _suppress_solver_warnings() -> Iterator[None]:
    """Suppress warnings of solvers about single trials."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", LinAlgWarning)
        yield
