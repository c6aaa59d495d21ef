"""Quantiles: one ensemble for each level, sorted, inside the graph, scored by the pinball loss."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from conftest import ANY, TrainStage
from made_data import MadeData, houses, run
from modelling.data.target_scales import Transform
from modelling.data.tensors import pack
from modelling.graphs.output_heads import OutputHead, add_output_head
from modelling.graphs.parity import ParityError, check_quantile_parity
from modelling.model_selection.bootstrap import Outcomes, evaluate
from modelling.model_selection.metrics import choose_metric, pinball_metric
from modelling.model_selection.quantiles import median_index
from numpy.typing import NDArray
from pydantic import ValidationError
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_pinball_loss
from stage_contract import SettingsError
from test_parity import ROWS, matrix, problem
from train.candidates import gradient_boosting
from train.candidates.quantile_boosting import QuantileBoosting
from train.fitting.output_head import check_output_head
from train.settings import Settings

LEVELS = [0.1, 0.5, 0.9]
QUANTILE = 'objective = "quantile"\nquantiles = [0.1, 0.5, 0.9]\ntrials = 1'


def noisy(features: NDArray[Any], seed: int = 3) -> NDArray[np.float64]:
    """Return values whose spread grows with the second feature."""
    random = np.random.default_rng(seed)
    return np.asarray(features[:, 0] + random.normal(size=len(features)) * np.exp(features[:, 1]))


def fitted(levels: list[float] = LEVELS, **hyperparameters: Any) -> Any:
    features = matrix(ROWS, seed=1)
    given = {"max_iter": 60, "random_state": 0, "loss": "quantile"} | hyperparameters
    estimator: Any = gradient_boosting.build(problem("regression"), {**given, "quantiles": levels})
    return estimator.fit(features, noisy(features))


@pytest.mark.parametrize("levels", [LEVELS, [0.5, 0.99], [0.05, 0.25, 0.5, 0.51, 0.52, 0.75]])
def test_the_graph_predicts_the_sorted_quantiles_of_scikit_learn(levels: list[float]) -> None:
    estimator = fitted(levels)
    core = gradient_boosting.to_graph(estimator, problem("regression"))
    head = OutputHead(levels=levels)
    graph = add_output_head(core, problem("regression"), opset=21, head=head)
    train, rows = matrix(ROWS, seed=1), matrix(1000, seed=2)
    columns = [
        HistGradientBoostingRegressor(
            loss="quantile", quantile=level, max_iter=60, early_stopping=False, random_state=0
        )
        .fit(train, noisy(train))
        .predict(rows)
        for level in levels
    ]
    expected = np.sort(np.column_stack(columns), axis=1)

    found = run(graph, {"features": rows.astype(np.float32)})

    assert found["quantiles"].dtype == np.float32
    assert found["quantiles"] == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert (np.diff(found["quantiles"], axis=1) >= 0).all()
    assert (found["prediction"] == found["quantiles"][:, levels.index(0.5)]).all()


def test_crossing_quantiles_are_sorted_and_their_loss_does_not_grow() -> None:
    levels = [0.5, 0.51, 0.52]
    estimator = fitted(levels, min_samples_leaf=5)
    rows = matrix(2000, seed=2)
    apart = np.column_stack([each.predict(rows) for each in estimator.estimators])
    truth = noisy(rows, seed=5)

    together = estimator.predict(rows)

    assert (np.diff(apart, axis=1) < 0).any()
    assert (np.diff(together, axis=1) >= 0).all()
    metric = pinball_metric(levels)
    assert metric.compute(truth, together, None) < metric.compute(truth, apart, None)


def test_ensembles_that_stop_early_grow_on_to_one_size() -> None:
    features, held_out = matrix(ROWS, seed=1), matrix(200, seed=9)
    target = noisy(features)
    given = {"max_iter": 200, "max_features": 0.5, "random_state": 0}
    estimator = QuantileBoosting(LEVELS, given)
    estimator.set_params(early_stopping=True, n_iter_no_change=5)

    estimator.fit(features, target, X_val=held_out, y_val=noisy(held_out, seed=4))

    (iterations,) = {each.n_iter_ for each in estimator.estimators}
    assert iterations < 200
    at_once = QuantileBoosting(LEVELS, given | {"max_iter": iterations}).fit(features, target)
    assert estimator.predict(held_out) == pytest.approx(at_once.predict(held_out), rel=1e-12)
    stages = [*estimator.staged_predict(held_out)]
    assert len(stages) == iterations
    assert (stages[-1] == estimator.predict(held_out)).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_pinball_is_the_mean_of_scikit_learn_over_all_levels(*, weighted: bool) -> None:
    random = np.random.default_rng(0)
    truth, quantiles = random.normal(size=500), np.sort(random.normal(size=(500, 3)), axis=1)
    weights = random.exponential(size=500) if weighted else None
    outcomes = Outcomes(truth, quantiles[:, 1], weights, quantiles=quantiles)
    metric = pinball_metric(LEVELS)
    expected = np.mean(
        [
            mean_pinball_loss(truth, quantiles[:, place], alpha=level, sample_weight=weights)
            for place, level in enumerate(LEVELS)
        ]
    )

    scores = evaluate(outcomes, metrics=[metric], seed=0)["pinball"]

    assert scores["value"] == pytest.approx(expected)
    assert scores["low"] < scores["value"] < scores["high"]
    factors = random.exponential(size=(4, 500))
    assert outcomes.score_all(metric, factors) == pytest.approx(
        [outcomes.score(metric, each) for each in factors]
    )


@pytest.mark.parametrize("transform", [None, "log", "log1p"])
def test_a_model_predicts_quantiles_and_says_how_many_values_are_below(
    stage: TrainStage, transform: Transform | None
) -> None:
    data = MadeData(
        raw_train=houses(400, seed=1), raw_test=houses(200, seed=2), transform=transform
    )
    artifact = stage.train(data, QUANTILE)
    model = onnx.load_from_string(artifact.file("model.onnx").read_bytes())
    truth = data.table(data.raw_test)["@target"].to_numpy()

    found = run(model, pack(data.raw_test, data.rules))

    quantiles, document = found["quantiles"], stage.document()
    assert (found["prediction"] == quantiles[:, 1]).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert document["quantiles"]["levels"] == LEVELS
    shares = [each["value"] for each in document["quantiles"]["coverage"]]
    assert shares == pytest.approx((truth.astype(np.float32)[:, None] <= quantiles).mean(axis=0))
    losses = [
        mean_pinball_loss(truth, column, alpha=level)
        for level, column in zip(LEVELS, quantiles.T, strict=True)
    ]
    assert document["metrics"]["pinball"]["value"] == pytest.approx(np.mean(losses), rel=1e-6)
    trained = data.table(data.raw_train)["@target"].to_numpy()
    constants = [
        mean_pinball_loss(truth, np.full(len(truth), np.quantile(trained, level)), alpha=level)
        for level in LEVELS
    ]
    assert document["baseline"]["pinball"]["value"] == pytest.approx(np.mean(constants), rel=1e-3)
    assert document["metrics"]["pinball"]["value"] < document["baseline"]["pinball"]["value"]
    assert {trial["metric"] for trial in document["candidates"]} == {"pinball"}
    assert document["estimator"]["hyperparameters"]["quantiles"] == LEVELS


def test_each_example_has_the_quantiles_of_its_row(stage: TrainStage) -> None:
    artifact = stage.train(MadeData(), QUANTILE)

    lines = artifact.file("examples.jsonl").read_text("utf-8").splitlines()

    for line in map(json.loads, lines):
        assert len(line["quantiles"]) == len(LEVELS)
        assert line["quantiles"] == sorted(line["quantiles"])
        assert line["quantiles"][1] == line["expected"]


def test_a_rerun_writes_the_same_bytes(stage: TrainStage) -> None:
    first = stage.train(MadeData(), QUANTILE)
    names = ("model.onnx", "model.json", "examples.jsonl", "report.html")
    before = [first.file(name).read_bytes() for name in names]

    assert stage.run(QUANTILE, "--force") == 0

    again = stage.artifact()
    assert [again.file(name).read_bytes() for name in names] == before


def test_the_report_shows_the_share_below_each_quantile(stage: TrainStage) -> None:
    artifact = stage.train(MadeData(), QUANTILE)

    page = artifact.file("report.html").read_text("utf-8")

    assert "has the quantiles 0.1, 0.5, 0.9" in page
    assert re.search(r"it is [^.]*?%.* at 0\.1, .* at 0\.5, .* at 0\.9\.", page)
    assert "pinball loss" in page


def test_the_metric_of_the_median_may_decide(stage: TrainStage) -> None:
    stage.train(MadeData(), f'{QUANTILE}\nmetric = "mae"\nslices = ["garden"]\nslice_rows = 10')

    document = stage.document()
    assert {trial["metric"] for trial in document["candidates"]} == {"mae"}
    assert "pinball" in document["metrics"]
    assert "pinball" in document["slices"][0]["slices"][0]["metrics"]


def test_the_gate_compares_the_same_quantiles_on_the_same_rows(stage: TrainStage) -> None:
    stage.train(MadeData(), QUANTILE)
    assert stage.run(f"{QUANTILE}\nseed = 1") == 0

    (check,) = [each for each in _verdict(stage)["checks"] if each["check"] == "live"]

    assert check["metric"] == "pinball"
    assert check["rows"] > 0
    assert check["passed"] is not None


def test_the_gate_does_not_compare_other_quantiles(stage: TrainStage) -> None:
    stage.train(MadeData(), QUANTILE)
    assert stage.run(QUANTILE.replace("0.9", "0.95")) == 0

    (check,) = [each for each in _verdict(stage)["checks"] if each["check"] == "live"]

    assert check["passed"] is None
    assert "does not predict the same quantiles, which pinball scores" in check["why"]


def test_a_limit_of_pinball_keeps_a_model_back(stage: TrainStage) -> None:
    stage.publish(MadeData())
    assert stage.run(f"{QUANTILE}\ngate = {{maximum = {{pinball = 0.001}}, fail = true}}") == 65

    assert "pinball" in stage.printed()


def _verdict(stage: TrainStage) -> dict[str, Any]:
    newest = max(
        (stage.root / "model").glob("*/verdict.json"), key=lambda path: path.stat().st_mtime_ns
    )
    verdict: dict[str, Any] = json.loads(Path(newest).read_bytes())
    return verdict


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": "quantile"}, "needs the levels to predict; add quantiles = [0.1, 0.5, 0.9]"),
        ({"quantiles": LEVELS}, 'quantiles has no effect without objective = "quantile"'),
        (
            {"objective": "poisson", "quantiles": LEVELS},
            'quantiles has no effect without objective = "quantile"',
        ),
        (
            {"objective": "quantile", "quantiles": [0.1, 0.9]},
            "the prediction is the median; add 0.5: [0.1, 0.5, 0.9]",
        ),
        (
            {"objective": "quantile", "quantiles": [0.9, 0.5, 0.5]},
            "expected ascending levels, each once: [0.5, 0.9]",
        ),
        ({"objective": "quantile", "quantiles": [0.0, 0.5]}, "expected levels between 0 and 1"),
        ({"objective": "quantile", "quantiles": [0.5]}, 'objective = "absolute_error"'),
        (
            {"objective": "quantile", "quantiles": LEVELS, "interval": 0.9},
            "remove interval, and add 0.05 and 0.95 to quantiles",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        Settings.model_validate(settings)


def test_a_target_may_not_have_the_name_of_the_output() -> None:
    quantiles = problem("regression").model_copy(deep=True)
    named = quantiles.model_copy(
        update={"target": quantiles.target.model_copy(update={"name": "quantiles"})}
    )
    settings = Settings.model_validate({"objective": "quantile", "quantiles": LEVELS})

    with pytest.raises(SettingsError, match=r"responses have 'quantiles'.*another name"):
        check_output_head(settings, named)


def test_pinball_needs_quantiles() -> None:
    with pytest.raises(SettingsError, match=r"it scores quantiles, and the model has none"):
        choose_metric("pinball", problem("regression"))


@pytest.mark.parametrize("wrong", [[[1.0, 2.0, 4.0]], [[2.0, 1.0, 3.0]], [[1.0, 2.0, np.nan]]])
def test_wrong_quantiles_are_a_bug(wrong: list[list[float]]) -> None:
    outputs = {"quantiles": np.array(wrong, np.float32)}

    with pytest.raises(ParityError, match=r"model.onnx gives the quantiles"):
        check_quantile_parity(outputs, np.array([[1.0, 2.0, 3.0]]), library="numpy", show=str)


def test_the_median_is_found_among_the_levels() -> None:
    assert median_index([0.05, 0.25, 0.5, 0.9]) == 2


def test_a_model_may_lose_its_quantiles(stage: TrainStage) -> None:
    stage.train(MadeData(), QUANTILE)

    assert stage.run(f"trials = 1{ANY}") == 0
    assert "quantiles" not in stage.document()
