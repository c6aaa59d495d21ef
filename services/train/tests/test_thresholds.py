"""Thresholds and costs: the label follows them in the graph and in the metrics."""

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from conftest import ANY, LINEAR, TrainStage
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from made_data import CLASSES, MadeData, houses, run
from modelling.data.problem import Problem
from modelling.data.tensors import pack
from modelling.graphs.output_heads import EstimatorGraph, OutputHead, add_output_head
from modelling.graphs.session import Outputs
from modelling.model_selection.bootstrap import Outcomes
from modelling.model_selection.decision_rules import LeastCost, Rule, Threshold, cost_metric
from modelling.model_selection.metrics import metrics_of
from numpy.typing import NDArray
from onnx import helper
from pydantic import ValidationError
from sklearn import metrics
from stage_contract import SettingsError
from test_work import SCHEMAS
from train.fitting.out_of_fold import OutOfFold
from train.fitting.thresholds import (
    best_threshold,
    cheapest_threshold,
    check_threshold,
    choose_decision,
)
from train.settings import Settings
from train.threshold_settings import ThresholdSettings

COST = "{cost = {false_positive = 1, false_negative = 9}}"
HARD = MadeData("binary", raw_train=houses(400, seed=1), raw_test=houses(300, seed=2))


def wish(threshold: object) -> ThresholdSettings:
    found = Settings.model_validate({"threshold": threshold}).threshold
    assert found is not None
    return found


def out_of_fold(rows: int, *, seed: int = 0) -> OutOfFold:
    """Return exact probabilities of a rare class."""
    random = np.random.default_rng(seed)
    positive = random.beta(1, 4, rows)
    truth = (random.random(rows) < positive).astype(np.int64)
    said = np.column_stack([1 - positive, positive])
    return OutOfFold(said, truth, random.uniform(0.5, 2, rows), np.arange(rows) % 3)


@pytest.mark.parametrize("false_negative", [1.0, 4.0, 19.0])
def test_the_threshold_is_where_exact_probabilities_put_it(false_negative: float) -> None:
    said = out_of_fold(20_000)

    found = choose_decision(
        wish({"cost": {"false_positive": 1, "false_negative": false_negative}}),
        MadeData("binary").problem,
        said,
    )

    threshold = found.describe(["no", "yes"])["threshold"]
    assert threshold == pytest.approx(1 / (1 + false_negative), abs=0.06)


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.booleans(), st.integers(1, 3)), min_size=1, max_size=25
    ),
    st.sampled_from([(1.0, 1.0), (1.0, 5.0), (7.0, 2.0)]),
)
def test_no_other_threshold_costs_less(
    rows: list[tuple[int, bool, int]], costs: tuple[float, float]
) -> None:
    places, truths, weights = (np.array(column) for column in zip(*rows, strict=True))
    probabilities = (places / 8).astype(np.float32)
    matrix = np.array([[0, costs[0]], [costs[1], 0]])
    shares = np.column_stack([1 - probabilities, probabilities])

    def cost(threshold: float) -> float:
        labels = Threshold(threshold).labels(shares)
        return float(np.sum(weights * matrix[truths.astype(int), labels]))

    found = cheapest_threshold(
        probabilities, truths, weights, false_positive=costs[0], false_negative=costs[1]
    )

    assert cost(found) == min(map(cost, [*np.arange(-1, 18) / 16, 1.1]))
    assert found not in probabilities or found in {0, 1}


def test_a_threshold_for_labels_that_correlate_with_nothing_is_the_nearest_to_one_half() -> None:
    equal = np.full(4, 0.2)

    found = best_threshold(equal, np.array([0, 0, 1, 1]), np.ones(4), metric="matthews_corrcoef")

    assert found == pytest.approx(0.6)


def test_two_neighbours_among_float32_are_told_apart() -> None:
    low = np.float32(0.3)
    high = np.nextafter(low, np.float32(1))

    found = cheapest_threshold(
        np.array([low, high]), np.array([0, 1]), np.ones(2), false_positive=1, false_negative=1
    )

    assert np.float32(found) == high


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("balanced_accuracy", metrics.balanced_accuracy_score),
        ("matthews_corrcoef", metrics.matthews_corrcoef),
    ],
)
def test_no_threshold_has_a_better_value_of_the_metric_as_scikit_learn_computes_it(
    name: str, score: Callable[..., float]
) -> None:
    said = out_of_fold(300)
    problem = MadeData("binary").problem
    scores = [
        score(said.target, said.predictions[:, 1] >= threshold, sample_weight=said.weights)
        for threshold in np.linspace(0, 1, 2001)
    ]

    rule = choose_decision(wish({"metric": name}), problem, said).rule

    found = score(said.target, rule.labels(said.predictions), sample_weight=said.weights)
    assert found >= max(scores) - 1e-12


@pytest.mark.parametrize("beta", [0.5, 1, 2])
def test_no_threshold_has_a_better_f_beta_than_scikit_learn_finds(beta: float) -> None:
    said = out_of_fold(300)

    def score(labels: NDArray[Any]) -> float:
        weights = said.weights
        return float(
            metrics.fbeta_score(
                said.target, labels, beta=beta, sample_weight=weights, zero_division=0
            )
        )

    decision = choose_decision(wish({"metric": {"fbeta": beta}}), MadeData("binary").problem, said)

    tried = [score(said.predictions[:, 1] >= each) for each in np.linspace(0, 1, 2001)]
    assert score(decision.rule.labels(said.predictions)) >= max(tried) - 1e-12
    assert decision.by == {"metric": f"fbeta_{beta}"}


@pytest.mark.parametrize(
    ("metric", "least"), [("recall_at_precision", 0.5), ("precision_at_recall", 0.7)]
)
def test_a_threshold_at_a_precision_or_recall_is_the_best_on_the_curve_of_scikit_learn(
    metric: str, least: float
) -> None:
    said = out_of_fold(300)
    weights = said.weights
    curve = metrics.precision_recall_curve(
        said.target, said.predictions[:, 1], sample_weight=weights
    )[:2]
    precisions, recalls = curve
    best = {
        "recall_at_precision": recalls[precisions >= least].max(),
        "precision_at_recall": precisions[recalls >= least].max(),
    }[metric]

    rule = choose_decision(wish({"metric": {metric: least}}), MadeData("binary").problem, said).rule

    labels = rule.labels(said.predictions)
    precision, recall = (
        score(said.target, labels, sample_weight=weights)
        for score in (metrics.precision_score, metrics.recall_score)
    )
    found = {"recall_at_precision": recall, "precision_at_recall": precision}
    bound = {"recall_at_precision": precision, "precision_at_recall": recall}
    assert found[metric] == pytest.approx(best)
    assert bound[metric] >= least - 1e-12


def test_a_precision_that_no_threshold_has_is_refused_with_the_highest() -> None:
    said = OutOfFold(
        np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]),
        np.array([0, 1, 0, 0]),
        np.ones(4),
        np.arange(4) % 3,
    )

    with pytest.raises(
        SettingsError, match=r"on out-of-fold predictions, the highest is 0\.5; exp"
    ):
        choose_decision(
            wish({"metric": {"recall_at_precision": 0.9}}), MadeData("binary").problem, said
        )


def test_the_metric_of_a_threshold_is_computed_from_its_labels(stage: TrainStage) -> None:
    data = MadeData("binary", raw_train=houses(400, seed=1), raw_test=houses(300, seed=2))
    artifact = stage.train(data, f"{LINEAR}\nthreshold = {{metric = {{fbeta = 3}}}}")
    model = onnx.load_from_string(artifact.file("model.onnx").read_bytes())
    labels = run(model, pack(data.raw_test, data.rules))["label"]
    truth = data.table(data.raw_test)["@target"].to_numpy()

    document = stage.document()

    expected = metrics.fbeta_score(truth, labels, beta=3)
    assert document["metrics"]["fbeta_3"]["value"] == pytest.approx(expected)
    assert document["decision"]["by"] == {"metric": "fbeta_3"}
    assert "(metric fbeta_3)" in artifact.file("report.html").read_text(encoding="utf-8")


def end_of_graph(rule: Rule, shares: NDArray[np.float64]) -> Outputs:
    count = shares.shape[1]
    features = MadeData("binary").features | {
        "features": [{"name": f"p{i}", "source": "p", "role": "number"} for i in range(count)],
        "classes": [f"class {i}" for i in range(count)],
    }
    core = EstimatorGraph([helper.make_node("Identity", ["features"], ["raw"])], "raw")
    problem = Problem.model_validate(features)
    model = add_output_head(core, problem, opset=17, head=OutputHead(rule=rule))
    return run(model, {"features": shares.astype(np.float32)})


@given(st.integers(0, 1000), st.integers(1, 99))
def test_the_graph_names_the_class_that_numpy_names(seed: int, percent: int) -> None:
    threshold = percent / 100
    positive = np.random.default_rng(seed).random(50).astype(np.float32)
    positive[:2] = threshold, np.nextafter(np.float32(threshold), np.float32(0))
    shares = np.column_stack([1 - positive, positive])

    answers = end_of_graph(Threshold(threshold), shares)

    assert answers["label"].dtype == np.int64
    assert answers["label"][:2].tolist() == [1, 0]
    assert np.array_equal(answers["label"], Threshold(threshold).labels(shares))
    assert np.array_equal(answers["probabilities"], shares.astype(np.float32))


@given(st.integers(0, 1000), st.integers(2, 6))
def test_the_graph_names_the_class_of_least_expected_cost(seed: int, classes: int) -> None:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(classes), 50).astype(np.float32)
    costs = random.integers(0, 10, (classes, classes)) * (1.0 - np.eye(classes))
    rule = LeastCost(costs)

    labels = end_of_graph(rule, shares)["label"]

    assert np.array_equal(labels, rule.labels(shares))
    expected = shares.astype(np.float64) @ costs
    assert np.allclose(expected[range(50), labels], expected.min(axis=1))


def test_metrics_of_labels_follow_the_label_and_the_others_do_not() -> None:
    said = out_of_fold(500)
    labels = Threshold(0.1).labels(said.predictions)
    plain, decided = (
        Outcomes(said.target, said.predictions, said.weights, labels=found)
        for found in (None, labels)
    )

    for metric in metrics_of(MadeData("binary").problem):
        follows = metric.name in {"accuracy", "balanced_accuracy", "matthews_corrcoef"}
        assert (plain.score(metric) != decided.score(metric)) is follows
    taken = decided.take(np.arange(100))
    assert taken.labels is not None
    assert np.array_equal(taken.labels, labels[:100])


def test_a_cost_is_that_of_the_label_or_of_the_cheapest() -> None:
    costs = np.array([[0.0, 1.0], [9.0, 0.0]])
    truth, shares = np.array([0, 1, 1]), np.array([[0.85, 0.15], [0.6, 0.4], [0.95, 0.05]])
    metric = cost_metric(costs)

    assert Outcomes(truth, shares).score(metric) == pytest.approx((1 + 0 + 9) / 3)
    assert Outcomes(truth, shares, labels=np.array([0, 0, 1])).score(metric) == 3
    assert not metric.higher_is_better


def answers_of(stage: TrainStage, data: MadeData) -> Outputs:
    model = onnx.load_from_string(stage.artifact().file("model.onnx").read_bytes())
    return run(model, pack(data.raw_test, data.rules))


@pytest.mark.parametrize(
    ("threshold", "by", "has_cost"),
    [
        ("0.2", {"value": 0.2}, False),
        ('{metric = "balanced_accuracy"}', {"metric": "balanced_accuracy"}, False),
        (COST, {"cost": {"false_positive": 1.0, "false_negative": 9.0}}, True),
        ("{cost = {true = {false = 9}}}", {"cost": {"true": {"false": 9.0}}}, True),
    ],
)
def test_the_label_goes_by_the_threshold_that_model_json_states(
    stage: TrainStage, threshold: str, by: dict[str, Any], *, has_cost: bool
) -> None:
    stage.train(HARD, f"{LINEAR}\nthreshold = {threshold}")
    document, answers = stage.document(), answers_of(stage, HARD)
    truth = HARD.table(HARD.raw_test)["@target"].to_numpy()

    decision = document["decision"]
    Draft202012Validator(json.loads((SCHEMAS / "model.schema.json").read_bytes())).validate(
        document
    )
    assert decision["by"] == by
    assert decision["positive"] == CLASSES["binary"][1]
    positive = answers["probabilities"][:, 1]
    assert np.array_equal(answers["label"], positive >= np.float32(decision["threshold"]))
    assert decision.get("rows") == (None if "value" in by else 400)
    accuracy = document["metrics"]["accuracy"]["value"]
    assert accuracy == pytest.approx((answers["label"] == truth).mean())
    assert ("cost" in document["metrics"]) is ("cost" in document["baseline"]) is has_cost
    if has_cost:
        costs = np.array(decision["costs"])
        assert costs.tolist() == [[0, 1], [9, 0]]
        found = document["metrics"]["cost"]["value"]
        assert found == pytest.approx(costs[truth, answers["label"]].mean())
        assert found < document["baseline"]["cost"]["value"]
    reference = stage.document("reference.json")
    assert reference["predictions"]["shares"][1] == pytest.approx(answers["label"].mean())


def test_classes_are_decided_by_costs(stage: TrainStage) -> None:
    data = MadeData("three")
    stage.train(data, f"{LINEAR}\nthreshold = {{cost = {{dear = {{cheap = 50, middling = 20}}}}}}")
    decision, answers = stage.document()["decision"], answers_of(stage, data)

    assert decision == {
        "costs": [[0, 1, 1], [50, 0, 20], [1, 1, 0]],
        "by": {"cost": {"dear": {"cheap": 50.0, "middling": 20.0}}},
    }
    expected = answers["probabilities"].astype(np.float64) @ np.array(decision["costs"])
    assert np.array_equal(answers["label"], expected.argmin(axis=1))
    likeliest = answers["probabilities"].argmax(axis=1)
    assert (answers["label"] == 1).sum() > (likeliest == 1).sum()


def test_by_default_the_label_is_the_likeliest_class(stage: TrainStage) -> None:
    stage.train(HARD)
    answers = answers_of(stage, HARD)

    assert np.array_equal(answers["label"], answers["probabilities"].argmax(axis=1))
    assert "decision" not in stage.document()


def test_a_threshold_changes_no_probability(stage: TrainStage) -> None:
    stage.train(HARD)
    before = answers_of(stage, HARD)["probabilities"]
    stage.train(HARD, f"{LINEAR}\nthreshold = 0.2{ANY}")

    assert np.array_equal(answers_of(stage, HARD)["probabilities"], before)


def test_the_gate_compares_labels_with_those_of_the_live_model(stage: TrainStage) -> None:
    settings = f'{LINEAR}\nmetric = "balanced_accuracy"'
    stage.train(HARD, settings)

    assert stage.run(f"{settings}\nthreshold = 0.999") == 0

    assert "published, but refused" in stage.printed()
    assert "that of the live model" in (
        stage.root / "model" / (stage.root / "model/REFUSED").read_text().strip() / "verdict.json"
    ).read_text(encoding="utf-8")


def test_slices_go_by_the_label(stage: TrainStage) -> None:
    stage.train(HARD, f'{LINEAR}\nthreshold = 0.2\nslices = ["colour"]')
    answers = answers_of(stage, HARD)
    truth = HARD.table(HARD.raw_test)["@target"].to_numpy()

    for part in stage.document()["slices"][0]["slices"]:
        here = [colour == part["value"] for colour in HARD.raw_test["colour"].to_pylist()]
        accuracy = (answers["label"] == truth)[here].mean()
        assert part["metrics"]["accuracy"]["value"] == pytest.approx(accuracy)


def test_the_gate_can_limit_the_cost(stage: TrainStage) -> None:
    stage.publish(HARD)

    limit = "gate = {maximum = {cost = 0.0001}}"
    assert stage.run(f"{LINEAR}\nthreshold = {COST}\n{limit}") == 0
    assert "cost 0." in stage.printed()
    assert stage.run(f"{LINEAR}\n{limit}") == 78
    assert "gate: cost does not fit classification" in stage.printed()


@pytest.mark.parametrize(
    ("threshold", "message"),
    [
        (0, "greater than 0"),
        (1, "less than 1"),
        (True, "expected a probability such as 0.3, {metric ="),
        ("cost", "expected a probability such as 0.3"),
        ({}, "expected one of a number, metric and cost"),
        ({"metric": "accuracy", "cost": {"a": {"b": 1}}}, "expected one of"),
        ({"metric": "f1"}, "'balanced_accuracy', 'matthews_corrcoef' or 'accuracy'"),
        ({"metric": {"top_k_accuracy": 3}}, "or one of fbeta, recall_at_precision, precision_at"),
        ({"metric": {"fbeta": -2}}, "fbeta has a parameter, expected a number from 0.01 to 100"),
        ({"metric": "fbeta"}, 'fbeta has a parameter, expected a number from 0.01 to 100, as in "'),
        ({"metric": {}}, "expected one metric with its parameter"),
        ({"cost": {}}, "expected {false_positive = 1, false_negative = 5}, or costs by class"),
        ({"cost": {"false_positive": 1}}, "or costs by class"),
        ({"cost": {"false_positive": 1, "false_negative": {"a": 1}}}, "or costs by class"),
        ({"cost": {"false_positive": 0, "false_negative": 1}}, "both errors must cost something"),
        ({"cost": {"false_positive": -1, "false_negative": 1}}, "expected a cost such as 5"),
        ({"cost": {"a": {"b": "much"}}}, "expected a cost such as 5"),
        ({"costs": {}}, "Extra inputs"),
    ],
)
def test_a_wrong_threshold_is_refused_with_what_was_expected(
    threshold: object, message: str
) -> None:
    with pytest.raises(ValidationError, match=re.escape(message)):
        Settings.model_validate({"threshold": threshold})


@pytest.mark.parametrize(
    ("task", "threshold", "message"),
    [
        ("regression", "0.5", "threshold: 'price' is a number; expected classes"),
        ("regression", "{metric = {fbeta = 2}}", "threshold: 'price' is a number; expected"),
        ("three", "{metric = {fbeta = 2}}", "'price' has 3 classes, and a threshold stands"),
        ("three", "0.5", "'price' has 3 classes, and a threshold stands between two; expected"),
        ("three", COST, 'threshold = {cost = {"cheap" = {"dear" = 5}}}'),
        (
            "three",
            "{cost = {dear = {cheep = 2}}}",
            "'cheep' is not a class of 'price'; did you mean",
        ),
        ("three", "{cost = {dear = {dear = 2}}}", "threshold.cost.dear.dear = 2: a right label"),
        ("binary", "{cost = {true = {false = 0}}}", "to name 'false' never costs anything"),
    ],
)
def test_a_threshold_that_does_not_fit_ends_with_78(
    stage: TrainStage, task: str, threshold: str, message: str
) -> None:
    stage.publish(MadeData(task))

    assert stage.run(f"{LINEAR}\nthreshold = {threshold}") == 78
    assert message in stage.printed()


def test_a_class_without_a_row_to_choose_by_is_told() -> None:
    said = out_of_fold(100)

    with pytest.raises(
        SettingsError, match="no row that cross-validation scores is of class 'true'"
    ):
        choose_decision(
            wish({"metric": "accuracy"}), MadeData("binary").problem, said.take(said.target == 0)
        )


def test_classes_that_are_no_texts_are_named_as_in_json() -> None:
    features = MadeData("binary").features | {"classes": [False, True]}
    problem = Problem.model_validate(features)
    asked = wish({"cost": {"true": {"false": 7}}})

    check_threshold(asked, problem)

    decision = choose_decision(asked, problem, out_of_fold(100))
    assert decision.describe([False, True])["costs"] == [[0, 1], [7, 0]]
