"""A random forest, with hyperparameters chosen by cross-validation."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from joblib import parallel_config
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.estimators import fit, predict, predict_baseline
from modelling.model_selection.folds import Fold, make_folds, sample
from modelling.model_selection.metrics import Metric
from modelling.model_selection.trials import (
    BASELINE,
    Hyperparameters,
    Trial,
    log_best,
    rank,
    sample_hyperparameters,
)
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from stage_contract import LOGGER, Progress

from train_legacy.settings import Settings

NAME = "random-forest"
_SHOWN = 5


def grow(hyperparameters: Hyperparameters, rows: Matrix, *, problem: Problem) -> Any:
    """Return a forest, fitted on all processors, which does not change it.

    It predicts on one processor: a parallel sum of trees has no fixed order.
    """
    family = RandomForestClassifier if problem.classes else RandomForestRegressor
    rows_per_tree = min(int(hyperparameters["max_samples"]), len(rows.target))
    forest = family(**hyperparameters | {"max_samples": rows_per_tree})
    with parallel_config("threading", n_jobs=os.process_cpu_count()):
        fit(forest, rows, problem=problem)
    return forest


@dataclass(frozen=True)
class CrossValidation:
    """Rows, folds and metric, the same for all trials."""

    problem: Problem
    rows: Matrix
    folds: Sequence[Fold]
    metric: Metric

    def run(self, settings: Settings) -> list[Trial]:
        """Return all trials, including the baseline, best first."""
        tried = sample_hyperparameters(settings.space, count=settings.trials, seed=settings.seed)
        progress = Progress("fits", total=len(self.folds) * len(tried))
        trials = []
        for found in tried:
            trials.append(_trial(NAME, found, [self._score(found, fold) for fold in self.folds]))
            progress.add(len(self.folds))
        log_best(rank(trials, self.metric), self.metric, where="in cross-validation")
        baseline = [self._score_baseline(fold) for fold in self.folds]
        return rank([*trials, _trial(BASELINE, {}, baseline)], self.metric)

    def _score(self, hyperparameters: Hyperparameters, fold: Fold) -> float:
        fitted, held_out = (self.rows.take(rows) for rows in fold)
        forest = grow(hyperparameters, fitted, problem=self.problem)
        predicted = predict(forest, held_out.features, problem=self.problem)
        return self.metric.compute(held_out.target, predicted, held_out.weights)

    def _score_baseline(self, fold: Fold) -> float:
        fitted, held_out = (self.rows.take(rows) for rows in fold)
        predicted = predict_baseline(
            fitted.target, self.problem, rows=len(held_out.target), weights=fitted.weights
        )
        return self.metric.compute(held_out.target, predicted, held_out.weights)


def _trial(name: str, hyperparameters: Hyperparameters, scores: Sequence[float]) -> Trial:
    return Trial(name, hyperparameters, float(np.mean(scores)), float(np.std(scores)))


def compare(rows: Matrix, problem: Problem, *, metric: Metric, settings: Settings) -> list[Trial]:
    """Return all trials on a sample of the rows, best first."""
    seed, folds = settings.seed, settings.folds
    drawn = sample(rows, problem, max_rows=settings.cv_rows, folds=folds, seed=seed)
    splits = make_folds(drawn, problem, metric=metric, folds=folds, seed=seed)
    return CrossValidation(problem, drawn, splits, metric).run(settings)


def fit_best(best: Trial, rows: Matrix, problem: Problem) -> Any:
    """Fit on all rows, and log the most important features."""
    names = [feature.name for feature in problem.features]
    named = replace(rows, features=pd.DataFrame(rows.features, columns=names))
    forest = grow(best.hyperparameters, named, problem=problem)
    importances = pd.Series(forest.feature_importances_, index=names)
    leading = importances.sort_values(ascending=False).head(_SHOWN)
    LOGGER.info(
        "most important: %s",
        ", ".join(f"{name} {share:.2f}" for name, share in leading.items()),
        extra={"importances": leading.to_dict()},
    )
    return forest


def predict_named(forest: Any, features: NDArray[Any], *, problem: Problem) -> NDArray[np.float64]:
    """Return predictions of a forest that was fitted on named columns."""
    frame = pd.DataFrame(features, columns=forest.feature_names_in_)
    return predict(forest, frame, problem=problem)
