"""Prediction intervals: conformal, adaptive, part of the graph, with the nominal coverage."""

import json

import numpy as np
import onnx
import pytest
from conftest import ANY, LINEAR, TrainStage
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from made_data import MadeData, houses, run
from modelling.data.problem import Problem
from modelling.data.target_scales import Transform
from modelling.data.tensors import pack
from modelling.graphs.output_heads import (
    INTERVAL_OUTPUTS,
    EstimatorGraph,
    OutputHead,
    add_output_head,
)
from modelling.graphs.parity import ParityError, check_interval_parity
from modelling.graphs.session import Outputs
from modelling.model_selection.prediction_intervals import PredictionInterval
from numpy.typing import NDArray
from onnx import helper
from stage_contract import SettingsError
from train.fitting.conformal_intervals import check_interval, conformal_quantile, fit_interval
from train.fitting.out_of_fold import OutOfFold

INTERVAL = "\ninterval = 0.8"


def one_feature(transform: Transform | None = None) -> Problem:
    """Return a problem whose only feature is the output of the estimator."""
    features = MadeData(transform=transform).features | {
        "features": [{"name": "x", "source": "x", "role": "number"}]
    }
    return Problem.model_validate(features)


def out_of_fold(rows: int, *, seed: int = 0, weighted: bool = False) -> OutOfFold:
    """Return predictions from 0 to 100 whose errors grow with them."""
    random = np.random.default_rng(seed)
    said = random.uniform(0, 100, rows)
    target = said + random.standard_t(4, rows) * (1 + said / 10)
    weights = random.uniform(0.1, 10, rows) if weighted else np.ones(rows)
    return OutOfFold(said, target, weights, np.arange(rows) % 3)


def covered(band: PredictionInterval, rows: OutOfFold) -> NDArray[np.bool_]:
    _, low, high = band.apply(rows.predictions).T
    return np.asarray((low <= rows.target) & (rows.target <= high))


@given(st.integers(1, 60), st.floats(0.5, 0.99))
def test_the_quantile_is_the_score_of_the_finite_sample_rank(rows: int, level: float) -> None:
    rank = int(np.ceil(level * (rows + 1) - 1e-9))
    scores = np.random.default_rng(rows).permutation(rows) + 1.0

    found = conformal_quantile(scores, np.ones(rows), level=level)

    assert found == (rank if rank <= rows else np.inf)


@given(st.integers(1, 30), st.integers(1, 5))
def test_equal_weights_are_none(rows: int, factor: int) -> None:
    scores = np.random.default_rng(rows).normal(size=rows)

    found = [
        conformal_quantile(scores, weight * np.ones(rows), level=0.8) for weight in (1, factor)
    ]

    assert found[0] == found[1]


def test_a_row_that_weighs_more_decides_more() -> None:
    scores = np.arange(100.0)

    heavy = np.where(scores >= 50, 9.0, 1.0)

    assert conformal_quantile(scores, np.ones(100), level=0.5) == 50
    assert conformal_quantile(scores, heavy, level=0.5) == 72


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.99])
@pytest.mark.parametrize("weighted", [False, True])
def test_as_many_values_are_inside_as_were_promised(coverage: float, *, weighted: bool) -> None:
    band = fit_interval(out_of_fold(3000, weighted=weighted), one_feature(), coverage=coverage)
    fresh = out_of_fold(20_000, seed=1, weighted=weighted)

    share = np.average(covered(band, fresh), weights=fresh.weights)

    assert coverage - 0.02 < share < coverage + 0.03


def test_a_band_is_wide_where_errors_are_large() -> None:
    band = fit_interval(out_of_fold(3000), one_feature(), coverage=0.9)
    fresh = out_of_fold(20_000, seed=1)
    inside = covered(band, fresh)

    shares = [
        inside[(fresh.predictions >= low) & (fresh.predictions < low + 20)].mean()
        for low in (0, 40, 80)
    ]

    assert min(shares) > 0.86
    assert max(shares) < 0.94
    _, low, high = band.apply(np.array([5.0, 95.0])).T
    assert 4 < (high - low)[1] / (high - low)[0] < 9


def test_a_band_is_longer_on_the_side_of_larger_errors() -> None:
    random = np.random.default_rng(0)
    said = random.uniform(0, 100, 3000)
    skewed = OutOfFold(
        said, said + random.exponential(10, 3000), np.ones(3000), np.arange(3000) % 3
    )

    band = fit_interval(skewed, one_feature(), coverage=0.9)

    assert band.below == 0
    assert band.above > 2


def test_predictions_without_an_error_have_intervals_of_no_length() -> None:
    said = np.linspace(0, 1, 200)

    band = fit_interval(
        OutOfFold(said, said, np.ones(200), np.arange(200) % 3), one_feature(), coverage=0.9
    )

    assert np.array_equal(band.apply(said), np.repeat(said[:, np.newaxis], 3, axis=1))


def test_few_rows_can_promise_little() -> None:
    assert fit_interval(out_of_fold(39), one_feature(), coverage=0.95).rows == 39
    with pytest.raises(
        SettingsError, match="expected some 40 rows in cross-validation, there are 38"
    ):
        fit_interval(out_of_fold(38), one_feature(), coverage=0.95)


def end_of_graph(
    band: PredictionInterval, learnt: NDArray[np.float32], transform: Transform | None
) -> Outputs:
    core = EstimatorGraph([helper.make_node("Identity", ["features"], ["raw"])], "raw")
    model = add_output_head(core, one_feature(transform), opset=21, head=OutputHead(interval=band))
    return run(model, {"features": learnt.reshape(-1, 1)})


@pytest.mark.parametrize("transform", [None, "log", "log1p"])
@given(seed=st.integers(0, 10_000), knots=st.integers(1, 20))
@hypothesis_settings(max_examples=30, deadline=None)
def test_the_graph_gives_the_ends_that_numpy_gives(
    transform: Transform | None, seed: int, knots: int
) -> None:
    random = np.random.default_rng(seed)
    band = PredictionInterval(
        coverage=0.9,
        rows=100,
        below=random.exponential(),
        above=random.exponential(),
        knots=np.cumsum(random.uniform(0.5, 2, knots)),
        widths=random.uniform(0.1, 3, knots),
    )
    learnt = np.concatenate([random.uniform(-5, 45, 200), [-1e6, 1e6, band.knots[0]]])
    learnt = learnt.astype(np.float32)
    expected = one_feature(transform).scale.inverse_transform(band.apply(learnt.astype(np.float64)))

    answers = end_of_graph(band, learnt, transform)

    check_interval_parity(answers, expected, library="numpy", show=str)
    assert {answers[name].dtype for name in INTERVAL_OUTPUTS} == {np.dtype(np.float32)}
    assert all(np.isfinite(answers[name]).all() for name in INTERVAL_OUTPUTS)


@pytest.mark.parametrize(
    ("name", "wrong"), [("low", 2.0), ("high", 0.5), ("high", np.nan), ("prediction", 1.1)]
)
def test_a_wrong_end_is_a_bug(name: str, wrong: float) -> None:
    answers = {"prediction": 1.0, "low": 0.0, "high": 2.0} | {name: wrong}
    columns = {key: np.array([value], np.float32) for key, value in answers.items()}

    with pytest.raises(ParityError, match=r"model.onnx gives prediction, low, high"):
        check_interval_parity(columns, np.array([[1.0, 0.0, 2.0]]), library="numpy", show=str)


@pytest.mark.parametrize("transform", [None, "log", "log1p"])
@pytest.mark.parametrize("candidate", ["linear", "gradient-boosting"])
def test_a_model_answers_with_intervals_and_says_how_many_values_they_hold(
    stage: TrainStage, candidate: str, transform: Transform | None
) -> None:
    data = MadeData(
        raw_train=houses(400, seed=1), raw_test=houses(200, seed=2), transform=transform
    )
    stage.train(data, f'candidates = ["{candidate}"]\ntrials = 1{INTERVAL}')
    model = onnx.load_from_string(stage.artifact().file("model.onnx").read_bytes())
    truth = data.table(data.raw_test)["@target"].to_numpy()

    answers = run(model, pack(data.raw_test, data.rules))

    inside = (answers["low"] <= truth) & (truth <= answers["high"])
    document = stage.document()
    assert document["metrics"]["coverage"]["value"] == pytest.approx(inside.mean())
    # A line says these prices but for what a float32 rounds, which is as large as the intervals.
    assert 0.7 < inside.mean() < (1.1 if (candidate, transform) == ("linear", None) else 0.95)
    assert (answers["low"] <= answers["prediction"]).all()
    assert (answers["prediction"] <= answers["high"]).all()
    width = np.median(answers["high"].astype(float) - answers["low"])
    assert document["interval"] == {
        "coverage": 0.8,
        "method": "cross-conformal",
        "rows": 400,
        "median_width": width,
    }
    if transform == "log":
        assert (answers["low"] > 0).all()


def test_examples_hold_the_ends_that_the_graph_gives(stage: TrainStage) -> None:
    stage.train(MadeData(), LINEAR + INTERVAL)
    lines = stage.artifact().file("examples.jsonl").read_text(encoding="utf-8").splitlines()

    for line in map(json.loads, lines):
        low, high = line["interval"]
        assert low < line["expected"] < high


def test_a_model_without_intervals_is_what_it_was(stage: TrainStage) -> None:
    stage.train(MadeData())

    model = onnx.load_from_string(stage.artifact().file("model.onnx").read_bytes())
    assert [output.name for output in model.graph.output] == ["prediction"]
    assert "interval" not in stage.document()
    assert "coverage" not in stage.document()["metrics"]


@pytest.mark.parametrize("data", [MadeData(by_time=True), MadeData(by_group=True)])
def test_errors_come_from_folds_in_time_or_by_group(stage: TrainStage, data: MadeData) -> None:
    stage.train(data, LINEAR + INTERVAL)

    # In time nothing came before the first of four parts.
    assert stage.document()["interval"]["rows"] == (90 if data.by_time else 120)


def test_the_gate_can_ask_for_coverage(stage: TrainStage) -> None:
    stage.publish(MadeData())

    assert stage.run(f"{LINEAR}{INTERVAL}\ngate = {{minimum = {{coverage = 0.999}}}}") == 0
    assert "coverage 0." in stage.printed()
    assert not (stage.root / "model/LATEST").exists()


def test_a_limit_of_coverage_without_intervals_is_refused(stage: TrainStage) -> None:
    stage.publish(MadeData())

    assert stage.run(f"{LINEAR}\ngate = {{minimum = {{coverage = 0.9}}}}") == 78
    assert "coverage does not fit regression" in stage.printed()


def test_a_class_has_no_interval(stage: TrainStage) -> None:
    stage.publish(MadeData("binary"))

    assert stage.run(LINEAR + INTERVAL) == 78
    assert "interval = 0.8: 'price' is a class; expected a number" in stage.printed()


@pytest.mark.parametrize("name", ["low", "high", "interval"])
def test_a_target_with_the_name_of_an_end_is_refused(name: str) -> None:
    problem = one_feature()
    named = problem.model_copy(update={"target": problem.target.model_copy(update={"name": name})})

    check_interval(None, named)
    with pytest.raises(SettingsError, match=f'column = "{name}", name = '):
        check_interval(0.9, named)


@pytest.mark.parametrize("interval", ["0", "1", "90"])
def test_a_share_is_between_0_and_1(stage: TrainStage, interval: str) -> None:
    stage.publish(MadeData())

    assert stage.run(f"{LINEAR}\ninterval = {interval}") == 78


def test_intervals_change_no_prediction(stage: TrainStage) -> None:
    data = MadeData()

    def predictions() -> NDArray[np.float32]:
        model = onnx.load_from_string(stage.artifact().file("model.onnx").read_bytes())
        answers: NDArray[np.float32] = run(model, pack(data.raw_test, data.rules))["prediction"]
        return answers

    stage.train(data)
    before = predictions()
    stage.train(data, LINEAR + INTERVAL + ANY)

    assert np.array_equal(before, predictions())
