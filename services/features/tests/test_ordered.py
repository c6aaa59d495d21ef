"""Categories with a declared order."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from clean_tables import Cells, columns_of, table_of
from features.data.columns import ColumnType
from features.preprocessing.fitting import Fitted, fit
from features.preprocessing.roles import RoleRules
from features.settings import Settings
from sklearn.preprocessing import OrdinalEncoder
from stage_contract import SettingsError

CUTS = ["Fair", "Good", "Ideal"]
ROWS = 60

type Make = Callable[..., Any]


def fitted(
    texts: Sequence[object], order: Sequence[object] = CUTS, *, kind: ColumnType = "string"
) -> Fitted:
    table = table_of({"cut": (kind, texts)})
    (column,) = columns_of(cut=kind)
    settings = Settings.model_validate({"target": "y", "columns": {"cut": {"order": order}}})
    rules = RoleRules.from_settings(settings, fit_rows=len(table))
    role = rules.choose_role(column, is_constant=False, values=table["cut"])
    return fit(table, [role], rare_below=rules.rare_below)


def run(
    made: Fitted, texts: Sequence[object], *, kind: ColumnType = "string"
) -> dict[str, list[float]]:
    matrix = made.graph.run(made.plan.inputs.pack(table_of({"cut": (kind, texts)})))
    names = [feature.name for feature in made.features]
    return dict(zip(names, matrix.T.tolist(), strict=True))


def test_the_rank_is_the_place_in_the_order() -> None:
    made = fitted(["Ideal", "Fair", "Good", "Ideal"])
    expected = OrdinalEncoder(categories=[CUTS]).fit_transform(np.array(CUTS).reshape(-1, 1))

    assert run(made, CUTS) == {"cut rank": expected.ravel().tolist()}
    assert made.features[0].role == "ordered"


def test_what_is_missing_or_not_in_the_order_has_the_middle_rank_and_is_marked() -> None:
    made = fitted(["Fair", "Fair", "Good", "Ideal", None])

    assert run(made, ["Ideal", None, "Superb", "ideal"]) == {
        "cut rank": [2.0, 0.5, 0.5, 0.5],
        "cut missing": [0.0, 1.0, 1.0, 1.0],
    }


def test_a_column_that_was_never_missing_has_no_mark() -> None:
    made = fitted(["Fair", "Good", "Good", "Ideal"])

    assert run(made, ["Superb", None]) == {"cut rank": [1.0, 1.0]}


def test_an_order_may_name_what_no_row_has() -> None:
    made = fitted(["Ideal", "Fair"], ["Fair", "Good", "Very Good", "Ideal"])

    assert run(made, ["Fair", "Good", "Very Good", "Ideal"])["cut rank"] == [0.0, 1.0, 2.0, 3.0]


def test_integers_may_have_an_order_of_their_own() -> None:
    made = fitted([3, 1, 2, 1], [3, 1, 2], kind="integer")

    assert run(made, [3, 1, 2], kind="integer")["cut rank"] == [0.0, 1.0, 2.0]


def test_an_order_that_names_no_value_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"cut.order: none of its values is in the column"):
        fitted(["Fair", "Good"], ["fair", "good"])


DIAMONDS: Cells = {
    "price": ("number", [float(row) for row in range(ROWS)]),
    "cut": ("string", [[*CUTS, "Superb"][row % 4] for row in range(ROWS)]),
    "review": (
        "string",
        [f"a {('good', 'bad')[row % 2]} stone, number {row}" for row in range(ROWS)],
    ),
}


def test_what_an_order_leaves_out_is_said(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        make(DIAMONDS, target="price", columns={"cut": {"order": CUTS}})
        make(
            DIAMONDS,
            {"cut": {"private": True}},
            target="price",
            columns={"cut": {"order": CUTS}},
        )

    said = [line for line in caplog.messages if "order does not list" in line]
    assert said[0].endswith("count as missing: Superb")
    assert said[1].endswith("count as missing: 1 private values")


def test_a_text_is_suggested_and_read_as_words_when_asked_for(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        made = make(DIAMONDS, target="price")
    assert made.roles["review"] == "identifier"
    assert any("'review' looks like free text; [features.columns." in m for m in caplog.messages)

    made = make(DIAMONDS, target="price", columns={"review": {"encoding": "text"}})
    assert {"review word good", "review word bad", "review word stone"} <= set(made.names)
    assert made.fields["review"]["input"] == {"group": "strings", "index": 1}
    described = {column["name"]: column for column in made.features["columns"]}
    assert described["review"]["encoding"] == "text"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (
            {"columns": {"cot": {"order": CUTS}}},
            "columns = 'cot': no such column; did you",
        ),
        ({"columns": {"price": {"order": [1, 2]}}}, "is the target; expected an input column"),
        ({"columns": {"cut": {"order": CUTS}}, "exclude": ["cut"]}, "is in exclude"),
        ({"target": "cut", "columns": {"price": {"order": [1, 2]}}}, "is a number; expected a"),
        (
            {"target": "cut", "columns": {"price": {"encoding": "text"}}},
            "expected a column of texts",
        ),
        (
            {"columns": {"cut": {"encoding": "text"}}, "categories": ["cut"]},
            "is in categories, too",
        ),
    ],
)
def test_columns_that_can_not_be_encoded_so_are_refused(
    make: Make, settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        make(DIAMONDS, **{"target": "price"} | settings)
