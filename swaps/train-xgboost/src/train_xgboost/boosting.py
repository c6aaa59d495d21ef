"""Boosting: hyperparameters and number of rounds, chosen on the validation part."""

from dataclasses import dataclass
from typing import Any

import xgboost
from modelling.model_selection.bootstrap import Outcomes, evaluate
from modelling.model_selection.estimators import predict_baseline
from modelling.model_selection.metrics import Metric
from modelling.model_selection.trials import (
    BASELINE,
    Hyperparameters,
    Trial,
    log_best,
    rank,
    sample_hyperparameters,
)
from stage_contract import LOGGER, Progress

from train_xgboost.matrix import Store
from train_xgboost.objectives import Objective, Values
from train_xgboost.rows import Chosen, Rows
from train_xgboost.settings import Settings

NAME = "xgboost"
ROUNDS = "rounds"
_WIDTH = 2 * 1.96
"""Width of a 95 % interval, in standard deviations."""


@dataclass(frozen=True)
class Boosting:
    """Data and settings, the same for all fits."""

    rows: Rows
    objective: Objective
    metric: Metric
    store: Store
    settings: Settings

    def compare(self, validation: Chosen) -> list[Trial]:
        """Return all trials, including the baseline, best first."""
        settings = self.settings
        fit = self.store.build(self.rows, ~validation)
        held_out = self.store.build(self.rows, validation, like=fit)
        found = sample_hyperparameters(settings.space, count=settings.trials, seed=settings.seed)
        trials = [self._try(tried, fit, held_out, validation) for tried in found]
        ranked = rank(trials, self.metric)
        log_best(ranked, self.metric, where="on the validation part")
        _warn_if_cut_short(ranked[0], settings)
        return rank([*ranked, self._baseline(validation)], self.metric)

    def fit(self, best: Trial) -> xgboost.Booster:
        """Fit on all training rows, with the chosen number of rounds."""
        rows, rounds = self.rows, int(best.hyperparameters[ROUNDS])
        return xgboost.train(
            self._parameters(best.hyperparameters),
            self.store.build(rows, rows.everything),
            rounds,
            callbacks=[Report(rounds)],
        )

    def _try(self, tried: Hyperparameters, fit: Any, held_out: Any, validation: Chosen) -> Trial:
        stop = xgboost.callback.EarlyStopping(rounds=self.settings.early_stopping_rounds)
        booster = xgboost.train(
            self._parameters(tried),
            fit,
            self.settings.rounds,
            evals=[(held_out, "validation")],
            callbacks=[stop, Report(None)],
            verbose_eval=False,
        )
        rounds = booster.best_iteration + 1
        predicted = booster.predict(held_out, iteration_range=(0, rounds))
        values = self.objective.values(predicted)
        return self._score(NAME, tried | {ROUNDS: rounds}, values, validation)

    def _baseline(self, validation: Chosen) -> Trial:
        fitted, count = self.rows.target[~validation], int(validation.sum())
        weights = self.rows.weights_of(~validation)
        values = predict_baseline(fitted, self.rows.problem, rows=count, weights=weights)
        return self._score(BASELINE, {}, values, validation)

    def _score(
        self, name: str, hyperparameters: Hyperparameters, values: Values, validation: Chosen
    ) -> Trial:
        truth, weights = self.rows.target[validation], self.rows.weights_of(validation)
        rows, seed = Outcomes(truth, values, weights), self.settings.seed
        found = evaluate(rows, metrics=[self.metric], seed=seed)[self.metric.name]
        deviation = (found["high"] - found["low"]) / _WIDTH
        return Trial(name, hyperparameters, found["value"], deviation)

    def _parameters(self, hyperparameters: Hyperparameters) -> dict[str, Any]:
        chosen = {name: value for name, value in hyperparameters.items() if name != ROUNDS}
        return {
            **self.objective.parameters,
            **chosen,
            "eval_metric": self.objective.stops_by(self.metric.name),
            "tree_method": "hist",
            "nthread": self.store.threads,
            "verbosity": 0,
        }


class Report(xgboost.callback.TrainingCallback):
    """Logs progress by rounds."""

    def __init__(self, rounds: int | None) -> None:
        self._progress = Progress(ROUNDS, total=rounds)

    def after_iteration(self, _model: Any, _epoch: int, _evals_log: Any) -> bool:
        """Count a round; never stops the training."""
        self._progress.add(1)
        return False


def _warn_if_cut_short(best: Trial, settings: Settings) -> None:
    if best.hyperparameters[ROUNDS] > settings.rounds - settings.early_stopping_rounds:
        LOGGER.warning(
            "the validation score still improves after %s rounds; set more rounds or a higher"
            " learning_rate",
            f"{settings.rounds:,}",
        )
