"""Reads feature-data, fits a random forest, exports it as a graph, and writes the model."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import sklearn
from modelling.data.feature_data import open_feature_data
from modelling.data.matrices import Matrix, read_matrix
from modelling.data.problem import Problem
from modelling.evaluation.evaluation_plan import plan_evaluation
from modelling.evaluation.held_out import read_held_out
from modelling.evaluation.model_writer import write_model
from modelling.graphs.forests import forest_graph
from modelling.graphs.output_heads import add_output_head
from modelling.model_selection.estimators import fit, predict, predict_baseline
from modelling.model_selection.folds import Fold, check_target, make_folds
from modelling.model_selection.metrics import Metric, Values
from modelling.model_selection.trained_model import TrainedModel
from modelling.model_selection.trials import (
    BASELINE,
    Hyperparameters,
    Space,
    Trial,
    best_of,
    rank,
    sample_hyperparameters,
)
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from stage_contract import Artifact, Draft, working_on

from train.settings import Settings

type Predict = Callable[[Hyperparameters, Matrix, Matrix], Values]

SPACE: Final[Space] = {"min_samples_leaf": [1, 5, 20], "max_features": [0.5, 1.0, 0.2]}
"""Hyperparameters to compare; the first values are tried first."""


def train(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with model.onnx, model.json, examples.jsonl and reference.json."""
    data = open_feature_data(source)
    plan = plan_evaluation(data, settings)
    held_out, rows = read_held_out(data), read_matrix(source, data.problem)
    check_target(rows.target, data.problem)
    with working_on("cross-validating the forest"):
        trials = cross_validate(rows, data.problem, metric=plan.metric, settings=settings)
    with working_on("fitting the forest on all rows"):
        forest = grow(best_of(trials).hyperparameters, rows, problem=data.problem)
    learned = TrainedModel(
        library=f"scikit-learn {sklearn.__version__}",
        trials=trials,
        predict=lambda features: predict(forest, features, problem=data.problem),
        graph=add_output_head(forest_graph(forest, data.problem), data.problem, opset=data.opset),
        target=rows.target,
        weights=rows.weights,
    )
    # Merges the graph behind transform.onnx, compares it with the forest, and evaluates it.
    write_model(draft, held_out, learned, plan=plan)


def grow(hyperparameters: Hyperparameters, rows: Matrix, *, problem: Problem) -> Any:
    """Return a forest, fitted on these rows. Another estimator takes its place here."""
    family = RandomForestClassifier if problem.classes else RandomForestRegressor
    forest = family(**hyperparameters, n_jobs=-1)
    fit(forest, rows, problem=problem)
    # Predicting side by side adds up the trees in another order every time.
    return forest.set_params(n_jobs=1)


def cross_validate(
    rows: Matrix, problem: Problem, *, metric: Metric, settings: Settings
) -> list[Trial]:
    """Return the scores of forests and of a baseline that ignores its input, best first."""
    folds = make_folds(rows, problem, metric=metric, folds=settings.folds, seed=settings.seed)

    def by_forest(tried: Hyperparameters, fitted: Matrix, held_out: Matrix) -> Values:
        return predict(grow(tried, fitted, problem=problem), held_out.features, problem=problem)

    def by_baseline(_tried: Hyperparameters, fitted: Matrix, held_out: Matrix) -> Values:
        count = len(held_out.target)
        return predict_baseline(fitted.target, problem, rows=count, weights=fitted.weights)

    def trial(name: str, tried: Hyperparameters, predictions: Predict) -> Trial:
        scores = [_score(metric, rows, fold, partial(predictions, tried)) for fold in folds]
        return Trial(name, tried, float(np.mean(scores)), float(np.std(scores)))

    space = {
        **SPACE,
        "n_estimators": [settings.trees],
        "max_leaf_nodes": [settings.max_leaf_nodes],
    }
    tried = sample_hyperparameters(space, count=settings.trials, seed=settings.seed)
    forests = [trial("random-forest", each, by_forest) for each in tried]
    return rank([*forests, trial(BASELINE, {}, by_baseline)], metric)


def _score(
    metric: Metric, rows: Matrix, fold: Fold, predictions: Callable[[Matrix, Matrix], Values]
) -> float:
    fitted, held_out = (rows.take(part) for part in fold)
    return metric.compute(held_out.target, predictions(fitted, held_out), held_out.weights)
