"""The setting `objective`: the loss of gradient boosting, in the estimator and in the graph."""

import re
from typing import Any

import numpy as np
import pytest
from conftest import TrainStage
from made_data import MadeData, run
from modelling.data.problem import Problem
from modelling.data.tensors import pack
from modelling.graphs.output_heads import add_output_head
from onnx import load_from_string
from pydantic import ValidationError
from sklearn.ensemble import HistGradientBoostingRegressor
from stage_contract import ContractError, SettingsError
from test_parity import ROWS, matrix, problem
from train.candidates import gradient_boosting
from train.search.objectives import check_objective, check_target_values
from train.settings import Settings

OBJECTIVES = ("squared_error", "absolute_error", "poisson", "gamma")


def counts(features: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).poisson(np.exp(features[:, 0] + features[:, 1])) + 1.0


@pytest.mark.parametrize("loss", OBJECTIVES)
def test_the_graph_predicts_as_scikit_learn_with_each_loss(loss: str) -> None:
    features = matrix(ROWS, seed=1)
    estimator: Any = gradient_boosting.build(problem("regression"), {"loss": loss, "max_iter": 60})
    estimator.fit(features, counts(features))
    core = gradient_boosting.to_graph(estimator, problem("regression"))
    graph = add_output_head(core, problem("regression"), opset=21)
    rows = matrix(1000, seed=2)

    found = run(graph, {"features": rows.astype(np.float32)})["prediction"]

    assert isinstance(estimator, HistGradientBoostingRegressor)
    assert found == pytest.approx(estimator.predict(rows), rel=1e-6)


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("further", ["", "interval = 0.8"])
def test_a_model_is_trained_with_the_objective(
    stage: TrainStage, objective: str, further: str
) -> None:
    data = MadeData()
    artifact = stage.train(data, f'objective = "{objective}"\ntrials = 2\n{further}')

    document = stage.document()
    trials = [trial for trial in document["candidates"] if trial["hyperparameters"]]
    assert {(t["name"], t["hyperparameters"]["loss"]) for t in trials} == {
        ("gradient-boosting", objective)
    }
    metric = "mae" if objective == "absolute_error" else "r2"
    assert {trial["metric"] for trial in document["candidates"]} == {metric}
    model = load_from_string(artifact.file("model.onnx").read_bytes())
    predicted = run(model, pack(data.raw_test, data.rules))["prediction"]
    assert document["metrics"]["r2"]["value"] > 0.5
    assert (predicted > 0).all()


def test_a_metric_that_is_set_decides_with_any_objective(stage: TrainStage) -> None:
    stage.train(MadeData(), 'objective = "absolute_error"\nmetric = "rmse"\ntrials = 1')

    assert {trial["metric"] for trial in stage.document()["candidates"]} == {"rmse"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": "huber"}, "Input should be 'squared_error', 'absolute_error', 'poisson'"),
        (
            {"objective": "poisson", "candidates": ["gradient-boosting", "linear"]},
            "is one of gradient-boosting only; leave linear out of candidates",
        ),
        (
            {"objective": "gamma", "hyperparameters": {"linear": {"alpha": 1.0}}},
            "leave linear out of hyperparameters",
        ),
    ],
)
def test_what_does_not_fit_an_objective_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        Settings.model_validate(settings)


def test_an_objective_needs_a_number() -> None:
    with pytest.raises(SettingsError, match=r"objective: 'y' has classes; expected a number"):
        check_objective("squared_error", problem("binary"))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_log_link_excludes_the_logarithm_of_the_target(objective: Any) -> None:
    logarithm = problem("regression").model_dump()
    logarithm["target"] |= {"transform": "log"}
    transformed = Problem.model_validate(logarithm)

    if objective in gradient_boosting.LOG_LINKS:
        with pytest.raises(SettingsError, match=r"target.transform = 'log' takes the logarithm"):
            check_objective(objective, transformed)
    else:
        check_objective(objective, transformed)


@pytest.mark.parametrize(
    ("objective", "values", "message"),
    [
        ("poisson", [1.0, -2.5, 0.0, -1.0], "2 rows have a 'y' such as -2.5"),
        ("gamma", [1.0, 0.0], "1 rows have a 'y' such as 0, and objective = 'gamma' expects"),
        ("poisson", [0.0, 0.0], "every 'y' is 0; expected some positive values"),
    ],
)
def test_targets_that_a_log_link_cannot_reach_are_refused(
    objective: Any, values: list[float], message: str
) -> None:
    with pytest.raises(ContractError, match=re.escape(message)):
        check_target_values(objective, np.array(values), name="y")


@pytest.mark.parametrize(
    ("objective", "values"),
    [("poisson", [0.0, 3.0]), ("gamma", [0.5]), ("absolute_error", [-1.0]), (None, [-1.0])],
)
def test_other_targets_are_taken(objective: Any, values: list[float]) -> None:
    check_target_values(objective, np.array(values), name="y")
