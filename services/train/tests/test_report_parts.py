"""Parts of a report: rows of tables, sentences, and hidden values."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_data import MadeData
from modelling.model_selection.bootstrap import Outcomes
from modelling.model_selection.metrics import choose_metric
from reporting.content import name_classes
from reporting.plots.interval_plots import ranges
from reporting.sections.confusion_matrix import MAX_SHOWN, confuse
from reporting.sections.leaderboard import MAX_SHOWN as MAX_TRIALS
from reporting.sections.leaderboard import rank_trials
from reporting.sections.lineage import show_settings
from reporting.sections.metrics_table import list_metrics
from reporting.sections.model_outputs import describe_outputs
from reporting.sections.notices import Notice, find_notices


def outcomes(classes: int, rows: int) -> Outcomes:
    random = np.random.default_rng(classes)
    truth = random.integers(0, classes, rows)
    predicted = random.dirichlet(np.ones(classes), rows)
    return Outcomes(truth, predicted)


def test_a_confusion_counts_every_row_once() -> None:
    found = confuse(outcomes(3, 200), ["a", "b", "c"])

    assert sum(cell.rows for _, cells in found.rows for cell in cells) == 200
    assert found.left_out == 0


def test_a_confusion_goes_by_the_label() -> None:
    rows = replace(outcomes(3, 200), labels=np.full(200, 2))

    found = confuse(rows, ["a", "b", "c"])

    assert {cell.rows for _, cells in found.rows for cell in cells[:2]} == {0}


def test_many_equal_rows_are_told_with_the_key_that_leaves_one_of_each() -> None:
    document = {
        "target": {"name": "dear", "column": "price"},
        "metrics": {"r2": {"value": 0.5, "low": 0.4, "high": 0.6}},
        "baseline": {"r2": {"value": 0.0}},
        "split": {"columns": ["size"], "equal_rows": 50, "train_rows": 800, "test_rows": 200},
    }
    (main,) = list_metrics(document, choose_metric("r2", MadeData().problem))

    (notice,) = find_notices(document, main, None, held_out=900, settings={})

    assert notice.title == "50 rows equal another one"
    assert (notice.remedy, notice.table) == ('key = ["size", "price"]', "clean")


def notice_of_silence(classes: int, *, held_out: int = 900, **settings: Any) -> Notice:
    """Return the notice about a model that always predicts the first class, for 900 rows."""
    truth, labels = np.arange(900) % classes, np.zeros(900, dtype=np.int64)
    silent = replace(outcomes(classes, 900), truth=truth, labels=labels)
    document = {
        "target": {"name": "answer"},
        "metrics": {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6}},
        "baseline": {"accuracy": {"value": 0.4}},
    }
    metric = choose_metric("accuracy", MadeData("binary").problem)
    (main,) = list_metrics(document, metric)
    confusion = confuse(silent, ["a", "b", "c"][:classes])
    (notice,) = find_notices(document, main, confusion, held_out=held_out, settings=settings)
    return notice


@pytest.mark.parametrize(
    ("classes", "title", "remedy"),
    [
        (2, "“b” never predicted", 'threshold = {metric = "balanced_accuracy"}'),
        (3, "“b” and 1 more classes never predicted", 'class_weight = "balanced"'),
    ],
)
def test_a_class_that_is_never_predicted_is_reported_with_a_remedy(
    classes: int, title: str, remedy: str
) -> None:
    notice = notice_of_silence(classes, threshold=None, class_weight=None)

    assert (notice.title, notice.remedy, notice.table) == (title, remedy, "train")
    assert "for a held-out row," in notice.text


@pytest.mark.parametrize(
    ("classes", "settings"),
    [
        (2, {"threshold": {"metric": "balanced_accuracy"}, "class_weight": None}),
        (3, {"threshold": None, "class_weight": "balanced"}),
    ],
)
def test_what_is_set_is_not_advised(classes: int, settings: dict[str, Any]) -> None:
    notice = notice_of_silence(classes, **settings)
    (name,) = (name for name, value in settings.items() if value)

    assert notice.remedy == ""
    assert notice.text.endswith(f"The label depends on {name} in [train].")


def notices_of_rare(
    names: list[str],
    *,
    recall: float,
    share: float = 0.05,
    is_first: bool = False,
    **settings: Any,
) -> list[Notice]:
    """Return the notices for 900 rows, of which a share is of the last class, or of the first.

    One row of another class is predicted as this one.
    """
    rare, common = len(names) - 1, np.arange(900) % (len(names) - 1)
    count = int(900 * share)
    truth = np.where(np.arange(900) < count, rare, common)
    labels = np.where(np.arange(900) < recall * count, rare, common)
    labels[-1] = rare
    if is_first:
        truth, labels = rare - truth, rare - labels
    document = {
        "target": {"name": "answer"},
        "metrics": {"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0}},
        "baseline": {"accuracy": {"value": 0.4}},
    }
    (main,) = list_metrics(document, choose_metric("accuracy", MadeData("binary").problem))
    confusion = confuse(replace(outcomes(len(names), 900), truth=truth, labels=labels), names)
    return find_notices(document, main, confusion, held_out=900, settings=settings)


def test_a_rare_class_that_is_mostly_missed_is_reported_with_settings_that_find_it() -> None:
    (notice,) = notices_of_rare(["no", "yes"], recall=0.2)

    assert notice.title == "“yes” mostly missed"
    assert notice.text == (
        "This class is rare: 45 of 900 held-out rows. The label finds 20\u00a0% of them, and"
        " 90\u00a0% of the rows it names are of this class. This usually finds more of them."
        ' To choose the model by such rows too, add metric = "average_precision".'
    )
    assert (notice.remedy, notice.table) == ('threshold = {metric = "matthews_corrcoef"}', "train")
    assert notice.is_logged


def test_average_precision_is_proposed_for_the_second_class_only() -> None:
    (notice,) = notices_of_rare(["no", "yes"], recall=0.2, is_first=True)

    assert notice.title == "“no” mostly missed"
    assert 'add metric = "matthews_corrcoef"' in notice.text


def test_a_rare_one_of_many_classes_is_reported_with_class_weights() -> None:
    (notice,) = notices_of_rare(["a", "b", "c"], recall=0.4)

    assert notice.title == "“c” mostly missed"
    assert 'add metric = "balanced_accuracy"' in notice.text
    assert notice.remedy == 'class_weight = "balanced"'


@pytest.mark.parametrize(
    ("recall", "share", "settings"),
    [
        (0.6, 0.05, {}),
        (0.2, 0.3, {}),
        (0.2, 0.05, {"threshold": {"value": 0.3}}),
        (0.2, 0.05, {"class_weight": "balanced"}),
    ],
)
def test_a_class_that_is_found_or_common_or_already_decided_on_is_not_reported(
    recall: float, share: float, settings: dict[str, Any]
) -> None:
    assert notices_of_rare(["no", "yes"], recall=recall, share=share, **settings) == []


def test_no_metric_is_proposed_if_one_is_set() -> None:
    (notice,) = notices_of_rare(["no", "yes"], recall=0.2, metric="roc_auc")

    assert notice.text.endswith("This usually finds more of them.")


def test_a_class_is_never_predicted_for_the_rows_that_were_read() -> None:
    text = notice_of_silence(2, held_out=5000).text

    assert "any of the 900 held-out rows looked at" in text


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        ([False, True], ["not price", "price"]),
        ([0, 1], ["0", "1"]),
    ],
)
def test_booleans_are_called_after_the_target_and_numbers_are_not(
    classes: list[Any], names: list[str]
) -> None:
    problem = MadeData("binary").problem.model_copy(update={"classes": classes})

    assert name_classes(problem, is_private=False) == names


def test_of_many_classes_the_largest_are_shown_and_none_is_lost() -> None:
    names = [f"class {n}" for n in range(50)]
    found = confuse(outcomes(50, 1000), names)

    assert len(found.names) == MAX_SHOWN
    assert found.names[-1] == "41 others"
    assert sum(cell.rows for _, cells in found.rows for cell in cells) == 1000


def trial(name: str, value: float, **facts: Any) -> dict[str, Any]:
    hyperparameters = {"alpha": value, "max_iter": 300, "early_stopping": False}
    base = {"name": name, "hyperparameters": hyperparameters, "score": value, "deviation": 0.1}
    return base | {"metric": "r2"} | facts


def test_the_leaderboard_tells_what_was_varied_and_marks_what_was_chosen() -> None:
    trials = [trial("linear", 0.9), trial("linear", 0.5), trial("forest", 0.3, pruned=True)]
    estimator = {"name": "linear", "hyperparameters": trials[0]["hyperparameters"]}
    found = rank_trials({"candidates": trials, "estimator": estimator})

    assert [row.is_chosen for row in found.rows] == [True, False, False]
    assert [row.is_pruned for row in found.rows] == [False, False, True]
    assert found.rows[0].settings == [("alpha", "0.9")]
    assert found.rows[2].settings == [
        ("alpha", "0.3"),
        ("max_iter", "300"),
        ("early_stopping", "false"),
    ]


def test_the_leaderboard_names_the_baseline_and_does_not_count_it_as_a_trial() -> None:
    found = rank_trials({"candidates": [trial("linear", 0.9), trial("dummy", 0.0)]})

    assert [row.name for row in found.rows] == ["linear", "baseline"]
    assert found.trials == 1


def test_of_many_trials_the_best_are_listed() -> None:
    found = rank_trials({"candidates": [trial("linear", n / 500) for n in range(500)]})

    assert (len(found.rows), found.left_out) == (MAX_TRIALS, 500 - MAX_TRIALS)


def test_a_metric_without_a_baseline_has_no_mark_for_it() -> None:
    interval = {"value": 0.9, "low": 0.8, "high": 1.0}
    without, beside = ranges([(interval, None), (interval, 0.2)])

    assert (without.baseline, without.aim) == ("–", "")
    assert beside.aim


def test_settings_are_toml_and_hide_what_is_said_of_private_columns() -> None:
    settings = {
        "columns": {"owner": {"order": ["Ada", "Bob"]}, "size": {"encoding": "text"}},
        "exclude": ["id"],
        "time_column": None,
        "test_share": 0.2,
    }

    assert show_settings(settings, private=["owner"]) == [
        'columns = {"owner" = "(private)", "size" = {"encoding" = "text"}}',
        'exclude = ["id"]',
        "test_share = 0.2",
    ]


def test_an_interval_is_told_with_what_it_held() -> None:
    document = {
        "interval": {"coverage": 0.9, "rows": 400, "median_width": 12.5},
        "metrics": {"coverage": {"value": 0.88, "low": 0.86, "high": 0.9}},
    }

    (told,) = describe_outputs(document, [], is_private=False)

    assert told.replace("\N{NO-BREAK SPACE}", " ") == (
        "Each prediction has an interval with a nominal coverage of 90 %; it comes from the errors"
        " on 400 training rows; its coverage on held-out rows is 88 % (86 % to 90 %), and its"
        " median width is 12.5."
    )


@pytest.mark.parametrize(
    ("calibration", "told"),
    [
        ({"method": "none"}, "Calibration did not improve the probabilities"),
        (
            {"method": "sigmoid", "log_loss": {"none": 0.5, "sigmoid": 0.25}},
            "calibrated by sigmoid: the out-of-fold log loss changed from 0.5000 to 0.2500.",
        ),
        ({"method": "isotonic"}, "The probabilities are calibrated by isotonic."),
    ],
)
def test_a_calibration_is_told_with_what_it_changed(calibration: dict[str, Any], told: str) -> None:
    (sentence,) = describe_outputs({"calibration": calibration}, [], is_private=False)

    assert told in sentence


def test_a_threshold_is_told_and_of_a_private_target_not_what_it_was_chosen_by() -> None:
    decision = {"threshold": 0.25, "positive": "ill", "by": {"cost": {"ill": 5}}, "rows": 90}
    told, hidden = (
        next(describe_outputs({"decision": decision}, ["well", name], is_private=is_private))
        for name, is_private in (("ill", False), ("class 2", True))
    )

    assert told == (
        'The label is “ill” from a probability of 0.25, as set in the pipeline (cost {"ill": 5}),'
        " chosen on 90 out-of-fold predictions. Probabilities are unchanged."
    )
    assert "ill" not in hidden.replace("till", "")
