from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from clean_tables import columns_of
from features.data.column_checks import check_columns
from features.preprocessing.roles import Role, RoleRules
from features.settings import Settings
from stage_contract import SettingsError


def rules(fit_rows: int = 1_000, **settings: Any) -> RoleRules:
    return RoleRules.from_settings(
        Settings.model_validate({"target": "y"} | settings), fit_rows=fit_rows
    )


def role(texts: Sequence[str | None], **settings: Any) -> Role:
    (column,) = columns_of(cut="string")
    values = pa.chunked_array([texts], pa.string())
    return rules(**settings).choose_role(column, is_constant=False, values=values)


def test_few_categories_become_one_hot() -> None:
    found = role(["a"] * 5 + ["b"] * 6 + ["c"])

    assert found.encoding == "one-hot"
    assert found.categories == {"b": 6, "a": 5, "c": 1}


def test_many_categories_become_a_frequency_and_a_code_without_the_rare_ones() -> None:
    found = role(["b", "a"] * 5 + ["c"], one_hot_up_to=1)

    assert found.encoding == "frequency-and-ordinal"
    assert list(found.categories.items()) == [("a", 5), ("b", 5)]


def test_texts_that_never_repeat_identify() -> None:
    assert role([f"id-{number}" for number in range(60)] + [None] * 9).name == "identifier"


def test_an_identifier_that_the_settings_call_a_category_is_one() -> None:
    found = role(["x", "y"], categories=["cut"])

    assert (found.name, found.encoding) == ("input", "frequency-and-ordinal")
    assert found.categories == {"x": 1, "y": 1}


@pytest.mark.parametrize(("fit_rows", "rare_below"), [(10, 2), (300, 3), (500, 5), (200_000, 5)])
def test_what_is_rare_depends_on_how_many_rows_there_are(fit_rows: int, rare_below: int) -> None:
    assert rules(fit_rows).rare_below == rare_below


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"exclude": ["dep_tim"]}, "exclude = 'dep_tim': no such column; did you mean dep_time"),
        ({"categories": ["speed"]}, "is a number; expected columns of texts or integers"),
    ],
)
def test_settings_name_columns_that_fit(settings: dict[str, object], complaint: str) -> None:
    columns = columns_of(dep_time="integer", speed="number")
    with pytest.raises(SettingsError, match=complaint):
        check_columns(columns, Settings.model_validate({"target": "dep_time"} | settings))
