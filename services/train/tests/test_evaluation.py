import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_data import MadeData
from modelling.model_selection import bootstrap
from modelling.model_selection.bootstrap import MAX_BOOTSTRAP_ROWS, Outcomes, evaluate
from modelling.model_selection.metrics import Metric, choose_metric, metrics_of
from stage_contract import SettingsError

REGRESSION = metrics_of(MadeData("regression").problem)
BINARY = metrics_of(MadeData("binary").problem)
THREE = metrics_of(MadeData("three").problem)


def test_metrics_of_numbers_are_the_known_ones() -> None:
    found = evaluate(
        Outcomes(np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 3.0, 2.0])),
        metrics=REGRESSION,
        seed=0,
    )

    assert {name: interval["value"] for name, interval in found.items()} == {
        "r2": pytest.approx(1 - 16 / 14),
        "rmse": 2.0,
        "mae": 1.0,
        "median_absolute_error": 0.0,
        "mape": pytest.approx(4 / 6 / 4),
        "rmsle": pytest.approx(np.log(7 / 3) / 2),
    }


def test_metrics_of_classes_are_the_known_ones() -> None:
    truth = np.array([0, 0, 0, 1])
    right = np.array([0.9, 0.8, 0.4, 0.7])
    of_1 = np.where(truth == 1, right, 1 - right)
    predicted = np.column_stack([1 - of_1, of_1])

    found = evaluate(Outcomes(truth, predicted), metrics=BINARY, seed=0)

    assert {name: interval["value"] for name, interval in found.items()} == {
        "log_loss": pytest.approx(-np.log(right).mean()),
        "roc_auc": 1.0,
        "average_precision": 1.0,
        "balanced_accuracy": pytest.approx((2 / 3 + 1) / 2),
        "matthews_corrcoef": pytest.approx(2 / np.sqrt(2 * 2 * 3 * 1)),
        "accuracy": 0.75,
        "brier": pytest.approx(((1 - right) ** 2).mean()),
    }


def test_constant_probabilities_rank_nothing() -> None:
    truth = np.array([0, 1, 2] * 5)
    found = evaluate(Outcomes(truth, np.full((15, 3), 1 / 3)), metrics=THREE, seed=0)

    assert found["roc_auc"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert found["balanced_accuracy"]["value"] == pytest.approx(1 / 3)
    assert found["matthews_corrcoef"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_the_average_precision_of_constant_probabilities_is_the_share_of_the_second_class() -> None:
    truth, weights = np.array([0, 0, 0, 1]), np.array([1.0, 1.0, 1.0, 2.0])
    constant = np.tile([0.1, 0.9], (4, 1))

    plain, weighted = (
        evaluate(Outcomes(truth, constant, each), metrics=BINARY, seed=0)["average_precision"]
        for each in (None, weights)
    )

    assert (plain["value"], weighted["value"]) == (0.25, 0.4)


@pytest.mark.parametrize("named", [0, 1])
def test_an_average_precision_needs_a_row_of_both_classes(named: int) -> None:
    rows = Outcomes(np.full(3, named), np.array([[0.2, 0.8], [0.5, 0.5], [0.7, 0.3]]))

    found = evaluate(rows, metrics=BINARY, seed=0)

    assert "average_precision" not in found
    assert found["matthews_corrcoef"]["value"] == 0


def test_a_matthews_correlation_is_negative_but_not_below_its_lowest_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap, "MAX_BOOTSTRAP_ROWS", 20)
    truth = np.arange(200) % 2
    labels = 1 - truth
    labels[0] = truth[0]
    rows = Outcomes(truth, np.eye(2)[labels])

    found = [evaluate(rows, metrics=BINARY, seed=seed)["matthews_corrcoef"] for seed in range(20)]

    assert all(-1 <= i["low"] <= i["value"] < i["high"] < 0 for i in found if i["low"] < i["high"])
    assert min(i["low"] for i in found) == -1


def test_a_metric_that_needs_every_class_is_left_out_where_one_is_missing() -> None:
    found = evaluate(Outcomes(np.array([0, 1, 1]), np.full((3, 3), 1 / 3)), metrics=THREE, seed=0)

    assert set(found) == {"log_loss", "balanced_accuracy", "matthews_corrcoef", "accuracy"}


@given(st.integers(2, 200), st.integers(0, 5))
@settings(max_examples=10, deadline=None)
def test_an_interval_contains_the_value_and_ends_at_the_best(rows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    truth = random.normal(size=rows)
    predicted = truth + random.normal(size=rows) * 0.1

    found = evaluate(Outcomes(truth, predicted), metrics=REGRESSION, seed=seed)

    assert all(i["low"] <= i["value"] <= i["high"] for i in found.values())
    assert found["r2"]["high"] <= 1
    assert found["rmse"]["low"] >= 0


@pytest.mark.parametrize("metrics", [REGRESSION, BINARY, THREE], ids=["numbers", "two", "three"])
@given(rows=st.integers(3, 60), seed=st.integers(0), has_weights=..., has_labels=...)
@settings(max_examples=25, deadline=None)
def test_many_weightings_at_once_score_as_scikit_learn_scores_each(
    metrics: tuple[Metric, ...], *, rows: int, seed: int, has_weights: bool, has_labels: bool
) -> None:
    random = np.random.default_rng(seed)
    factors = random.exponential(size=(4, rows))
    weights = random.exponential(size=rows) if has_weights else None
    if metrics is REGRESSION:
        # Whole numbers: some errors are equal.
        outcomes = Outcomes(*random.integers(1, 6, (2, rows)).astype(float), weights)
    else:
        classes = 2 if metrics is BINARY else 3
        truth = random.permutation(np.arange(rows) % classes)
        # Few decimals: some probabilities are equal, and some of them are 0.
        shares = random.dirichlet(np.full(classes, 0.3), rows).round(1)
        shares[:, 0] = 1 - shares[:, 1:].sum(axis=1)
        labels = random.integers(0, classes, rows) if has_labels else None
        outcomes = Outcomes(truth, shares.clip(0).astype(np.float32), weights, labels=labels)

    for metric in metrics:
        found = outcomes.score_all(metric, factors)

        assert found == pytest.approx([outcomes.score(metric, each) for each in factors])


def test_more_weights_than_fit_at_once_give_the_same_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(0)
    outcomes = Outcomes(random.uniform(size=50), random.normal(size=50), random.uniform(size=50))
    factors = random.exponential(size=(7, 50))
    at_once = [outcomes.score_all(metric, factors) for metric in REGRESSION]
    monkeypatch.setattr(bootstrap, "_MAX_WEIGHTS", 99)

    in_parts = [outcomes.score_all(metric, factors) for metric in REGRESSION]

    assert np.array_equal(in_parts, at_once)


@pytest.mark.parametrize(("predicted", "score"), [(2.0, 1.0), (3.0, 0.0)])
def test_r2_without_variance_is_1_or_0_as_in_scikit_learn(predicted: float, score: float) -> None:
    outcomes = Outcomes(np.full(4, 2.0), np.full(4, predicted))
    factors = np.ones((2, 4))

    assert outcomes.score(REGRESSION[0], factors[0]) == score
    assert outcomes.score_all(REGRESSION[0], factors).tolist() == [score, score]


def test_the_same_seed_gives_the_same_interval() -> None:
    truth, predicted = np.arange(30.0), np.arange(30.0) + np.tile([0.0, 1.0, 2.0], 10)

    first, second, other = (
        evaluate(Outcomes(truth, predicted), metrics=REGRESSION, seed=seed) for seed in (1, 1, 2)
    )

    assert first == second
    assert first != other


def test_more_rows_give_a_narrower_interval_though_no_more_are_resampled() -> None:
    random = np.random.default_rng(0)
    widths = []
    for rows in (MAX_BOOTSTRAP_ROWS, 9 * MAX_BOOTSTRAP_ROWS):
        truth = random.normal(size=rows)
        noise = random.normal(size=rows)
        mae = next(metric for metric in REGRESSION if metric.name == "mae")
        interval = evaluate(Outcomes(truth, truth + noise), metrics=[mae], seed=0)["mae"]
        widths.append(interval["high"] - interval["low"])

    assert 2.5 < widths[0] / widths[1] < 3.5


@pytest.mark.parametrize(
    ("task", "name", "message"),
    [
        ("binary", "r2", "does not fit classification with 2 classes; expected one of accuracy"),
        ("three", "brier", "does not fit classification with 3 classes"),
        ("three", "average_precision", "does not fit classification with 3 classes"),
        ("regression", "matthews_corrcoef", "does not fit regression"),
        ("regression", "roc_auc", "does not fit regression"),
    ],
)
def test_a_metric_of_another_task_is_refused(task: str, name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        choose_metric(name, MadeData(task).problem)


@pytest.mark.parametrize(("task", "name"), [("regression", "r2"), ("three", "log_loss")])
def test_every_task_has_a_metric_that_decides_by_default(task: str, name: str) -> None:
    assert choose_metric(None, MadeData(task).problem).name == name


def test_people_read_as_many_decimals_as_help() -> None:
    metric = choose_metric("rmse", MadeData().problem)

    assert metric.show(0.98234) == "0.982"
    assert metric.show(-0.00001) == "-0.000"
    assert metric.show(1234.5678) == "1,234.6"


def test_many_classes_are_not_ranked_and_keep_a_row_each_among_those_resampled() -> None:
    many = MadeData("three").problem.model_copy(update={"classes": list(range(50))})
    random = np.random.default_rng(0)
    truth = np.minimum(random.geometric(0.3, 30_000) - 1, 48)
    truth[7] = 49

    found = evaluate(
        Outcomes(truth, random.dirichlet(np.ones(50), 30_000)), metrics=metrics_of(many), seed=0
    )

    assert set(found) == {"log_loss", "balanced_accuracy", "matthews_corrcoef", "accuracy"}


def test_rows_of_a_group_tell_less_than_as_many_others() -> None:
    random = np.random.default_rng(3)
    group = np.repeat(np.arange(30), 20)
    truth = random.normal(size=600)
    predicted = truth + random.normal(size=30)[group]

    widths = []
    for belongs in (None, group, np.arange(600)):
        rows = Outcomes(truth, predicted, group=belongs)
        found = evaluate(rows, metrics=REGRESSION, seed=0)["mae"]
        widths.append(found["high"] - found["low"])
    alone, together, each = widths
    assert together > 3 * alone
    assert each == alone
