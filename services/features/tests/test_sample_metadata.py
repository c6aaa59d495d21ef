"""Sample metadata (groups, weights), and a target that is learned as a logarithm."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from clean_tables import Cells
from features.data.columns import ColumnType
from stage_contract import ContractError, SettingsError

ROWS = 120
SHOPS = [f"shop {row % 30}" for row in range(ROWS)]

SALES: Cells = {
    "price": ("number", [float(1 + row) for row in range(ROWS)]),
    "size": ("number", [float(row % 11) for row in range(ROWS)]),
    "shop": ("string", SHOPS),
    "pieces": ("integer", [1 + row % 4 for row in range(ROWS)]),
}

type Make = Callable[..., Any]


def with_cells(**changes: tuple[ColumnType, Sequence[object]]) -> Cells:
    return {**SALES, **changes}


def by_group(make: Make, cells: Cells = SALES, **settings: Any) -> Any:
    chosen = {"target": "price", "split": "group", "group_column": "shop"}
    return make(cells, settings.pop("fields", None), **chosen | settings)


def test_rows_of_a_group_are_on_one_side_and_it_is_no_feature(make: Make) -> None:
    made = by_group(make)
    test = set(made.table("test-rows")["shop"].to_pylist())

    assert 0 < len(test) < 30
    assert made.draft.rows == ROWS
    assert len(made.table("test")) == sum(shop in test for shop in SHOPS)
    assert made.roles["shop"] == "group"
    assert made.fields.keys() == {"size", "pieces"}
    assert made.features["split"]["kind"] == "group"
    assert made.features["split"]["column"] == "shop"


def test_a_group_stays_on_its_side_when_others_come_and_go(make: Make) -> None:
    more: Cells = {name: (kind, values[::3]) for name, (kind, values) in SALES.items()}
    before, after = (
        set(made.table("test-rows")["shop"].to_pylist())
        for made in (by_group(make), by_group(make, more))
    )

    assert after == before & set(SHOPS[::3])


def test_rows_of_a_group_share_a_number_that_does_not_say_which(make: Make) -> None:
    made = by_group(make, fields={"shop": {"private": True}})
    table, rows = made.table("test"), made.table("test-rows")
    pairs = set(zip(table["@group"].to_pylist(), rows["shop"].to_pylist(), strict=True))

    assert table.column_names[-2:] == ["@target", "@group"]
    assert table["@group"].type == "int64"
    assert len(pairs) == len({shop for _, shop in pairs})
    assert all(0 <= number < 1024 for number, _ in pairs)
    assert "shop 1" not in (made.draft.path / "features.json").read_text()


def test_a_row_without_group_is_set_aside(make: Make) -> None:
    made = by_group(make, with_cells(shop=("string", [None, *SHOPS[1:]])))

    (line,) = made.rejects
    assert (line["row"], line["reason"], line["column"]) == (1, "group missing", "shop")


def test_one_group_can_not_be_on_both_sides(make: Make) -> None:
    with pytest.raises(ContractError, match=r"in a split by 'shop'; expected more groups"):
        by_group(make, with_cells(shop=("string", ["one"] * ROWS)))


def test_weights_stand_beside_the_target_and_are_no_feature(make: Make) -> None:
    made = make(SALES, target="price", weight_column="pieces")

    assert made.roles["pieces"] == "weight"
    assert "pieces" not in made.fields
    for assigned in ("train", "test"):
        assert made.table(assigned).column_names[-2:] == ["@target", "@weight"]
        assert made.table(assigned)["@weight"].type == "double"
    weights = made.table("test-rows")["pieces"].to_pylist()
    assert made.table("test")["@weight"].to_pylist() == weights


def test_a_weight_that_is_missing_or_not_positive_sets_the_row_aside(make: Make) -> None:
    cells = with_cells(pieces=("integer", [None, 0, -1, *[2] * (ROWS - 3)]))
    made = make(cells, target="price", weight_column="pieces")

    assert [(line["row"], line["reason"], line["column"]) for line in made.rejects] == [
        (1, "weight missing", "pieces"),
        (2, "weight not positive", "pieces"),
        (3, "weight not positive", "pieces"),
    ]


@pytest.mark.parametrize(
    ("transform", "rejected"), [("log", [-2.0, -1.0, 0.0]), ("log1p", [-2.0, -1.0])]
)
def test_a_target_without_logarithm_sets_the_row_aside(
    make: Make, transform: str, rejected: list[float]
) -> None:
    prices = [-2.0, -1.0, 0.0, *range(1, ROWS - 2)]
    target = {"column": "price", "transform": transform}
    made = make(with_cells(price=("number", list(map(float, prices)))), target=target)

    assert {line["reason"] for line in made.rejects} == {"target without logarithm"}
    assert [line["record"]["price"] for line in made.rejects] == rejected
    assert {line["column"] for line in made.rejects} == {"price"}


def test_the_target_of_a_logarithm_stays_what_it_is(make: Make) -> None:
    made = make(SALES, target={"column": "price", "transform": "log"})
    prices = made.table("test-rows")["price"].to_pylist()

    assert made.features["target"]["transform"] == "log"
    assert made.features["task"] == "regression"
    assert made.table("test")["@target"].to_pylist() == prices


def test_few_whole_numbers_whose_logarithm_is_learnt_are_no_classes(make: Make) -> None:
    made = make(SALES, target={"column": "pieces", "transform": "log"})

    assert made.features["task"] == "regression"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"weight_column": "piece"}, "weight_column = 'piece': no such column; did you mean"),
        ({"weight_column": "shop"}, "is a string; expected a column of numbers"),
        ({"weight_column": "price"}, "is the target; expected another column"),
        (
            {"split": "group", "group_column": "pieces", "weight_column": "pieces"},
            "is the group_column, too; expected two columns",
        ),
        ({"target": {"column": "shop", "transform": "log"}}, "transform needs numbers"),
        (
            {"target": {"column": "price", "transform": "log"}, "task": "classification"},
            "a target with transform is always a regression",
        ),
    ],
)
def test_a_column_that_can_not_be_that_is_refused(
    make: Make, settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        make(SALES, **{"target": "price"} | settings)
