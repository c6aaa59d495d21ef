"""Reads feature-data, boosts, and hands the trees over to be judged and written."""

import xgboost
from modelling.feature_data import FeatureData, open_feature_data
from modelling.held_out import read_held_out
from modelling.learned import Learned
from modelling.metrics import Metric
from modelling.trials import best_of
from modelling.wishes import read_wishes
from modelling.writing import write_model
from stage_contract import Artifact, Draft

from train_xgboost.boosting import Boosting
from train_xgboost.export import export
from train_xgboost.matrix import Store, open_store
from train_xgboost.objectives import choose_objective
from train_xgboost.rows import Rows, choose_validation, read_training_target
from train_xgboost.settings import Settings


def train(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with model.onnx, model.json, examples.jsonl and reference.json."""
    data = open_feature_data(source)
    wishes = read_wishes(data, settings)
    held_out = read_held_out(data)
    with open_store(draft.path, data, settings) as store:
        learned = _learn(data, wishes.metric, store=store, settings=settings)
    write_model(draft, held_out, learned, wishes=wishes)


def _learn(data: FeatureData, metric: Metric, *, store: Store, settings: Settings) -> Learned:
    problem = data.problem
    target = read_training_target(data.artifact, problem)
    objective = choose_objective(problem, target)
    rows = Rows(data.artifact, problem, target, labels=objective.labels(target))
    validation = choose_validation(
        rows, metric, share=settings.validation_share, seed=settings.seed
    )
    boosting = Boosting(rows, objective, metric, store, settings)
    trials = boosting.compare(validation)
    booster = boosting.fit(best_of(trials))
    return Learned(
        library=f"xgboost {xgboost.__version__}",
        trials=trials,
        predict=lambda features: objective.values(booster.inplace_predict(features)),
        graph=export(booster, problem, objective, opset=data.opset),
        target=target,
    )
