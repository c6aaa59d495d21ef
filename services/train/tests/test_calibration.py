"""Calibration: equal to scikit-learn's, part of the graph, and only applied if it helps."""

import json
from typing import Any

import numpy as np
import onnx
import pytest
from conftest import ANY, LINEAR, TrainStage
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from made_data import MadeData, houses, run
from modelling.data.problem import Problem
from modelling.data.tensors import pack
from modelling.graphs.calibrators import MIN_PROBABILITY, Logistic, Temperature
from modelling.graphs.output_heads import EstimatorGraph, OutputHead, add_output_head
from numpy.typing import NDArray
from onnx import helper
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from test_work import SCHEMAS
from train.fitting.calibration import METHODS, Calibration, Method, _fit, choose_calibration
from train.fitting.out_of_fold import OutOfFold
from train.settings import Settings

COUNTS = pytest.mark.parametrize("classes", [2, 3, 7])
EVERY_METHOD = pytest.mark.parametrize("method", METHODS)


def out_of_fold(
    classes: int, *, power: float = 1.0, rows: int = 3000, seed: int = 0, shift: float = 0.0
) -> OutOfFold:
    """Return exact probabilities to a power: below 1 they are too unsure, above too sure."""
    random = np.random.default_rng(seed)
    exact = random.dirichlet(np.full(classes, 0.6), rows)
    target = (exact.cumsum(axis=1) < random.random(rows)[:, np.newaxis]).sum(axis=1)
    target = np.minimum(target, classes - 1)
    said = np.maximum(exact, 1e-12) ** power * np.exp(shift * np.arange(classes))
    said /= said.sum(axis=1, keepdims=True)
    return OutOfFold(said, target, random.uniform(0.5, 2, rows), np.arange(rows) % 3)


def problem_of(classes: int, *, kind: str = "hash") -> Problem:
    features = MadeData("binary").features | {
        "features": [{"name": f"p{i}", "source": "p", "role": "number"} for i in range(classes)],
        "classes": [f"class {i}" for i in range(classes)],
    }
    return Problem.model_validate(features | {"split": {"kind": kind}})


def in_graph(calibration: Calibration, shares: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the output of the output head for float32 probabilities."""
    core = EstimatorGraph([helper.make_node("Identity", ["features"], ["raw"])], "raw")
    head = OutputHead(calibrator=calibration.calibrator)
    model = add_output_head(core, problem_of(shares.shape[1]), opset=17, head=head)
    answers = run(model, {"features": shares.astype(np.float32)})
    assert np.array_equal(answers["label"], answers["probabilities"].argmax(axis=1))
    return answers["probabilities"]


@COUNTS
@EVERY_METHOD
def test_the_graph_says_what_scikit_learn_says(method: Method, classes: int) -> None:
    calibration = _fit(out_of_fold(classes, power=2.0), method)
    asked = out_of_fold(classes, seed=1).predictions.astype(np.float32).astype(np.float64)
    certain = np.eye(classes)
    asked = np.concatenate([asked, certain])

    found, expected = in_graph(calibration, asked), calibration.apply(asked)

    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-6
    assert np.abs(found.astype(np.float64).sum(axis=1) - 1).max() < 1e-6
    assert ((found > 0) & (found < 1)).all()


def test_two_classes_are_calibrated_as_scikit_learn_does_it_by_itself() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(2000, 3))
    target = (features @ [2, 1, 0] + random.logistic(size=2000) > 0).astype(int)
    estimator = LogisticRegression(C=1e-3).fit(features[:1000], target[:1000])
    for method in METHODS:
        expected = CalibratedClassifierCV(FrozenEstimator(estimator), method=method).fit(
            features[1000:], target[1000:]
        )
        said = estimator.predict_proba(features[1000:])
        rows = OutOfFold(said, target[1000:], np.ones(1000), np.zeros(1000, dtype=np.int64))

        found = _fit(rows, method).apply(estimator.predict_proba(features))

        assert np.allclose(found, expected.predict_proba(features), atol=1e-6)


@given(st.floats(0.2, 5), st.floats(-3, 3))
@hypothesis_settings(max_examples=30, deadline=None)
def test_a_higher_probability_stays_a_higher_one(slope: float, intercept: float) -> None:
    positive = np.linspace(0, 1, 200)
    shares = np.column_stack([1 - positive, positive])
    core = EstimatorGraph([helper.make_node("Identity", ["features"], ["raw"])], "raw")
    for calibrator in (
        Logistic(np.array([slope]), np.array([intercept])),
        Temperature(slope),
    ):
        model = add_output_head(
            core, problem_of(2), opset=21, head=OutputHead(calibrator=calibrator)
        )

        found = run(model, {"features": shares.astype(np.float32)})["probabilities"][:, 1]

        assert (np.diff(found) >= 0).all()


def test_a_temperature_of_one_changes_nothing() -> None:
    said = out_of_fold(4).predictions
    core = EstimatorGraph([helper.make_node("Identity", ["features"], ["raw"])], "raw")
    model = add_output_head(
        core, problem_of(4), opset=21, head=OutputHead(calibrator=Temperature(1.0))
    )

    found = run(model, {"features": said.astype(np.float32)})["probabilities"]

    assert np.abs(found - said).max() < 2 * MIN_PROBABILITY


def settings(**values: Any) -> Settings:
    return Settings.model_validate(values)


@COUNTS
@pytest.mark.parametrize("power", [0.4, 2.5])
def test_what_is_too_sure_or_too_unsure_is_calibrated(classes: int, power: float) -> None:
    said = out_of_fold(classes, power=power)

    chosen = choose_calibration(settings(), problem_of(classes), said)

    assert chosen is not None
    assert chosen.calibration is not None
    losses = chosen.log_loss
    method = chosen.calibration.method
    assert losses[method] == min(losses.values())
    assert losses[method] < 0.98 * losses["none"]
    fresh = out_of_fold(classes, power=power, seed=1)
    exact = out_of_fold(classes, seed=1)
    off = np.abs(fresh.predictions - exact.predictions).mean()
    assert np.abs(chosen.calibration.apply(fresh.predictions) - exact.predictions).mean() < off / 3


@COUNTS
def test_what_is_calibrated_already_is_left_as_it_is(classes: int) -> None:
    chosen = choose_calibration(settings(), problem_of(classes), out_of_fold(classes))

    assert chosen is not None
    assert chosen.calibration is None
    assert chosen.describe()["method"] == "none"
    assert chosen.log_loss.keys() == {"none", *METHODS}


def test_a_gain_of_few_rows_is_noise() -> None:
    few = out_of_fold(2, power=1.3, rows=500)

    chosen = choose_calibration(settings(), problem_of(2), few)

    assert chosen is not None
    assert chosen.log_loss["temperature"] < chosen.log_loss["none"]
    assert chosen.calibration is None


def test_of_very_few_rows_none_is_tried_unasked() -> None:
    few = out_of_fold(2, power=2.5, rows=499)

    assert choose_calibration(settings(), problem_of(2), few) is None
    assert choose_calibration(settings(calibration="temperature"), problem_of(2), few) is not None


def test_rows_of_one_group_tell_no_more_than_one() -> None:
    few = out_of_fold(2, power=1.8, rows=90)
    parts = [
        getattr(few, name).repeat(40, axis=0)
        for name in ("predictions", "target", "weights", "fold")
    ]
    group = np.arange(90).repeat(40)

    alone = choose_calibration(settings(), problem_of(2), OutOfFold(*parts))
    together = choose_calibration(
        settings(), problem_of(2, kind="group"), OutOfFold(*parts, group=group)
    )

    assert alone is not None
    assert alone.calibration is not None
    assert together is not None
    assert together.calibration is None


def test_a_wrong_base_rate_takes_a_sigmoid() -> None:
    chosen = choose_calibration(settings(), problem_of(2), out_of_fold(2, shift=1.5))

    assert chosen is not None
    assert chosen.calibration is not None
    assert chosen.calibration.method == "sigmoid"


@pytest.mark.parametrize(("classes", "methods"), [(10, METHODS), (11, METHODS[:1])])
def test_of_many_classes_the_one_that_takes_a_fit_for_each_is_not_tried_unasked(
    classes: int, methods: tuple[Method, ...]
) -> None:
    said = out_of_fold(classes, power=2.5, rows=1000)

    chosen = choose_calibration(settings(), problem_of(classes), said)

    assert chosen is not None
    assert chosen.log_loss.keys() == {"none", *methods}


def test_a_sigmoid_learns_the_same_of_some_rows_a_class(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = out_of_fold(3, power=2.0, shift=1.5, rows=20_000)
    asked = out_of_fold(3, power=2.0, shift=1.5, seed=1)
    whole = _fit(said, "sigmoid")
    monkeypatch.setattr("train.fitting.calibration._MIN_SIGMOID_ROWS", 2_000)
    monkeypatch.setattr("train.fitting.calibration._MAX_SIGMOID_VALUES", 6_000)

    some = _fit(said, "sigmoid")

    assert len(said.thin(2_000)) == pytest.approx(2_000, abs=2)
    assert not np.array_equal(some.apply(asked.predictions), whole.apply(asked.predictions))
    assert np.array_equal(
        some.apply(asked.predictions), _fit(said, "sigmoid").apply(asked.predictions)
    )
    assert np.abs(some.apply(asked.predictions) - whole.apply(asked.predictions)).mean() < 0.02


def test_rows_that_stand_for_others_weigh_what_all_of_their_class_weigh() -> None:
    target = np.array([0] * 9_000 + [1] * 970 + [2] * 30)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(target))
    said = OutOfFold(np.eye(3)[target], target, weights, np.arange(len(target)) % 3)

    some = said.thin(1_000)

    assert np.bincount(some.target).tolist() == [900, 97, 30]
    assert np.bincount(some.target, some.weights) == pytest.approx(np.bincount(target, weights))
    assert said.thin(len(target)) is said


def test_in_time_only_what_came_before_is_learned_from() -> None:
    said = out_of_fold(2, power=3.0)
    first = said.fold == 0
    turned = OutOfFold(
        said.predictions,
        np.where(said.fold == 2, 1 - said.target, said.target),
        said.weights,
        said.fold,
    )

    chosen = choose_calibration(settings(), problem_of(2, kind="time"), turned)

    # The last fold, which is the other way round, is scored; only the final fit learns from it.
    alone = _fit(turned.take(first), "temperature").apply(turned.predictions[turned.fold == 1])
    assert chosen is not None
    assert chosen.log_loss["none"] > 1
    assert alone.max() < turned.predictions[turned.fold == 1].max()


def test_a_class_without_rows_leaves_probabilities_as_they_are(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = out_of_fold(3, power=2.5)

    assert choose_calibration(settings(), problem_of(3), said.take(said.target < 2)) is None
    assert "not calibrated: a class has no row in the scored folds" in caplog.text


def test_a_model_that_is_wrong_is_not_turned_round(caplog: pytest.LogCaptureFixture) -> None:
    said = out_of_fold(2)
    wrong = OutOfFold(said.predictions[:, ::-1], said.target, said.weights, said.fold)

    chosen = choose_calibration(settings(calibration="sigmoid"), problem_of(2), wrong)

    assert chosen is not None
    assert chosen.calibration is None
    assert "not calibrated by sigmoid: it would turn probabilities round" in caplog.text


def answers_of(stage: TrainStage, data: MadeData) -> dict[str, NDArray[Any]]:
    model = onnx.load_from_string(stage.artifact().file("model.onnx").read_bytes())
    return run(model, pack(data.raw_test, data.rules))


@pytest.mark.parametrize("task", ["binary", "three"])
@pytest.mark.parametrize(
    "candidate", ["linear", "gradient-boosting", "random-forest", "extra-trees"]
)
@EVERY_METHOD
def test_every_candidate_passes_the_parity_gate_calibrated(
    stage: TrainStage, method: str, candidate: str, task: str
) -> None:
    data = MadeData(task, raw_train=houses(300, seed=1))
    asked = f'candidates = ["{candidate}"]\ntrials = 1\nfolds = 2\ncalibration = "{method}"'
    stage.train(data, asked + ANY)

    document = stage.document()

    schema = json.loads((SCHEMAS / "model.schema.json").read_bytes())
    Draft202012Validator(schema).validate(document)
    assert document["calibration"]["method"] == method
    assert document["calibration"]["rows"] == 300
    assert document["calibration"]["log_loss"].keys() == {"none", method}
    assert f"calibrated by {method}: log loss" in stage.printed()
    assert document["parity"]["max_difference"] < 1e-5


def test_nothing_is_calibrated_if_that_is_said(stage: TrainStage) -> None:
    stage.train(MadeData("binary"), f'{LINEAR}\ncalibration = "none"')

    assert "calibration" not in stage.document()


def test_weights_of_classes_are_not_undone(stage: TrainStage) -> None:
    data = MadeData("binary", raw_train=houses(400, seed=1))
    balanced = f'{LINEAR}\nclass_weight = "balanced"'
    stage.train(data, balanced)
    assert "calibration" not in stage.document()
    before = answers_of(stage, data)["probabilities"]

    stage.train(data, f'{balanced}\ncalibration = "sigmoid"{ANY}')

    assert stage.document()["calibration"]["method"] == "sigmoid"
    assert not np.allclose(answers_of(stage, data)["probabilities"], before, atol=1e-3)


def test_a_threshold_stands_among_calibrated_probabilities(stage: TrainStage) -> None:
    data = MadeData("binary", raw_train=houses(400, seed=1), raw_test=houses(300, seed=2))
    threshold = "threshold = {cost = {false_positive = 1, false_negative = 4}}"
    settings_of = (
        f'candidates = ["random-forest"]\ntrials = 1\nclass_weight = "balanced"\n{threshold}'
    )
    stage.train(data, f'{settings_of}\ncalibration = "sigmoid"')
    answers, document = answers_of(stage, data), stage.document()

    positive = answers["probabilities"][:, 1]
    threshold_found = document["decision"]["threshold"]
    assert np.array_equal(answers["label"], positive >= np.float32(threshold_found))
    assert document["metrics"]["cost"]["value"] < document["baseline"]["cost"]["value"]


def test_numbers_are_not_calibrated(stage: TrainStage) -> None:
    stage.publish(MadeData())

    assert stage.run(f'{LINEAR}\ncalibration = "sigmoid"') == 78
    assert "calibration = 'sigmoid': 'price' is a number; expected classes" in stage.printed()


def test_isotonic_steps_are_refused(stage: TrainStage) -> None:
    stage.publish(MadeData("binary"))

    assert stage.run(f'{LINEAR}\ncalibration = "isotonic"') == 78
    assert "'auto', 'temperature', 'sigmoid' or 'none'" in stage.printed()
