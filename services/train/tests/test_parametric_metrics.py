"""Metrics with a parameter, MAPE and RMSLE: scikit-learn is the oracle, bad settings say why."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from conftest import ANY, LINEAR, TrainStage
from hypothesis import given, settings
from hypothesis import strategies as st
from made_data import Change, MadeData, houses, run
from modelling.data.tensors import pack
from modelling.model_selection.bootstrap import Outcomes, evaluate
from modelling.model_selection.metrics import Metric, choose_metric, metrics_of, task_metrics
from pyarrow import parquet
from pydantic import ValidationError
from sklearn import metrics
from stage_contract import SettingsError
from stage_contract.metric_titles import metric_name, split_metric_name, title_of_metric
from train.settings import Settings
from verdicts import check, verdict

VECTORS = json.loads(
    (Path(__file__).parents[3] / "contract/examples/vectors/metrics-1.4.json").read_bytes()
)
NUMBERS = MadeData("regression").problem
TWO = MadeData("binary").problem
THREE = MadeData("three").problem
RATES = ("recall_at_precision_0.9", "precision_at_recall_0.6", "fbeta_2", "fbeta_0.5", "fbeta_1")


def expected_rate(name: str, truth: Any, rows: Any, labels: Any, weights: Any) -> float:
    """Return what scikit-learn finds for a metric of two classes, `rows` being probabilities."""
    metric, parameter = split_metric_name(name)
    if metric == "fbeta":
        beta = float(parameter or 0)
        return float(metrics.fbeta_score(truth, labels, beta=beta, sample_weight=weights))
    precision, recall, _ = metrics.precision_recall_curve(truth, rows[:, 1], sample_weight=weights)
    least = float(parameter or 0)
    if metric == "recall_at_precision":
        return max(r for p, r in zip(precision, recall, strict=True) if p >= least)
    return max(p for p, r in zip(precision, recall, strict=True) if r >= least)


@pytest.mark.parametrize("case", VECTORS["regression"], ids=lambda case: case["about"])
def test_metrics_of_numbers_follow_the_vectors(case: dict[str, Any]) -> None:
    check_vector(case, NUMBERS, case["predicted"])


@pytest.mark.parametrize("case", VECTORS["classification"], ids=lambda case: case["about"])
def test_metrics_of_classes_follow_the_vectors(case: dict[str, Any]) -> None:
    classes = list(range(len(case["probabilities"][0])))
    problem = TWO if len(classes) == 2 else THREE.model_copy(update={"classes": classes})
    check_vector(case, problem, case["probabilities"], labels=np.array(case["labels"]))


def check_vector(
    case: dict[str, Any], problem: Any, predicted: list[Any], *, labels: Any = None
) -> None:
    weights = None if case["weights"] is None else np.array(case["weights"], float)
    rows = Outcomes(np.array(case["truth"]), np.array(predicted, float), weights, labels=labels)
    for name, value in case["metrics"].items():
        metric = choose_metric(name, problem)
        at_once = rows.score_all(metric, np.ones((2, len(rows.truth))))

        assert rows.score(metric) == pytest.approx(value), name
        assert at_once == pytest.approx([value, value]), name


@given(rows=st.integers(4, 60), seed=st.integers(0, 2**32 - 1), has_weights=..., has_labels=...)
@settings(max_examples=40)
def test_rates_of_two_classes_are_those_of_scikit_learn(
    *, rows: int, seed: int, has_weights: bool, has_labels: bool
) -> None:
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(rows) % 2)
    # Few decimals: some probabilities are equal.
    second = random.random(rows).round(1).astype(np.float32)
    predicted = np.column_stack([1 - second, second])
    weights = random.exponential(size=rows) if has_weights else None
    labels = random.integers(0, 2, rows) if has_labels else None
    outcomes = Outcomes(truth, predicted, weights, labels=labels)
    factors = random.exponential(size=(4, rows))
    used = predicted.argmax(axis=1) if labels is None else labels

    for name in RATES:
        metric = choose_metric(name, TWO)

        assert outcomes.score(metric) == pytest.approx(
            expected_rate(name, truth, predicted, used, weights)
        )
        assert outcomes.score_all(metric, factors) == pytest.approx(
            [outcomes.score(metric, each) for each in factors]
        )


@pytest.mark.parametrize("k", [2, 3])
@given(rows=st.integers(2, 40), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_a_top_k_accuracy_is_that_of_scikit_learn(k: int, *, rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    problem = THREE.model_copy(update={"classes": ["a", "b", "c", "d"]})
    truth = random.integers(0, 4, rows)
    predicted = random.dirichlet(np.ones(4), rows).round(1)
    weights = random.exponential(size=rows)
    metric = choose_metric(f"top_k_accuracy_{k}", problem)
    outcomes = Outcomes(truth, predicted, weights)
    expected = metrics.top_k_accuracy_score(
        truth, predicted, k=k, labels=range(4), sample_weight=weights
    )

    assert outcomes.score(metric) == pytest.approx(expected)
    assert outcomes.score_all(metric, np.ones((2, rows))) == pytest.approx([expected] * 2)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        *((name, TWO) for name in RATES),
        ("top_k_accuracy_2", THREE),
        ("mape", NUMBERS),
        ("rmsle", NUMBERS),
    ],
)
def test_an_interval_holds_the_value_and_ends_at_the_best(name: str, problem: Any) -> None:
    random = np.random.default_rng(1)
    rows = 300
    if problem is NUMBERS:
        truth = random.uniform(1, 9, rows)
        outcomes = Outcomes(truth, truth * random.uniform(0.8, 1.2, rows))
    else:
        truth = random.integers(0, problem.class_count, rows)
        noise = random.exponential(size=(rows, problem.class_count))
        shares = np.eye(problem.class_count)[truth] + noise
        outcomes = Outcomes(truth, shares / shares.sum(axis=1, keepdims=True))

    found = evaluate(outcomes, metrics=[choose_metric(name, problem)], seed=0)[name]

    assert 0 <= found["low"] < found["value"] < found["high"]
    assert found["high"] <= 1 or not choose_metric(name, problem).higher_is_better


@pytest.mark.parametrize(
    ("truth", "left_out"),
    [([1.0, 2.0], set()), ([0.0, 2.0], {"mape"}), ([-1.0, 2.0], {"rmsle"})],
)
def test_a_metric_that_is_undefined_for_a_true_value_is_left_out(
    truth: list[float], left_out: set[str]
) -> None:
    found = evaluate(
        Outcomes(np.array(truth), np.array([1.0, 1.0])), metrics=metrics_of(NUMBERS), seed=0
    )

    assert {metric.name for metric in metrics_of(NUMBERS)} - found.keys() == left_out


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("only", [0, 1])
def test_a_rate_of_the_second_class_needs_a_row_of_both(name: str, only: int) -> None:
    rows = Outcomes(np.full(3, only), np.array([[0.2, 0.8], [0.5, 0.5], [0.7, 0.3]]))

    assert not evaluate(rows, metrics=[choose_metric(name, TWO)], seed=0)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("mape", "mape"),
        ({"fbeta": 2}, "fbeta_2"),
        ({"fbeta": 2.0}, "fbeta_2"),
        ("fbeta_2", "fbeta_2"),
        ({"fbeta": 0.5}, "fbeta_0.5"),
        ({"fbeta": 100}, "fbeta_100"),
        ({"fbeta": 10.0}, "fbeta_10"),
        ({"recall_at_precision": 0.9}, "recall_at_precision_0.9"),
        ({"precision_at_recall": 1}, "precision_at_recall_1"),
        ({"recall_at_precision": 1e-3}, "recall_at_precision_0.001"),
        ({"top_k_accuracy": 3}, "top_k_accuracy_3"),
    ],
)
def test_a_metric_carries_its_parameter_in_its_name(setting: object, name: str) -> None:
    assert Settings.model_validate({"metric": setting}).metric == name


@given(st.floats(0.01, 100))
def test_a_name_is_read_back_as_the_same_parameter(beta: float) -> None:
    metric, parameter = split_metric_name(metric_name("fbeta", beta))

    assert (metric, float(parameter or 0)) == ("fbeta", beta)
    assert Settings.model_validate({"metric": metric_name("fbeta", beta)}).metric


@pytest.mark.parametrize(
    "name", ["r2", "fbeta", "fbeta_", "fbeta_2.0", "fbeta_02", "fbeta_1e3", "fbeta_-1", "f_2"]
)
def test_no_other_name_has_a_parameter(name: str) -> None:
    assert split_metric_name(name) == (name, None)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("fbeta", 'fbeta has a parameter, expected a number from 0.01 to 100, as in "fbeta_2"'),
        ({"fbeta": 0}, r"from 0.01 to 100, as in \{fbeta = 2\}"),
        ({"fbeta": -1}, "from 0.01 to 100"),
        ({"fbeta": math.nan}, "from 0.01 to 100"),
        ({"fbeta": True}, "from 0.01 to 100"),
        ({"fbeta": "2"}, "from 0.01 to 100"),
        ({"recall_at_precision": 0}, r"from 0.001 to 1, as in \{recall_at_precision = 0.9\}"),
        ({"recall_at_precision": 90}, "from 0.001 to 1"),
        ({"precision_at_recall": 1.01}, "from 0.001 to 1"),
        ({"top_k_accuracy": 1}, r"an integer from 2 to 1000, as in \{top_k_accuracy = 3\}"),
        ({"top_k_accuracy": 2.5}, "an integer from 2 to 1000"),
        ("fbeta_2.0", 'this metric is written "fbeta_2"'),
        ("fbeta_x", "fbeta has a parameter"),
        ("recall_at_precision_0", 'as in "recall_at_precision_0.9"'),
        ({"roc_auc": 1}, "roc_auc has no parameter; write 'roc_auc'"),
        ({"f_beta": 1}, "unknown metric; did you mean fbeta"),
        ("mapee", "unknown metric; did you mean mape"),
        ({"fbeta": 1, "top_k_accuracy": 2}, "expected one metric with its parameter"),
        ({}, "expected one metric with its parameter"),
        (2, "expected the name of a metric"),
    ],
)
def test_a_wrong_metric_is_refused_with_what_was_expected(setting: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings.model_validate({"metric": setting})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (["r2"], "r2 has no parameter and is always computed; leave it out"),
        ([{"fbeta": 2}, "fbeta_2"], "expected each metric once"),
    ],
)
def test_a_wrong_list_of_metrics_is_refused(setting: list[object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Settings.model_validate({"extra_metrics": setting})


@pytest.mark.parametrize(
    ("problem", "name", "message"),
    [
        (NUMBERS, "fbeta_2", r"metric = \{fbeta = 2\}: does not fit regression; expected one of"),
        (NUMBERS, "top_k_accuracy_3", "does not fit regression"),
        (TWO, "top_k_accuracy_2", "does not fit classification with 2 classes"),
        (TWO, "mape", "metric = 'mape': does not fit classification with 2 classes"),
        (THREE, "rmsle", "does not fit classification with 3 classes"),
        (THREE, "fbeta_1", "does not fit classification with 3 classes"),
        (THREE, "recall_at_precision_0.9", "does not fit classification with 3 classes"),
        (
            THREE,
            "top_k_accuracy_3",
            r"\{top_k_accuracy = 3\}: 'price' has 3 classes, so it is always 1; expected 2 at most",
        ),
        (THREE, "top_k_accuracy_9", "so it is always 1"),
    ],
)
def test_a_metric_of_another_task_is_refused(problem: Any, name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        choose_metric(name, problem)
    with pytest.raises(SettingsError, match=message.replace("metric = ", "extra_metrics = ")):
        task_metrics(problem, [name])


def with_targets(value: float, *, folder: str) -> Change:
    """Return a change that sets the target of two rows."""

    def apply(path: Path) -> None:
        file = path / folder / "part-00000.parquet"
        table = parquet.read_table(file)
        targets = table["@target"].to_numpy().copy()
        targets[:2] = value
        column = table.column_names.index("@target")
        parquet.write_table(table.set_column(column, "@target", [targets]), file)

    return apply


@pytest.mark.parametrize(
    ("metric", "value", "message"),
    [
        ("mape", 0.0, "'mape': 'price' is 0 in 2 rows of {}/, for which mape is undefined"),
        ("rmsle", -1.0, "'rmsle': 'price' is negative in 2 rows of {}/, for which rmsle is"),
    ],
)
@pytest.mark.parametrize("folder", ["train", "test"])
def test_a_metric_that_the_target_does_not_allow_is_refused(
    stage: TrainStage, metric: str, value: float, message: str, folder: str
) -> None:
    stage.publish(MadeData(), change=with_targets(value, folder=folder))

    assert stage.run(f'{LINEAR}\nmetric = "{metric}"') == 78

    assert message.format(folder) in stage.printed()


def test_a_target_with_zeros_and_negative_values_trains_without_these_metrics(
    stage: TrainStage,
) -> None:
    def change(path: Path) -> None:
        with_targets(0.0, folder="train")(path)
        with_targets(-1.0, folder="test")(path)

    stage.publish(MadeData(), change=change)

    assert stage.run(LINEAR) == 0
    assert stage.document()["metrics"].keys() & {"mape", "rmsle"} == {"mape"}


def test_a_precision_that_naming_every_row_has_is_refused(stage: TrainStage) -> None:
    stage.publish(MadeData("binary"))

    assert stage.run(f"{LINEAR}\nmetric = {{recall_at_precision = 0.2}}") == 78

    said = stage.printed()
    assert "metric = {recall_at_precision = 0.2}: 0." in said
    assert "so naming every row has this precision; expected a higher one" in said


@pytest.mark.parametrize("weighted", [False, True])
def test_extra_metrics_are_computed_from_the_label_and_the_probabilities_of_the_graph(
    stage: TrainStage, *, weighted: bool
) -> None:
    data = MadeData("binary", weighted=weighted)
    listed = ", ".join(
        f"{{{metric} = {parameter}}}" for metric, parameter in map(split_metric_name, RATES)
    )
    artifact = stage.train(data, f"{LINEAR}\nthreshold = 0.8\nextra_metrics = [{listed}]")
    table = data.table(data.raw_test)
    truth = table["@target"].to_numpy()
    weights = table["@weight"].to_numpy() if weighted else None
    model = onnx.load_from_string(artifact.file("model.onnx").read_bytes())
    answers = run(model, pack(data.raw_test, data.rules))

    found = stage.document()["metrics"]

    expected = {
        name: expected_rate(name, truth, answers["probabilities"], answers["label"], weights)
        for name in RATES
    }
    assert {name: found[name]["value"] for name in RATES} == pytest.approx(expected)
    assert (answers["label"] != answers["probabilities"].argmax(axis=1)).any()


@pytest.mark.parametrize(
    ("task", "setting", "name"),
    [
        ("binary", "{recall_at_precision = 0.9}", "recall_at_precision_0.9"),
        ("binary", "{precision_at_recall = 0.8}", "precision_at_recall_0.8"),
        ("binary", "{fbeta = 2}", "fbeta_2"),
        ("three", "{top_k_accuracy = 2}", "top_k_accuracy_2"),
        ("regression", '"mape"', "mape"),
        ("regression", '"rmsle"', "rmsle"),
    ],
)
def test_a_metric_decides_in_search_gate_and_report(
    stage: TrainStage, task: str, setting: str, name: str
) -> None:
    slices = 'slices = ["colour"]\nslice_rows = 10'
    stage.train(MadeData(task), f"trials = 2\n{slices}\nmetric = {setting}")

    document, judged = stage.document(), verdict(stage)
    assert {trial["metric"] for trial in document["candidates"]} == {name}
    assert document["importance"]["metric"] == name
    assert (judged["metric"], judged["beats_baseline"]) == (name, True)
    assert check(stage, "dummy")["metric"] == name
    assert any(name in part["metrics"] for part in document["slices"][0]["slices"])
    assert title_of_metric(name)[0] in stage.artifact().file("report.html").read_text("utf-8")
    assert stage.artifact().manifest["metrics"][name] == document["metrics"][name]["value"]
    assert name in stage.printed()


def test_a_changed_parameter_is_another_metric_which_the_live_model_is_scored_by(
    stage: TrainStage,
) -> None:
    live = stage.train(MadeData("binary"), f"{LINEAR}\nmetric = {{fbeta = 2}}").id
    before = stage.document()["metrics"]
    stage.publish(MadeData("binary"))

    assert stage.run(f"{LINEAR}\nmetric = {{fbeta = 0.5}}") == 0

    found = check(stage, "live")
    assert (found["metric"], found["model"], found["passed"]) == ("fbeta_0.5", live, True)
    assert found["live"] == found["value"]
    assert "fbeta_0.5" not in before
    assert "fbeta_2" not in stage.document()["metrics"]


def test_stored_values_of_another_parameter_are_not_compared(stage: TrainStage) -> None:
    def split_by_colour(path: Path) -> None:
        document = json.loads((path / "features.json").read_bytes())
        document["split"]["columns"] = ["colour"]
        (path / "features.json").write_text(json.dumps(document), encoding="utf-8")

    stage.train(MadeData("binary"), f"{LINEAR}\nmetric = {{fbeta = 2}}")
    stage.publish(MadeData("binary"), change=split_by_colour)

    assert stage.run(f"{LINEAR}\nmetric = {{fbeta = 0.5}}") == 0

    found = check(stage, "live")
    assert found["passed"] is None
    assert "and its fbeta_0.5 is not known" in found["why"]


def test_a_limit_of_the_gate_names_the_metric_with_its_parameter(stage: TrainStage) -> None:
    limits = 'gate = {minimum = {"recall_at_precision_0.9" = 0.99, fbeta_1 = 0.1}}'
    named = "metric = {recall_at_precision = 0.9}\nextra_metrics = [{fbeta = 1}]"
    stage.train(MadeData("binary"), f"{LINEAR}\n{named}")
    stage.publish(MadeData("binary", houses(120, seed=3)))

    assert stage.run(f"{LINEAR}\n{named}\n{limits}") == 0

    checks = {each["metric"]: each for each in verdict(stage)["checks"] if each["check"] == "limit"}
    assert checks.keys() == {"recall_at_precision_0.9", "fbeta_1"}
    assert checks["fbeta_1"]["passed"] is True


@pytest.mark.parametrize(
    ("task", "limits", "message"),
    [
        (
            "binary",
            "{fbeta_2 = 0.5}",
            "[train] gate: fbeta_2 is not computed; add extra_metrics = [{fbeta = 2}] to [train]",
        ),
        ("regression", "{fbeta_2 = 0.5}", "does not fit regression"),
        (
            "binary",
            "{recall_at_precision_0.9 = 0.5}",
            'expected a number from 0.001 to 1, as in "recall_at_precision_0.9"',
        ),
    ],
)
def test_a_limit_of_a_metric_that_is_not_computed_is_refused(
    stage: TrainStage, task: str, limits: str, message: str
) -> None:
    stage.publish(MadeData(task))

    assert stage.run(f"{LINEAR}\ngate = {{minimum = {limits}}}") == 78

    assert message in stage.printed()


def test_a_maximum_of_a_share_is_refused() -> None:
    with pytest.raises(ValidationError, match="maximum of fbeta_2: it is better the higher"):
        Settings.model_validate({"gate": {"maximum": {"fbeta_2": 0.5}}})
    with pytest.raises(ValidationError, match="minimum of mape: it is better the lower"):
        Settings.model_validate({"gate": {"minimum": {"mape": 0.5}}})


def test_the_default_metric_of_an_objective_decides_in_the_gate_too(stage: TrainStage) -> None:
    stage.train(MadeData(), f'trials = 1\nobjective = "absolute_error"{ANY}')

    assert verdict(stage)["metric"] == "mae"


def test_a_metric_without_a_known_name_keeps_its_name_as_title() -> None:
    assert title_of_metric("my_own_score") == ("my_own_score", "")
    assert title_of_metric("fbeta_0.5")[0] == "F0.5 score"
    assert title_of_metric("top_k_accuracy_3")[0] == "top-3 accuracy"


def test_every_parametric_metric_is_maximised() -> None:
    chosen: list[Metric] = [choose_metric(name, TWO) for name in RATES]

    assert all(metric.higher_is_better for metric in chosen)
