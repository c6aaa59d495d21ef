"""The target and the task that init proposes."""

from pathlib import Path
from typing import Any

import pytest
from ingest.init_command.command import propose_pipeline
from ingest.init_command.targets import AmbiguousTargetError
from made_columns import CHANCE, ROWS, choices, days, noise
from stage_contract import ContractError, SettingsError

type Init = Any
"""The fixture of conftest.py."""


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (["size", "price", "age"], "price"),
        (["y", "size"], "y"),
        (["isFraud", "size"], "isFraud"),
        (["class", "price"], "price"),
        (["SalePrice", "size"], "SalePrice"),
        (["carat", "price", "depth"], "price"),
        (["price", "score", "target"], "target"),
    ],
)
def test_the_target_is_guessed_where_one_name_is_clear(
    init: Init, names: list[str], target: str
) -> None:
    file, _ = init({name: noise() for name in names})

    assert file["target"] == target
    assert file["features"]["task"] == "regression"


def test_other_columns_that_could_be_the_target_are_named(init: Init) -> None:
    _, text = init({name: noise() for name in ("price", "score", "target")})

    assert 'chosen by its name. It could also be "price", "score".' in text


def test_a_target_that_could_not_be_learnt_is_passed_over(init: Init) -> None:
    file, _ = init(
        {
            "size": noise(),
            "churn": choices("a", "b"),
            "target": ["same"] * ROWS,
            "label": [f"text {row}" for row in range(ROWS)],
            "outcome": days(),
        }
    )

    assert file["target"] == "churn"
    assert file["features"]["task"] == "classification"


@pytest.mark.parametrize(
    ("columns", "candidates"),
    [
        ({"a": noise(), "b": noise(), "c": noise()}, ["c", "a"]),
        ({"y": noise(), "x": noise(), "size": noise()}, ["size", "y"]),
        ({"first_delay": noise(), "last_delay": noise()}, ["last_delay", "first_delay"]),
        ({"kind": choices("a", "b"), "size": noise()}, ["kind", "size"]),
        (
            {"class": choices("1", "2", "3"), "size": noise(), "survived": choices("yes", "no")},
            ["survived", "class"],
        ),
        (
            {"mode": choices("car", "bus"), "price": noise(), "size": noise()},
            ["price", "mode", "size"],
        ),
        (
            {"price.a": noise(), "price.b": noise(), "size": noise(), "price.c": noise()},
            ["price.c", "price.a", "price.b"],
        ),
    ],
)
def test_several_columns_that_could_be_the_target_are_listed_and_none_is_chosen(
    init: Init, columns: dict[str, list[Any]], candidates: list[str]
) -> None:
    with pytest.raises(AmbiguousTargetError, match="the target is not clear") as why:
        init(columns)

    assert [candidate.column.name for candidate in why.value.candidates] == candidates
    assert all(candidate.reasons for candidate in why.value.candidates)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("age", [str(20 + row % 50) for row in range(ROWS)]),
        ("sex", choices("f", "m")),
        ("income", noise()),
        ("region", choices("n", "s", "w")),
        ("education", choices("1", "2", "3")),
        ("quarter", choices("1", "2", "3", "4")),
        ("year", choices("2021", "2022", "2023")),
        ("perwt", noise()),
        ("weight", noise()),
        ("row", [str(1000 + row) for row in range(ROWS)]),
        ("position", [f"{1000 + 3 * row}.0" for row in range(ROWS)]),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_column_that_is_mostly_an_input_is_no_target_by_its_place(
    init: Init, name: str, values: list[Any], *, is_first: bool
) -> None:
    columns: list[tuple[str, list[Any]]] = [("size", noise()), ("kind", choices("a", "b"))]
    columns.insert(0 if is_first else 2, (name, values))
    with pytest.raises(AmbiguousTargetError) as why:
        init(dict(columns))

    likely = [candidate.column.name for candidate in why.value.candidates if candidate.score]
    assert name not in likely


@pytest.mark.parametrize("name", ["rank", "Platz", "lfd", "seq", "row", "item no"])
def test_a_place_in_an_order_is_no_target_by_its_position(init: Init, name: str) -> None:
    file, _ = init({"size": noise(), "price": noise(), name: [row // 2 for row in range(ROWS)]})

    assert file["target"] == "price"


def test_a_key_that_several_rows_share_is_no_target_by_its_position(init: Init) -> None:
    keys = [row // 5 for row in range(ROWS)]
    with pytest.raises(AmbiguousTargetError) as why:
        init({"person": keys, "born": [1950 + 7 * key % 40 for key in keys], "a": noise()})

    assert "person" not in [each.column.name for each in why.value.candidates if each.score]


@pytest.mark.parametrize(("others", "note"), [(1, "1 other column is"), (3, "3 other columns are")])
def test_the_list_says_how_many_more_columns_are_possible(
    init: Init, others: int, note: str
) -> None:
    columns = {f"x{number}": noise() for number in range(others + 2)}

    with pytest.raises(AmbiguousTargetError, match=f"; {note} possible, too; name one") as why:
        init(columns)

    assert len(why.value.candidates) == 2


def test_numbers_of_all_rows_in_any_order_are_no_target(init: Init) -> None:
    numbers = list(range(1001, 1001 + ROWS))
    CHANCE.shuffle(numbers)

    with pytest.raises(AmbiguousTargetError) as why:
        init({"ticket": numbers, "a": noise(), "b": noise()})

    assert [candidate.column.name for candidate in why.value.candidates] == ["b", "a"]


def test_of_two_forms_of_the_target_the_one_with_the_better_name_is_chosen(init: Init) -> None:
    species = choices("setosa", "virginica")
    codes = [1 if each == "setosa" else 2 for each in species]
    file, _ = init({"a": noise(), "species": species, "species_code": codes})

    assert file["target"] == "species"
    assert file["features"]["exclude"] == ["species_code"]


def test_forms_of_a_possible_target_are_listed_once(init: Init) -> None:
    kinds = choices("car", "bus")
    codes = [1 if each == "car" else 2 for each in kinds]

    with pytest.raises(AmbiguousTargetError) as why:
        init({"a": noise(), "art": kinds, "art_nr": codes})

    first, second = why.value.candidates
    assert (first.column.name, second.column.name) == ("art", "a")
    assert first.describe().endswith('the same as "art_nr" in another form')


def test_of_forms_with_equally_good_names_none_is_chosen(init: Init) -> None:
    euros = noise()

    with pytest.raises(AmbiguousTargetError) as why:
        init({"a": noise(), "price_usd": [1.1 * each for each in euros], "price_eur": euros})

    assert {"price_usd", "price_eur"} <= {each.column.name for each in why.value.candidates}


def test_the_only_column_that_could_be_predicted_is_the_target(init: Init) -> None:
    file, text = init({"seen": days(), "temperature": noise()})

    assert file["target"] == "temperature"
    assert "as the only possible column" in text


def test_too_few_rows_of_the_other_classes_leave_no_only_column(init: Init) -> None:
    few = [str(row % 9) for row in range(34)]

    with pytest.raises(AmbiguousTargetError):
        init({"group": ["a", "b"] * 17, "first": few, "second": few[::-1]})


def shares_of(count: int) -> dict[str, list[float]]:
    """Return columns that sum to 1 in every row, except for rounding."""
    rows = [[CHANCE.random() for _ in range(count)] for _ in range(ROWS)]
    names = [f"share_{place}" for place in range(count)]
    return {
        name: [round(row[place] / sum(row), 3) for row in rows] for place, name in enumerate(names)
    }


def test_a_target_that_may_be_spread_over_shares_is_said_to_be_so(init: Init) -> None:
    with pytest.raises(AmbiguousTargetError) as why:
        init({"size": noise(), **shares_of(10), "height": noise()})

    assert 'the 10 columns "share_0" to "share_9" sum to 1 in every row' in str(why.value)


def test_the_other_shares_give_the_share_that_is_the_target_away(init: Init) -> None:
    file, text = init({"size": noise(), **shares_of(4), "height": noise()}, target="share_2")

    assert file["features"]["exclude"] == ["share_0", "share_1", "share_3"]
    assert "a leak: it sums to 1 with the target and others" in text


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
    with pytest.raises(ContractError, match="no column can be the target"):
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


def test_a_target_of_two_readings_is_left_to_its_user(init: Init) -> None:
    prices = [f"{row % 9 + 1}.{row % 1000:03} €" for row in range(ROWS)]

    file, text = init({"size": noise(), "price": prices}, target="price")

    assert file["features"]["task"] == "regression"
    assert file["clean"]["columns"]["price"] == {}
    assert (
        "# The target.\n# Look: numbers with a decimal point, or in groups (1.234 € is 1.234 or"
        ' 1234)? Set decimal_char = "." or group_char = ".", decimal_char = ","'
    ) in text


@pytest.mark.parametrize("first", ["569,30,malignant,benign", "a,b,c"])
def test_lines_of_other_cells_than_the_first_are_told_and_not_a_missing_target(
    tmp_path: Path, first: str
) -> None:
    rows = [",".join(f"{row}.{cell}" for cell in range(31)) for row in range(1, 570)]
    (tmp_path / "t.csv").write_text("\n".join([first, *rows]) + "\n", encoding="utf-8")

    with pytest.raises(
        ContractError, match="no rows but 569 malformed lines, first line 2 with 31"
    ):
        propose_pipeline(tmp_path, source="t.csv", target=None)


@pytest.mark.parametrize("other", ["ERR", "Source 2024", "12,5*"])
def test_a_target_of_numbers_and_few_texts_is_a_number(
    init: Init, caplog: pytest.LogCaptureFixture, other: str
) -> None:
    prices = [f"{row},5" for row in range(1, 100)]
    file, text = init({"size": noise(100), "price": [*prices, other]})

    assert file["features"]["task"] == "regression"
    assert file["clean"]["columns"]["price"]["type"] == "number"
    assert file["clean"]["columns"]["price"]["decimal_char"] == ","
    told = f'all but 1 of its values are of type number, such as "{other}"; these rows go to reject'
    assert told in caplog.text
    assert told in text


def test_a_target_of_few_numbers_and_a_text_stays_a_class(init: Init) -> None:
    file, _ = init({"size": noise(100), "grade": [*(str(row % 3) for row in range(99)), "A"]})

    assert file["features"]["task"] == "classification"


@pytest.mark.parametrize(
    ("common", "rare", "metric"),
    [
        ("no", "yes", "average_precision"),
        ("yes", "no", "matthews_corrcoef"),
        (0, 1, "average_precision"),
        (9, 10, "average_precision"),
        (10, 9, "matthews_corrcoef"),
        (False, True, "average_precision"),
    ],
)
def test_for_a_rare_class_of_two_a_metric_and_a_threshold_are_proposed(
    init: Init, common: object, rare: object, metric: str
) -> None:
    _, text = init({"size": noise(), "label": [common] * (ROWS - 12) + [rare] * 12})

    assert "The rarest class has 6 % of the rows" in text
    assert f'\n# metric = "{metric}"\n' in text
    assert '\n# threshold = {metric = "matthews_corrcoef"}\n' in text


def test_for_rare_classes_of_many_class_weights_are_proposed(init: Init) -> None:
    labels = ["a"] * (ROWS - 24) + ["b"] * 12 + ["c"] * 12
    _, text = init({"size": noise(), "label": labels})

    assert '\n# metric = "balanced_accuracy"\n' in text
    assert '\n# class_weight = "balanced"\n' in text
