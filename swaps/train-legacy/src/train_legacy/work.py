"""Reads feature-data, fits a forest, and writes the evaluated model."""

import sklearn
from modelling.data.feature_data import open_feature_data
from modelling.data.matrices import read_matrix
from modelling.evaluation.evaluation_plan import plan_evaluation
from modelling.evaluation.held_out import read_held_out
from modelling.evaluation.model_writer import write_model
from modelling.graphs.forests import forest_graph
from modelling.graphs.output_heads import add_output_head
from modelling.model_selection.folds import check_target
from modelling.model_selection.trained_model import TrainedModel
from modelling.model_selection.trials import best_of
from stage_contract import Artifact, Draft

from train_legacy.forest import compare, fit_best, predict_named
from train_legacy.settings import Settings


def train(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with model.onnx, model.json, examples.jsonl and reference.json."""
    data = open_feature_data(source)
    problem = data.problem
    plan = plan_evaluation(data, settings)
    held_out = read_held_out(data)
    rows = read_matrix(source, problem)
    check_target(rows.target, problem)
    trials = compare(rows, problem, metric=plan.metric, settings=settings)
    forest = fit_best(best_of(trials), rows, problem)
    learned = TrainedModel(
        library=f"scikit-learn {sklearn.__version__}",
        trials=trials,
        predict=lambda features: predict_named(forest, features, problem=problem),
        graph=add_output_head(forest_graph(forest, problem), problem, opset=data.opset),
        target=rows.target,
        weights=rows.weights,
    )
    write_model(draft, held_out, learned, plan=plan)
