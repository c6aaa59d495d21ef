from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from clean_tables import Cells, columns_of, publish_clean
from features.data.classes import LabelCounts, choose_classes
from features.data.target import Target, find_target
from features.data.task import infer_task
from features.settings import Settings, Task
from features.work import features
from stage_contract import ContractError, Draft, SettingsError

COLUMNS = columns_of(price="integer", delay="number", species="string", at="datetime", ok="boolean")


def target(setting: object) -> Target:
    return find_target(COLUMNS, Settings.model_validate({"target": setting}))


def counts(*labels: object) -> LabelCounts:
    found = LabelCounts()
    found.add(pa.array(labels), np.ones(len(labels), np.bool_))
    return found


def test_a_derived_target_is_above_or_not() -> None:
    late = target({"column": "delay", "above": 15, "name": "late"})
    batch = pa.RecordBatch.from_pydict({"delay": [14.0, 15.0, 15.5, None]})

    assert late.name == "late"
    assert late.labels(batch).to_pylist() == [False, False, True, None]


def test_a_derived_target_without_a_name_gets_a_telling_one() -> None:
    assert target({"column": "delay", "above": 15}).name == "delay_above_15"


def test_a_target_that_does_not_exist_suggests_the_closest_column() -> None:
    with pytest.raises(SettingsError, match=r"target = 'pric': no such column; did you mean price"):
        target("pric")


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("at", "is a datetime"),
        ({"column": "species", "above": 3}, "above needs numbers"),
        ({"column": "delay", "above": 3, "name": "price"}, "a column has this name"),
    ],
)
def test_a_target_that_can_not_be_predicted_that_way_is_refused(
    setting: object, complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        target(setting)


@pytest.mark.parametrize(
    ("setting", "labels", "task"),
    [
        ("species", ["a", "b"], "classification"),
        ("ok", [True, False], "classification"),
        ("delay", [], "regression"),
        ("price", [*range(10)], "classification"),
        ("price", [*range(11)], "regression"),
        ({"column": "price", "above": 3}, [True, False], "classification"),
    ],
)
def test_the_task_follows_from_the_target(setting: object, labels: list[object], task: str) -> None:
    assert infer_task(target(setting), counts(*labels), configured=None)[0] == task


def test_the_reason_says_how_to_override_a_guess() -> None:
    reason = infer_task(target("price"), counts(*range(11)), configured=None)[1]

    assert reason == (
        'price is an integer with 11 distinct values; to override, set task = "classification"'
    )


def test_an_integer_may_be_either() -> None:
    few, many = counts(1, 2), counts(*range(11))

    assert infer_task(target("price"), few, configured="regression") == ("regression", "as set")
    assert infer_task(target("price"), many, configured="classification")[0] == "classification"


@pytest.mark.parametrize(
    ("setting", "labels", "configured", "complaint"),
    [
        ("species", ["a", "b"], "regression", "expected numbers"),
        ("delay", [], "classification", "or a limit"),
        ({"column": "delay", "above": 1}, [True, False], "regression", "remove task or above"),
        ("price", [*range(1_001)], "classification", "up to 1,000 classes"),
    ],
)
def test_a_task_that_does_not_go_with_the_target_is_refused(
    setting: object, labels: list[object], configured: Task, complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        infer_task(target(setting), counts(*labels), configured=configured)


def test_beyond_all_counting_labels_are_just_many() -> None:
    many = counts(*range(100_001))
    many.add(pa.array([1]), np.ones(1, np.bool_))

    assert many.describe() == "more than 100,000 distinct values"


def test_classes_are_ordered_and_numbered() -> None:
    classes = choose_classes(counts("b", "a", "é", "b"), min_rows=1, target=target("species"))

    assert list(classes.labels) == ["a", "b", "é"]
    assert classes.indexes(pa.array(["é", "a", None, "z"])).tolist() == [2, 0, -1, -1]


def test_a_class_without_enough_training_rows_is_none() -> None:
    found = LabelCounts()
    found.add(pa.array(["a", "a", "b", "b", "c", "c"]), np.array([1, 1, 1, 1, 0, 0], np.bool_))
    classes = choose_classes(found, min_rows=2, target=target("species"))

    assert (list(classes.labels), list(classes.rare)) == (["a", "b"], ["c"])


def test_one_class_is_too_few_and_the_message_counts() -> None:
    with pytest.raises(ContractError, match=r"have 2 training rows \(a 3, b 1\)"):
        choose_classes(counts("a", "a", "a", "b"), min_rows=2, target=target("species"))
    with pytest.raises(ContractError, match="has one value in all rows"):
        choose_classes(counts("a", "a"), min_rows=2, target=target("species"))


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"target": "cost"}, "target"),
        ({"target": "price", "exclude": ["cost"]}, "exclude"),
        ({"target": "price", "date_differences": [["cost", "at"]]}, "date_differences"),
    ],
)
def test_a_column_that_ingest_skipped_names_the_setting_to_change(
    tmp_path: Path, settings: dict[str, Any], where: str
) -> None:
    days = [datetime(2024, 1, 1 + row % 28, tzinfo=UTC) for row in range(40)]
    cells: Cells = {
        "price": ("number", [float(row) for row in range(40)]),
        "at": ("datetime", days),
        "costs": ("number", [float(row % 7) for row in range(40)]),
    }
    source = publish_clean(tmp_path / "clean", cells, {}, skipped=["cost"])
    draft = Draft(tmp_path / "features")
    draft.path.mkdir()

    with pytest.raises(
        SettingsError,
        match=rf"{where} = 'cost': no such column; ingest skips it: change skip_columns or columns",
    ):
        features(source, draft, Settings.model_validate(settings))
