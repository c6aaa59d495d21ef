"""Sample weights, and balanced class weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import ANY, LINEAR, TrainStage
from made_data import Change, MadeData
from modelling.data.matrices import Matrix
from modelling.data.problem import Problem
from modelling.model_selection.bootstrap import Outcomes, evaluate
from modelling.model_selection.estimators import fit, predict, predict_baseline
from modelling.model_selection.metrics import metrics_of
from pyarrow import parquet
from sklearn.utils.class_weight import compute_sample_weight
from train.candidates.allow_list import CANDIDATES
from train.search.sample_weights import weigh
from train.threads import one_thread

RANDOM = np.random.default_rng(5)
ROWS = 300
FEATURES = RANDOM.normal(size=(ROWS, len(MadeData().features["features"])))
WEIGHTS = RANDOM.integers(1, 4, ROWS).astype(float)
PROBLEMS = {task: MadeData(task).problem for task in ("regression", "binary", "three")}


def matrix(problem: Problem, *, weights: np.ndarray | None = WEIGHTS) -> Matrix:
    noisy = FEATURES[:, 0] + 0.3 * RANDOM.normal(size=ROWS)
    limits = {0: [], 2: [0.8], 3: [-0.5, 0.8]}[problem.class_count]
    goal = np.digitize(noisy, limits).astype(np.int64) if limits else noisy
    return Matrix(FEATURES, goal, weights=weights)


def repeated(rows: Matrix) -> Matrix:
    assert rows.weights is not None
    times = rows.weights.astype(int)
    return Matrix(np.repeat(rows.features, times, axis=0), np.repeat(rows.target, times))


@pytest.mark.parametrize("task", PROBLEMS)
@pytest.mark.parametrize("name", CANDIDATES)
def test_each_candidate_gives_weight_to_weights(task: str, name: str) -> None:
    problem, rows = PROBLEMS[task], matrix(PROBLEMS[task])
    answers = []
    for given in (rows, replace(rows, weights=None)):
        settings = {"random_state": 0} | ({"max_iter": 5} if name == "gradient-boosting" else {})
        estimator = CANDIDATES[name].build(problem, settings)
        with one_thread():
            fit(estimator, given, problem=problem)
        # Of rows that it has not seen: trees know by heart what they have.
        answers.append(predict(estimator, 0.9 * FEATURES, problem=problem))

    assert np.abs(answers[0] - answers[1]).max() > 1e-3


@pytest.mark.parametrize("task", PROBLEMS)
def test_a_metric_counts_a_row_as_often_as_it_weighs(
    task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelling.model_selection.bootstrap.RESAMPLES", 5)
    problem, rows = PROBLEMS[task], matrix(PROBLEMS[task])
    more = repeated(rows)
    weighted = predict_baseline(rows.target, problem, rows=ROWS, weights=rows.weights)
    plain = predict_baseline(more.target, problem, rows=len(more.target))

    metrics = [m for m in metrics_of(problem) if m.name != "median_absolute_error"]
    found = evaluate(Outcomes(rows.target, weighted, rows.weights), metrics=metrics, seed=0)
    expected = evaluate(Outcomes(more.target, plain), metrics=metrics, seed=0)
    assert {name: f["value"] for name, f in found.items()} == pytest.approx(
        {name: e["value"] for name, e in expected.items()}, abs=1e-9
    )
    assert all(f["low"] <= f["value"] <= f["high"] for f in found.values())


def test_balanced_is_what_scikit_learn_calls_balanced() -> None:
    rows = matrix(PROBLEMS["three"], weights=None)
    weights = weigh(rows, "balanced").weights

    assert weights is not None
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", rows.target))


def test_balanced_classes_weigh_the_same_whatever_their_rows_weigh() -> None:
    rows = matrix(PROBLEMS["three"])
    totals = np.bincount(rows.target, weigh(rows, "balanced").weights)

    np.testing.assert_allclose(totals, totals[0])
    assert weigh(rows, None) is rows


def test_a_balanced_model_finds_more_of_a_rare_class(stage: TrainStage) -> None:
    found = []
    for more in ("", '\nclass_weight = "balanced"'):
        stage.train(MadeData("three"), f"{LINEAR}{more}{ANY}")
        found.append(stage.document()["metrics"]["balanced_accuracy"]["value"])

    assert found[1] > found[0]


def test_numbers_have_no_classes_to_balance(stage: TrainStage) -> None:
    stage.publish(MadeData())

    assert stage.run(f'{LINEAR}\nclass_weight = "balanced"') == 78
    assert "class_weight = 'balanced': 'price' is a number" in stage.printed()


def test_weights_change_model_and_metrics(stage: TrainStage) -> None:
    documents = []
    for weighted in (False, True):
        stage.train(MadeData(weighted=weighted))
        documents.append(stage.document())

    plain, heavy = documents
    assert plain["metrics"]["rmse"]["value"] != heavy["metrics"]["rmse"]["value"]
    assert plain["baseline"]["rmse"]["value"] != heavy["baseline"]["rmse"]["value"]
    assert "pieces" in heavy["signature"]["ignored"]


def with_weights(factor: float) -> Change:
    """Return a change that multiplies all weights."""

    def apply(path: Path) -> None:
        for folder in ("train", "test"):
            file = path / folder / "part-00000.parquet"
            table = parquet.read_table(file)
            weights = pa.array(table["@weight"].to_numpy() * factor)
            column = table.column_names.index("@weight")
            parquet.write_table(table.set_column(column, "@weight", weights), file)

    return apply


@pytest.mark.parametrize("factor", [1e30, 1e307])
def test_weights_beyond_reckoning_are_refused(stage: TrainStage, factor: float) -> None:
    stage.publish(MadeData(weighted=True), change=with_weights(factor))

    assert stage.run(LINEAR) == 65

    said = stage.printed().splitlines()[-1]
    assert "/: the weights add up to more than 1e+30; scale the column down" in said


@pytest.mark.parametrize("settings", [LINEAR, 'candidates = ["gradient-boosting"]\ntrials = 1'])
def test_weights_of_any_scale_are_learned_from(stage: TrainStage, settings: str) -> None:
    scores = []
    for factor in (1.0, 1e27):
        stage.publish(MadeData(weighted=True), change=with_weights(factor))
        assert stage.run(settings) == 0, stage.printed()
        scores.append(stage.document()["metrics"]["r2"]["value"])

    assert scores[1] == pytest.approx(scores[0], abs=0.01)
