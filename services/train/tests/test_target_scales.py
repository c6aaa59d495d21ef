"""Targets learned as logarithms: predictions and metrics are on the original scale."""

import json

import numpy as np
import onnxruntime
import pytest
from conftest import ANY, LINEAR, TrainStage
from made_data import MadeData, run, target
from modelling.data.problem import Problem
from modelling.data.target_scales import MAX_LOGARITHM, TargetScale, Transform
from modelling.graphs.output_heads import EstimatorGraph, add_output_head
from numpy.typing import NDArray
from onnx import helper

BOOSTING = 'candidates = ["gradient-boosting"]\ntrials = 1\nfolds = 2'


def end_of_graph(transform: Transform, learnt: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the output of the output head for numbers in the first feature."""
    features = MadeData(transform=transform).features | {
        "features": [{"name": "x", "source": "x", "role": "number"}]
    }
    core = EstimatorGraph([helper.make_node("Identity", ["features"], ["raw"])], "raw")
    model = add_output_head(core, Problem.model_validate(features), opset=21)
    return run(model, {"features": learnt.astype(np.float32).reshape(-1, 1)})["prediction"]


@pytest.mark.parametrize("transform", ["log", "log1p"])
def test_the_way_back_is_the_same_in_numpy_and_in_the_graph(transform: Transform) -> None:
    learnt = np.array([-1e30, -900.0, -1e-9, 0.0, 1e-9, 0.3, 7.7, 87.9, MAX_LOGARITHM, 1e30])
    expected = TargetScale(transform).inverse_transform(learnt.astype(np.float32))

    found = end_of_graph(transform, learnt)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=2e-7, atol=1e-15)


@pytest.mark.parametrize(("transform", "least"), [("log", 1e-6), ("log1p", 0.0)])
def test_values_come_back(transform: Transform, least: float) -> None:
    values = np.array([least, 0.5, 1.0, 1234.5, 1e30])

    scale = TargetScale(transform)
    np.testing.assert_allclose(scale.inverse_transform(scale.transform(values)), values, rtol=1e-12)


def test_without_a_transform_values_are_learnt_as_they_are() -> None:
    values = np.array([-1.0, 0.0, 5.0])

    assert TargetScale(None).transform(values) is values
    assert TargetScale(None).nodes("raw") == ([], "raw")


@pytest.mark.parametrize("settings", [LINEAR, BOOSTING])
@pytest.mark.parametrize("transform", ["log", "log1p"])
def test_the_served_graph_predicts_values(
    stage: TrainStage, transform: Transform, settings: str
) -> None:
    data = MadeData(transform=transform)
    artifact = stage.train(data, settings)
    model, lines = stage.document(), artifact.file("examples.jsonl").read_text().splitlines()
    prices = target(data.raw_train, "regression")

    expected = [json.loads(line)["expected"] for line in lines]
    assert prices.min() / 3 < min(expected) <= max(expected) < 3 * prices.max()
    assert model["target"]["transform"] == transform
    assert model["metrics"]["r2"]["value"] > 0.8
    # The mean of the values, not the value of the mean logarithm, is what a model has to beat.
    assert abs(model["baseline"]["r2"]["value"]) < 0.2
    assert json.loads(artifact.file("reference.json").read_bytes())["target"]["mean"] == (
        pytest.approx(prices.mean())
    )
    assert onnxruntime.InferenceSession(artifact.file("model.onnx").read_bytes())


def test_another_scale_learns_something_else(stage: TrainStage) -> None:
    plain = stage.train(MadeData()).file("model.onnx").read_bytes()

    other = stage.train(MadeData(transform="log"), LINEAR + ANY)

    assert other.file("model.onnx").read_bytes() != plain


def test_a_target_without_logarithm_is_refused(stage: TrainStage) -> None:
    raw = MadeData().raw_train
    sizes = raw.column("size").to_numpy(zero_copy_only=False).copy()
    sizes[0] = -500.0
    spoilt = raw.set_column(raw.column_names.index("size"), "size", [sizes])
    stage.publish(MadeData(transform="log", raw_train=spoilt))

    assert stage.run(LINEAR) == 65
    assert "expected numbers that have a log, run features again" in stage.printed()
