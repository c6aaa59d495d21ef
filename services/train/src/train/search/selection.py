"""The search for hyperparameters: rounds of trials, compared by cross-validation."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

import numpy as np
from modelling.model_selection.metrics import Metric
from modelling.model_selection.trials import BASELINE, Search, Trial, log_best, rank
from stage_contract import LOGGER, Progress, working_on

from train.candidates import gradient_boosting
from train.candidates.allow_list import CANDIDATES
from train.search.learning_curves import best_point, scores_at
from train.search.proposals import Proposal, Proposals
from train.search.scoring import CrossValidation, FoldScore
from train.search.time_budget import TimeBudget
from train.threads import parallel_fits

TRIALS_PER_ROUND = 4
"""Independent of the number of processors, so that results are equal."""

MIN_PRUNING_ROWS = 2_000
"""Minimum number of rows for pruning: with fewer, a fold is noisy and fits are fast."""

PRUNING_SHARE = 0.4
"""Share of the earlier trials with the best first folds; a trial worse than all these is pruned."""


@dataclass(frozen=True)
class TrialResult:
    """A trial, with the duration of its fits."""

    trial: Trial
    first_score: float
    """Score on the first fold."""
    fit_seconds: float
    """Duration of the longest fit."""


@dataclass
class HyperparameterSearch:
    """A search for hyperparameters: its rows, its proposals and the results so far."""

    cross_validation: CrossValidation
    proposals: Proposals
    all_rows: int
    """Number of rows of the final fit."""
    time_budget: TimeBudget = field(default_factory=TimeBudget)

    results: list[TrialResult] = field(default_factory=list, init=False)

    def run(self, *, trials: int) -> tuple[list[Trial], Search]:
        """Try the defaults of each candidate, then rounds, until all trials or the time is used.

        Returns all trials including the baseline, best first, and the extent of the search.
        """
        progress = Progress("trials", total=trials)
        with parallel_fits() as pool:
            while (remaining := trials - len(self.results)) and self._has_time(
                size := min(remaining, self._next_size())
            ):
                with working_on(f"cross-validating the next {size} of {trials} trials"):
                    self.results += self._round(self.proposals.ask(size), pool=pool)
                self.time_budget.end_round(trials=size)
                progress.add(size)
        search = Search(len(self.results), cut=len(self.results) < trials)
        done = [result.trial for result in self.results]
        _log_search(
            done,
            search,
            metric=self.cross_validation.metric,
            budget=self.time_budget.budget_seconds,
        )
        return rank([*done, self._baseline()], self.cross_validation.metric), search

    def _next_size(self) -> int:
        """Return the number of trials in the next round."""
        if self._has_tried_defaults():
            return TRIALS_PER_ROUND
        # With a time budget, also in a replay, the defaults are tried one by one.
        return 1 if self.proposals.is_timed else self.proposals.candidates

    def _has_tried_defaults(self) -> bool:
        """Return whether the defaults of all candidates were tried."""
        return len(self.results) >= self.proposals.candidates

    def _has_time(self, size: int) -> bool:
        if not self.results:
            return True
        expected = self.expect_fit_seconds(self.all_rows)
        return self.time_budget.has_time(trials=size, final_fit_seconds=expected)

    def expect_fit_seconds(self, rows: int) -> float:
        """Return the expected duration of fitting the best estimator so far, on one thread."""
        best = _best(self.results, self.cross_validation.metric)
        return (
            best.fit_seconds
            * rows
            / max(len(fit_rows) for fit_rows, _ in self.cross_validation.folds)
        )

    def _round(self, proposals: Sequence[Proposal], *, pool: Executor) -> list[TrialResult]:
        """Try proposals on the first fold, then promising proposals on the other folds."""
        score, (first_fold, *other_folds) = self.cross_validation.score, self.cross_validation.folds
        first_fits = [pool.submit(score, proposal, first_fold) for proposal in proposals]
        fits = []
        for proposal, first in zip(proposals, first_fits, strict=True):
            is_kept = self._is_promising(first)
            fits.append(
                [first, *(pool.submit(score, proposal, fold) for fold in other_folds if is_kept)]
            )
        results = []
        for proposal, fold_fits in zip(proposals, fits, strict=True):
            result = self._to_result(proposal, [fit.result() for fit in fold_fits])
            self.proposals.tell(proposal, result.trial)
            results.append(result)
        return results

    def _is_promising(self, first: Future[FoldScore]) -> bool:
        """Return whether the score of a first fold is among the better scores of earlier rounds."""
        if (
            not self._has_tried_defaults()
            or len(self.cross_validation.rows.target) < MIN_PRUNING_ROWS
        ):
            return True
        metric, score = self.cross_validation.metric, self._best_score(first.result())
        share = 1 - PRUNING_SHARE if metric.higher_is_better else PRUNING_SHARE
        limit = float(np.quantile([result.first_score for result in self.results], share))
        return score == limit or metric.is_better(score, than=limit)

    def _best_score(self, scored: FoldScore) -> float:
        return scored.curve[best_point([scored.curve], self.cross_validation.metric)]

    def _to_result(self, proposal: Proposal, scored: Sequence[FoldScore]) -> TrialResult:
        curves = [fit.curve for fit in scored]
        point = best_point(curves, self.cross_validation.metric)
        scores = scores_at(curves, point)
        hyperparameters = proposal.hyperparameters
        seconds = max(fit.seconds for fit in scored)
        if CANDIDATES[proposal.name].is_iterative:
            iterations = (point + 1) * gradient_boosting.scoring_interval(hyperparameters)
            hyperparameters = hyperparameters | {"max_iter": iterations}
            # The folds ran longer before they stopped.
            seconds *= (point + 1) / max(map(len, curves))
        trial = Trial(
            proposal.name,
            hyperparameters,
            float(np.mean(scores)),
            float(np.std(scores)),
            pruned=len(scored) < len(self.cross_validation.folds),
        )
        return TrialResult(trial, self._best_score(scored[0]), seconds)

    def _baseline(self) -> Trial:
        scores = [
            self.cross_validation.score_baseline(fold) for fold in self.cross_validation.folds
        ]
        return Trial(BASELINE, {}, float(np.mean(scores)), float(np.std(scores)))


def _best(results: Sequence[TrialResult], metric: Metric) -> TrialResult:
    best = rank([result.trial for result in results], metric)[0]
    return next(result for result in results if result.trial is best)


def _log_search(
    trials: Sequence[Trial], search: Search, *, metric: Metric, budget: float | None
) -> None:
    """Log the best of each candidate, and whether time ended the search."""
    for name in dict.fromkeys(trial.name for trial in trials):
        family = [trial for trial in trials if trial.name == name]
        log_best(rank(family, metric), metric, where="in cross-validation")
    if search.cut and budget is not None:
        LOGGER.info(
            "the budget of %.0f s ended the search after %d trials; a forced run replays so many",
            budget,
            search.trials,
            extra={"trials": search.trials, "budget_seconds": budget},
        )
