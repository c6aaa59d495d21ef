"""The stage as a whole: roles, features, targets, documents and endings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from clean_tables import Cells
from diamonds import CUTS, DIAMONDS, ROWS, START, Make, with_cells
from stage_contract import ContractError, SettingsError


def test_every_column_has_a_role(make: Make) -> None:
    made = make(DIAMONDS, target="price", exclude=["sold"])

    assert made.roles == {
        "price": "target",
        "carat": "input",
        "cut": "input",
        "shop": "constant",
        "sold": "excluded",
        "id": "identifier",
    }


def test_the_record_of_a_run_says_what_became_of_each_column(make: Make) -> None:
    many = [f"street {row // 2}" for row in range(ROWS)]
    reviews = [f"fine and {CUTS[row % 3]}" for row in range(ROWS)]
    cells = with_cells(
        gift=("boolean", [row % 2 == 0 for row in range(ROWS)]),
        street=("string", many),
        review=("string", reviews),
        grade=("string", [None, *DIAMONDS["cut"][1][1:]]),
        code=("integer", [row % 3 for row in range(ROWS)]),
        weight=("number", [1.0 + row % 2 for row in range(ROWS)]),
        town=("string", [f"town {row % 30}" for row in range(ROWS)]),
        note=("string", ["x"] * ROWS),
    )
    made = make(
        cells,
        {"cut": {"private": True}, "note": {"private": True}},
        target="price",
        exclude=["note"],
        weight_column="weight",
        split="group",
        group_column="town",
        min_category_rows=2,
        one_hot_up_to=3,
        categories=["code"],
        columns={"review": {"encoding": "text"}, "grade": {"order": ["fair", "good", "ideal"]}},
    )

    assert {column["name"]: column["became"] for column in made.draft.columns} == {
        "price": "target",
        "carat": "1 number, 1 missing indicator",
        "cut": "3 categories, one-hot",
        "shop": "not used: constant",
        "sold": "7 date parts",
        "id": "not used: identifier",
        "gift": "1 boolean",
        "street": "1 frequency of the category, 1 code of the category",
        "review": "5 words",
        "grade": "1 rank of the category, 1 missing indicator",
        "code": "3 categories, one-hot",
        "weight": "sample weight",
        "town": "group of the split",
        "note": "excluded: [features] exclude",
    }
    types = {column["name"]: column["type"] for column in made.draft.columns}
    assert types == {name: kind for name, (kind, _) in cells.items()}
    private = [column["name"] for column in made.draft.columns if column.get("private")]
    assert private == ["cut", "note"]


def test_a_column_that_says_the_same_as_another_one_is_named(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    words = {"good": "gut", "fair": "mittel", "ideal": "sehr gut"}
    grades = [words[cut] for cut in CUTS * (ROWS // 3)]
    weights = ("number", DIAMONDS["carat"][1])
    others = ("number", [None if row == 9 else row / 7 for row in range(ROWS)])

    make(with_cells(grade=("string", grades), weight=weights, other=others), target="price")

    said = [line for line in caplog.messages if "says the same" in line]
    remedy = "one of them is enough, so add one to exclude in [features]"
    assert said == [
        f"'grade' says the same as 'cut' in other words; {remedy}",
        f"'weight' says the same as 'carat' in other words; {remedy}",
    ]


def test_columns_of_a_few_rows_are_not_compared(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    few: Cells = {name: (kind, cells[:20]) for name, (kind, cells) in DIAMONDS.items()}

    make({**few, "grade": few["cut"]}, target="price")

    assert "says the same" not in caplog.text


def test_the_matrices_hold_the_features_in_order_and_then_the_target(make: Make) -> None:
    made = make(DIAMONDS, target="price")

    for assigned in ("train", "test"):
        assert made.table(assigned).column_names == [*made.names, "@target"]
    assert made.table("train")["carat"].type == "float"
    assert made.table("train")["@target"].type == "double"


def test_no_row_is_lost_or_invented(make: Make) -> None:
    made = make(with_cells(price=("number", [None, *DIAMONDS["price"][1][1:]])), target="price")

    prices = [*made.table("train")["@target"].to_pylist()]
    prices += made.table("test")["@target"].to_pylist()
    assert sorted(prices) == DIAMONDS["price"][1][1:]
    assert made.draft.rows == ROWS - 1
    assert made.rejects == [
        {
            "row": 1,
            "reason": "target missing",
            "column": "price",
            "record": {
                "price": None,
                "carat": 0.0,
                "cut": "good",
                "shop": "one",
                "sold": "2024-01-01T00:00:00Z",
                "id": "stone 0",
            },
        }
    ]


def test_the_test_rows_through_the_graph_are_the_test_matrix(make: Make) -> None:
    made = make(DIAMONDS, target="price", exclude=["sold"])
    rows = made.table("test-rows")
    session = onnxruntime.InferenceSession(made.draft.path / "transform.onnx")
    (found,) = session.run(
        ["features"],
        {
            "numbers": rows["carat"].to_pandas().to_numpy(np.float64).reshape(-1, 1),
            "strings": rows["cut"].to_pandas().to_numpy(object).reshape(-1, 1),
        },
    )

    assert made.fields["carat"]["input"] == {"group": "numbers", "index": 0}
    assert made.fields["cut"]["input"] == {"group": "strings", "index": 0}
    assert found.T.tolist() == [made.table("test")[name].to_pylist() for name in made.names]
    assert rows.column_names == list(DIAMONDS)


def test_classes_become_indexes_and_rare_ones_are_set_aside(make: Make) -> None:
    cells = with_cells(cut=("string", ["typo", *DIAMONDS["cut"][1][1:]]))
    made = make(cells, target="cut")

    assert made.features["task"] == "classification"
    assert made.features["classes"] == ["fair", "good", "ideal"]
    assert made.table("train")["@target"].type == "int64"
    assert {line["reason"] for line in made.rejects} == {"class too rare"}
    assert made.draft.rejected == 1
    assert made.draft.metrics == {"rejected_by_reason": {"class too rare": 1}}


def test_a_derived_target_is_false_or_true(make: Make) -> None:
    made = make(DIAMONDS, target={"column": "price", "above": 300, "name": "dear"})

    assert made.features["classes"] == [False, True]
    assert made.features["target"] == {
        "name": "dear",
        "column": "price",
        "type": "number",
        "above": 300.0,
    }
    prices = made.table("test-rows")["price"].to_pylist()
    assert made.table("test")["@target"].to_pylist() == [int(price > 300) for price in prices]


def test_only_columns_that_were_never_missing_are_required(make: Make) -> None:
    made = make(DIAMONDS, {"cut": {"description": "Quality", "unit": "-"}}, target="price")

    assert made.fields["cut"]["constraints"] == {"required": True}
    assert made.fields["cut"]["description"] == "Quality"
    assert "constraints" not in made.fields["carat"]
    assert made.fields["carat"]["observed"]["missing"] == 1


def test_constraints_of_the_clean_table_stay(make: Make) -> None:
    fields = {"cut": {"constraints": {"enum": CUTS}}}
    made = make(DIAMONDS, fields, target="price")

    assert made.fields["cut"]["constraints"] == {"enum": CUTS, "required": True}


def test_a_private_column_keeps_its_values_out_of_names_schema_and_rejects(make: Make) -> None:
    cells = with_cells(price=("number", [None, *DIAMONDS["price"][1][1:]]))
    made = make(cells, {"cut": {"private": True}}, target="price")

    assert made.rejects[0]["record"]["cut"] == "(private)"
    assert [name for name in made.names if "cut" in name] == ["cut=#1", "cut=#2", "cut=#3"]
    assert "ideal" not in (made.draft.path / "schema.json").read_text()
    assert "ideal" not in (made.draft.path / "features.json").read_text()
    columns = json.loads((made.draft.path / "features.json").read_bytes())["columns"]
    assert [column["name"] for column in columns if column.get("private")] == ["cut"]


def test_names_of_features_are_unique_and_never_start_with_an_at_sign(make: Make) -> None:
    numbers: Cells = {
        "@target": ("number", [float(row % 7) for row in range(ROWS)]),
        "cut=fair": ("number", [float(row % 5) for row in range(ROWS)]),
    }
    made = make(with_cells(**numbers), target="price")

    assert "column @target" in made.names
    assert {"cut=fair", "cut=fair (2)"} <= set(made.names)


def test_an_integer_that_is_a_code_becomes_categories(make: Make) -> None:
    cells = with_cells(code=("integer", [row % 2 for row in range(ROWS)]))
    made = make(cells, target="price", categories=["code"])

    assert {"code=0", "code=1"} <= set(made.names)
    assert made.fields["code"]["type"] == "integer"
    assert made.fields["code"]["input"]["group"] == "strings"


def test_encoders_are_fitted_on_so_many_rows_at_most(make: Make) -> None:
    made = make(DIAMONDS, target="price", fit_rows=10)

    assert made.features["fit"] == {"rows": 10, "of": made.features["split"]["train_rows"]}


def test_equal_causes_give_equal_bytes(make: Make) -> None:
    def files(root: Path) -> dict[str, bytes]:
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }

    one, other = (make(DIAMONDS, target="price").draft.path for _ in range(2))
    assert files(one) == files(other)


@pytest.mark.parametrize(
    ("changes", "settings", "complaint"),
    [
        ({"price": ("number", [5.0] * ROWS)}, {}, "target 'price' has one value"),
        ({"price": ("number", [None] * ROWS)}, {}, "missing in all 60 rows"),
        ({"price": ("number", [1.0, 2.0] + [None] * (ROWS - 2))}, {}, "only 2 of 60 rows"),
        ({"carat": ("number", [1e200, *range(1, ROWS)])}, {}, "'carat' holds a number beyond"),
        ({}, {"exclude": ["carat", "cut", "sold"]}, "no column is left to learn from"),
        ({}, {"test_share": 1e-12}, "no test rows"),
        ({"sold": ("datetime", [START] * ROWS)}, {"split": "time"}, "no training rows"),
        ({"sold": ("datetime", [None] * ROWS)}, {"split": "time"}, "60 time missing"),
    ],
)
def test_a_table_that_teaches_nothing_ends_with_the_reason(
    make: Make, changes: dict[str, Any], settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ContractError, match=complaint):
        make(with_cells(**changes), target="price", **settings)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"target": "prise"}, "did you mean price"),
        ({"exclude": ["karat"]}, "did you mean carat"),
        ({"split": "time", "time_column": "sald"}, "did you mean sold"),
        ({"split": "time", "time_column": "cut"}, "is not a date; expected one of sold"),
        ({"target": "sold"}, "is a datetime"),
    ],
)
def test_a_setting_that_names_no_fitting_column_is_an_error(
    make: Make, settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        make(DIAMONDS, **{"target": "price"} | settings)


def test_a_split_by_time_needs_to_know_which_time(make: Make) -> None:
    cells = with_cells(bought=DIAMONDS["sold"])
    with pytest.raises(SettingsError, match=r"found 2 \(sold, bought\); name one in time_column"):
        make(cells, target="price", split="time")
    without: Cells = {name: cell for name, cell in DIAMONDS.items() if name != "sold"}
    with pytest.raises(SettingsError, match="found none"):
        make(without, target="price", split="time")


def test_a_table_without_rows_sends_to_the_rejects_of_clean(make: Make) -> None:
    empty: Cells = {name: (kind, []) for name, (kind, _) in DIAMONDS.items()}
    with pytest.raises(ContractError, match="without rows; look at rejects/ of clean"):
        make(empty, target="price")


def test_a_table_that_disagrees_with_its_schema_is_refused(make: Make) -> None:
    with pytest.raises(
        ContractError, match=r"column 'carat' is double in table/, but schema.json says integer"
    ):
        make(DIAMONDS, {"carat": {"type": "integer"}}, target="price")
