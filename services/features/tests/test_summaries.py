from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from clean_tables import table_of
from features.data import summaries
from features.data.columns import ARROW_TYPES, Column, ColumnType
from features.data.summaries import ColumnSummary


def summary(kind: ColumnType, *batches: Sequence[object], private: bool = False) -> ColumnSummary:
    found = ColumnSummary(Column("c", kind, {"name": "c", "type": kind, "private": private}))
    for values in batches:
        found.add(pa.array(values, ARROW_TYPES[kind]))
    return found


def observed(kind: ColumnType, values: Sequence[object], **options: Any) -> dict[str, Any]:
    as_category = options.pop("as_category", kind == "string")
    sample = table_of({"c": (kind, values)})["c"]
    return summary(kind, values, **options).describe(sample, as_category=as_category)


def test_numbers_show_their_range_a_middle_value_and_quantiles() -> None:
    assert observed("number", [4.0, 1.0, None, 2.0]) == {
        "rows": 4,
        "missing": 1,
        "distinct": 3,
        "mean": 7 / 3,
        "minimum": 1.0,
        "maximum": 4.0,
        "example": 2.0,
        "quantiles": pytest.approx([1.0, 1.1, 1.5, 2.0, 3.0, 3.8, 4.0]),
    }


def test_an_integer_stays_one() -> None:
    found = observed("integer", [3, 1])

    assert [type(found[key]) for key in ("minimum", "maximum", "example")] == [int, int, int]


def test_the_far_ends_of_the_calendar_are_observed() -> None:
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]

    found = observed("datetime", ends)

    assert found["minimum"] == "0001-01-01T00:00:00Z"
    assert found["maximum"] == "9999-12-31T23:59:59.999999Z"


def test_texts_show_the_most_frequent_ones_seen_five_times() -> None:
    found = observed("string", ["b"] * 5 + ["a"] * 5 + ["c"] * 6 + ["rare"] * 4 + [None])

    assert found == {
        "rows": 21,
        "missing": 1,
        "distinct": 4,
        "example": "c",
        "categories": [
            {"value": "c", "rows": 6},
            {"value": "a", "rows": 5},
            {"value": "b", "rows": 5},
        ],
    }


def test_an_integer_that_is_a_category_shows_texts() -> None:
    found = observed("integer", [7] * 5 + [8], as_category=True)

    assert found["categories"] == [{"value": "7", "rows": 5}]
    assert found["example"] == 7


def test_instants_are_rfc_3339_and_days_are_days() -> None:
    at = observed("datetime", [datetime(2024, 2, 29, 12, 0, 0, 5, tzinfo=UTC)])
    day = observed("date", [date(1, 1, 1), date(9999, 12, 31)])

    assert at["example"] == "2024-02-29T12:00:00.000005Z"
    assert (day["minimum"], day["maximum"]) == ("0001-01-01", "9999-12-31")
    assert "mean" not in at


def test_a_boolean_shows_its_share_and_an_example() -> None:
    assert observed("boolean", [True, True, False, None]) == {
        "rows": 4,
        "missing": 1,
        "distinct": 2,
        "mean": 2 / 3,
        "example": True,
    }


@pytest.mark.parametrize(
    ("kind", "values"),
    [("number", [61.5, None]), ("boolean", [True, True]), ("string", ["secret"] * 6)],
)
def test_a_private_column_shows_counts_only(kind: ColumnType, values: list[object]) -> None:
    found = observed(kind, values, private=True)

    assert found.keys() <= {"rows", "missing", "distinct"}  # The mean of one value is the value.


def test_a_column_without_values_shows_counts() -> None:
    assert observed("number", [None, None]) == {"rows": 2, "missing": 2, "distinct": 0}


@pytest.mark.parametrize(
    ("values", "is_constant"),
    [(["a", "a"], True), ([None, None], True), (["a", None], False), (["a", "b"], False)],
)
def test_missing_counts_as_a_value_of_its_own(values: list[object], *, is_constant: bool) -> None:
    assert summary("string", values).is_constant is is_constant


def test_counts_go_on_exactly_when_no_more_values_are_taken_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(summaries, "MAX_COUNTED_VALUES", 2)
    found = summary("string", ["a", "b", "c"], ["a"] * 5, ["c"] * 9)
    facts = found.describe(table_of({"c": ("string", ["a"])})["c"], as_category=True)

    assert "distinct" not in facts
    assert facts["categories"] == [{"value": "a", "rows": 6}]
