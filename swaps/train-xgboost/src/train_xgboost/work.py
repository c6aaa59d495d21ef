"""Reads feature-data, fits XGBoost, and writes the evaluated model."""

import numpy as np
import xgboost
from modelling.data.feature_data import FeatureData, open_feature_data
from modelling.data.matrices import read_weights
from modelling.data.problem import Problem
from modelling.evaluation.evaluation_plan import plan_evaluation
from modelling.evaluation.held_out import read_held_out
from modelling.evaluation.model_writer import write_model
from modelling.model_selection.metrics import Metric
from modelling.model_selection.trained_model import TrainedModel
from modelling.model_selection.trials import best_of
from numpy.typing import NDArray
from stage_contract import Artifact, Draft

from train_xgboost.boosting import Boosting
from train_xgboost.export import export
from train_xgboost.matrix import Store, open_store
from train_xgboost.objectives import Values, choose_objective
from train_xgboost.rows import Rows, choose_validation, read_training_target
from train_xgboost.settings import Settings


def train(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with model.onnx, model.json, examples.jsonl and reference.json."""
    data = open_feature_data(source)
    plan = plan_evaluation(data, settings)
    held_out = read_held_out(data)
    with open_store(draft.path, data, settings) as store:
        learned = _learn(data, plan.metric, store=store, settings=settings)
    write_model(draft, held_out, learned, plan=plan)


def _learn(data: FeatureData, metric: Metric, *, store: Store, settings: Settings) -> TrainedModel:
    problem = data.problem
    target = read_training_target(data.artifact, problem)
    objective = choose_objective(problem, target)
    weights = read_weights(data.artifact, problem, folder="train")
    rows = Rows(data.artifact, problem, target, objective.labels(target), weights)
    validation = choose_validation(
        rows, metric, share=settings.validation_share, seed=settings.seed
    )
    boosting = Boosting(rows, objective, metric, store, settings)
    trials = boosting.compare(validation)
    booster = boosting.fit(best_of(trials))
    return TrainedModel(
        library=f"xgboost {xgboost.__version__}",
        trials=trials,
        predict=lambda features: objective.values(_predict(booster, features, problem)),
        graph=export(booster, problem, objective, opset=data.opset),
        target=target,
        weights=weights,
    )


def _predict(booster: xgboost.Booster, features: NDArray[np.float32], problem: Problem) -> Values:
    """Return XGBoost's predictions; for a logarithm, the sum of its trees in double.

    The exponential would amplify the rounding of a float32 sum.
    """
    if problem.scale.kind is None:
        return np.asarray(booster.inplace_predict(features))
    total = np.zeros(len(features))
    for number in range(booster.num_boosted_rounds()):
        total += booster.inplace_predict(features, iteration_range=(number, number + 1))
    return total
