"""The target that init guesses, and the task."""

from typing import Any

import pytest
from made_columns import ROWS, choices, days, noise
from stage_contract import ContractError, SettingsError

type Init = Any
"""The fixture of conftest.py."""


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (["size", "price", "age"], "price"),
        (["y", "size"], "y"),
        (["y", "x", "size"], "size"),
        (["isFraud", "size"], "isFraud"),
        (["class", "price"], "class"),
        (["SalePrice", "size"], "SalePrice"),
        (["a", "b", "c"], "c"),
        (["first_delay", "last_delay", "size"], "last_delay"),
    ],
)
def test_the_target_is_guessed_by_its_name_else_it_is_the_last(
    init: Init, names: list[str], target: str
) -> None:
    file, _ = init({name: noise() for name in names})

    assert file["target"] == target
    assert file["features"]["task"] == "regression"


def test_a_target_that_could_not_be_learnt_is_passed_over(init: Init) -> None:
    file, _ = init(
        {
            "size": noise(),
            "kind": choices("a", "b"),
            "target": ["same"] * ROWS,
            "label": [f"text {row}" for row in range(ROWS)],
            "seen": days(),
        }
    )

    assert file["target"] == "kind"
    assert file["features"]["task"] == "classification"


def test_the_target_can_be_named(init: Init) -> None:
    file, text = init({"size": noise(), "price": noise()}, target="size")

    assert file["target"] == "size"
    assert "as asked for" in text


def test_an_unknown_target_is_refused_with_the_closest_name(init: Init) -> None:
    with pytest.raises(SettingsError, match=r"target = 'prise': .*did you mean price\?"):
        init({"size": noise(), "price": noise()}, target="prise")


def test_a_date_is_no_target(init: Init) -> None:
    with pytest.raises(SettingsError, match="is a date; expected numbers"):
        init({"size": noise(), "seen": days()}, target="seen")


def test_a_table_without_anything_to_predict_is_refused(init: Init) -> None:
    with pytest.raises(ContractError, match="no column could be a target"):
        init({"id": range(ROWS), "seen": days()})


@pytest.mark.parametrize(
    ("values", "task", "kind"),
    [
        (choices("0", "1"), "classification", "integer"),
        (choices("0.0", "1.0"), "classification", "integer"),
        ([str(row % 11) for row in range(ROWS)], "regression", "integer"),
        (choices("1.5", "2.5"), "regression", "number"),
        (choices("10 %", "20 %"), "regression", "number"),
        (choices("1,0", "0,0"), "classification", "integer"),
        (choices("true", "false"), "classification", "boolean"),
    ],
)
def test_the_task_follows_from_the_targets_values(
    init: Init, values: list[str], task: str, kind: str
) -> None:
    file, _ = init({"size": noise(), "target": values}, delimiter=";")

    assert file["features"]["task"] == task
    assert file["clean"]["columns"]["target"]["type"] == kind


def test_rare_classes_are_told_with_the_setting_that_decides(init: Init) -> None:
    _, text = init({"size": noise(300), "label": ["a", "b"] * 148 + ["c"] * 4})

    assert "# 3 classes: " in text
    assert "# 1 of them in fewer than 10 rows." in text
    assert "# min_class_rows = 5" in text


def test_the_type_of_a_target_of_texts_is_declared_so_that_it_stays_one(init: Init) -> None:
    file, _ = init({"kind": choices("yes", "no"), "label": choices("yes", "no"), "size": noise()})

    assert file["clean"]["columns"]["label"] == {"type": "string"}
    assert file["clean"]["columns"]["kind"] == {}


def test_texts_that_mean_missing_are_no_values(init: Init) -> None:
    file, text = init(
        {
            "seen": ["?", *days()[1:]],
            "answer": choices("5", "?"),
            "size": noise(),
            "churn": choices("true", "false", "?"),
        }
    )

    assert file["target"] == "churn"
    assert "# 2 classes: " in text
    assert '1 rows have no "seen"' in text
