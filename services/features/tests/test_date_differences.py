"""Differences of dates: which pairs become features, their values in the graph, and settings."""

import json
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from clean_tables import Cells, columns_of, table_of
from features.preprocessing.date_differences import Pair, choose_differences
from features.preprocessing.fitting import Fitted, fit
from features.preprocessing.roles import RoleRules
from features.settings import Settings
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from stage_contract import SettingsError

NAME = "days from ordered to shipped"
ORDERED = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 28, 12, tzinfo=UTC), None]
SHIPPED = [date(2024, 1, 3), date(2024, 3, 1), date(2024, 3, 5)]
CELLS: Cells = {"ordered": ("datetime", ORDERED), "shipped": ("date", SHIPPED)}
INSTANTS = st.none() | st.datetimes(timezones=st.just(UTC))


def choose(cells: Cells, pairs: Sequence[Pair] | None = None) -> tuple[Pair, ...]:
    table = table_of(cells)
    return choose_differences(roles_of(cells), table, given=pairs)


def roles_of(cells: Cells) -> list[Any]:
    table = table_of(cells)
    rules = RoleRules.from_settings(
        Settings.model_validate({"target": "none"}), fit_rows=len(table)
    )
    columns = columns_of(**{name: kind for name, (kind, _) in cells.items()})
    return [
        rules.choose_role(column, is_constant=False, values=table[column.name])
        for column in columns
    ]


def fitted(cells: Cells, pairs: Sequence[Pair]) -> Fitted:
    return fit(table_of(cells), roles_of(cells), rare_below=2, differences=pairs)


def difference_of(made: Fitted, cells: Cells) -> NDArray[np.float32]:
    (place,) = (n for n, feature in enumerate(made.features) if feature.other_source)
    values: NDArray[np.float32] = made.graph.run(made.plan.inputs.pack(table_of(cells)))[:, place]
    return values


def dates(count: int, rows: int = 4) -> Cells:
    start = date(2024, 1, 1)
    return {
        f"d{number}": ("date", [start + timedelta((row + 1) * number) for row in range(rows)])
        for number in range(count)
    }


def test_a_difference_is_in_days_standardised_and_the_median_where_a_date_is_missing() -> None:
    made = fitted(CELLS, [("ordered", "shipped")])
    days = np.array([2.0, 1.5, 1.75])

    expected = ((days - days.mean()) / days.std()).astype(np.float32)
    np.testing.assert_allclose(difference_of(made, CELLS), expected, rtol=1e-6)


def test_a_later_first_date_gives_a_negative_difference() -> None:
    made = fitted(CELLS, [("ordered", "shipped")])
    late: Cells = {"ordered": ("datetime", ORDERED[1:2]), "shipped": ("date", SHIPPED[:1])}

    assert difference_of(made, late)[0] < difference_of(made, CELLS).min()


def test_a_second_between_distant_days_is_not_lost_in_float32() -> None:
    start = datetime(2024, 5, 1, 10, tzinfo=UTC)
    begins = [start + timedelta(days=300 * row) for row in range(8)]
    ends = [begin + timedelta(seconds=row % 4) for row, begin in enumerate(begins)]
    cells: Cells = {"begin": ("datetime", begins), "end": ("datetime", ends)}

    values = difference_of(fitted(cells, [("begin", "end")]), cells)
    seconds = np.array([0, 1, 2, 3] * 2)
    np.testing.assert_allclose(values, (seconds - 1.5) / seconds.std(), rtol=1e-5)


@given(st.lists(st.tuples(INSTANTS, INSTANTS), min_size=2, max_size=9))
def test_any_dates_give_a_graph_that_equals_scikit_learn(
    rows: list[tuple[datetime | None, datetime | None]],
) -> None:
    first, second = zip(*rows, strict=True)
    cells: Cells = {"ordered": ("datetime", first), "shipped": ("datetime", second)}

    assert np.isfinite(difference_of(fitted(cells, [("ordered", "shipped")]), cells)).all()


def test_all_pairs_are_differences_without_a_setting() -> None:
    assert choose(dates(3)) == (("d0", "d1"), ("d1", "d2"), ("d0", "d2"))


def test_of_many_dates_the_closest_columns_are_differences(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        chosen = choose(dates(7))

    assert len(chosen) == 10
    assert chosen[:6] == tuple((f"d{n}", f"d{n + 1}") for n in range(6))
    assert "10 of 21 differences of dates" in caplog.text


def test_a_constant_or_empty_difference_is_none() -> None:
    days = [date(2024, 1, day) for day in (1, 5, 9)]
    later = [day + timedelta(3) for day in days]
    empty = [None, None, None]

    assert not choose({"a": ("date", days), "b": ("date", later), "c": ("date", empty)})


def test_one_date_has_no_difference() -> None:
    assert not choose({"a": ("date", SHIPPED), "x": ("number", [1.0, 2.0, 3.0])})


def test_a_given_pair_without_information_is_warned_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cells: Cells = {"a": ("date", SHIPPED), "b": ("date", SHIPPED)}

    assert not choose(cells, [("a", "b")])
    assert "from 'a' to 'b' is the same in all fitted rows" in caplog.text


def test_a_column_that_is_no_date_is_refused() -> None:
    cells = dict(CELLS) | {"x": ("number", [1.0, 2.0, 3.0])}

    with pytest.raises(SettingsError, match="'x': the column is of type number; expected a date"):
        choose(cells, [("ordered", "x")])


def test_an_unknown_column_is_refused_with_the_closest_one() -> None:
    with pytest.raises(SettingsError, match="'shiped': no such column; did you mean shipped"):
        choose(CELLS, [("ordered", "shiped")])


def many_rows() -> Cells:
    first = [date(2024, 1, 1) + timedelta(days=row) for row in range(60)]
    second = [day + timedelta(days=row * row % 11) for row, day in enumerate(first)]
    return {
        "ordered": ("date", first),
        "shipped": ("date", second),
        "late": ("number", [float(row * row % 11) for row in range(60)]),
    }


def test_features_json_names_both_columns(make: Callable[..., Any]) -> None:
    made = make(many_rows(), target="late")

    (difference,) = (each for each in made.features["features"] if each["name"] == NAME)
    assert difference == {
        "name": NAME,
        "source": "shipped",
        "role": "number",
        "other_source": "ordered",
    }
    (record,) = (each for each in made.draft.columns if each["name"] == "shipped")
    assert record["became"] == "6 date parts, 1 difference of dates"


def test_an_empty_list_switches_differences_off(make: Callable[..., Any]) -> None:
    made = make(many_rows(), target="late", date_differences=[])

    assert "other_source" not in json.dumps(made.features)
    assert "days from" not in " ".join(made.names)


def test_an_excluded_date_has_no_difference(
    make: Callable[..., Any],
) -> None:
    made = make(many_rows(), target="late", exclude=["ordered"])

    assert NAME not in made.names
    with pytest.raises(SettingsError, match="'ordered': the column is no input, but excluded"):
        make(
            many_rows(),
            target="late",
            exclude=["ordered"],
            date_differences=[["ordered", "shipped"]],
        )


@pytest.mark.parametrize(
    "value",
    [
        "ordered",
        ["ordered", "shipped"],
        [["ordered"]],
        [["a", "a"]],
        [["a", "b", "c"]],
        [["a", "b"], ["b", "a"]],
    ],
)
def test_anything_but_pairs_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match=r"expected (pairs of different|each pair once)"):
        Settings.model_validate({"target": "x", "date_differences": value})
