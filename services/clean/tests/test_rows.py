"""Rows: valid rows are kept, rejected rows have their first reason."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from clean.cleaning.rows import clean_rows
from clean.schema.fields import Field, read_field
from stage_contract import SettingsError


def frame(first_row: int = 1, **columns: list[str | None]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    index = pd.RangeIndex(first_row, first_row + rows)
    return pd.DataFrame(columns, index=index).astype(pd.ArrowDtype(pa.string()))


def number(name: str, **constraints: object) -> Field:
    description = {"name": name, "type": "number", "constraints": constraints}
    return read_field(description, missing=["NA"], timezone="UTC")


def test_right_rows_keep_their_numbers() -> None:
    cleaned = clean_rows(frame(first_row=10, x=["1", "?", "3"]), [number("x")])

    assert cleaned.valid["x"].to_dict() == {10: 1.0, 12: 3.0}
    assert cleaned.rejected.to_dict("index") == {11: {"reason": "type", "column": "x"}}


def test_the_first_column_in_order_tells_the_fault() -> None:
    fields = [number("a", minimum=0), number("b")]

    cleaned = clean_rows(frame(a=["1", "-1", "1"], b=["?", "?", "1"]), fields)

    assert cleaned.rejected["column"].to_dict() == {1: "b", 2: "a"}
    assert cleaned.rejected["reason"].to_dict() == {1: "type", 2: "constraint minimum"}


def test_the_frame_that_went_in_stays_as_it_was() -> None:
    raw = frame(x=[" 1 ", "?"])
    before = raw.copy(deep=True)

    clean_rows(raw, [number("x")])

    pd.testing.assert_frame_equal(raw, before)


def test_a_frame_without_rows_gives_one_without_rows() -> None:
    cleaned = clean_rows(frame(x=[]), [number("x")])

    assert len(cleaned.valid) == len(cleaned.rejected) == 0


@pytest.mark.parametrize(
    ("kind", "rules", "message"),
    [
        ("string", {"minimum": 0}, "minimum = 0: does not fit a column of type string"),
        ("boolean", {"exclusiveMaximum": 1}, "exclusive_maximum = 1: does not fit a column"),
        ("number", {"minLength": 1}, "min_length = 1: does not fit a column of type number"),
        ("integer", {"pattern": "a"}, "pattern = 'a': does not fit a column of type integer"),
        ("number", {"minimum": "2013-01-01"}, "minimum = '2013-01-01': expected a number"),
        ("date", {"minimum": 0}, "minimum = 0: expected a date such as"),
        ("date", {"minimum": "2013-02-30"}, "minimum = '2013-02-30': expected a date such as"),
        ("datetime", {"maximum": "soon"}, "maximum = 'soon': expected a datetime such as"),
        ("string", {"enum": ["a", 1]}, "expected a text"),
        ("number", {"enum": [True]}, "expected a number"),
        ("integer", {"enum": [1.5]}, "expected an integer"),
        ("boolean", {"enum": ["true"]}, "expected true or false"),
        ("string", {"pattern": "("}, "pattern = '(': expected a regular expression in RE2"),
        ("string", {"pattern": "(?<=a)b"}, "expected a regular expression in RE2"),
        ("string", {"pattern": "a)(?:b"}, "expected a regular expression in RE2"),
    ],
)
def test_a_constraint_that_does_not_fit_the_type_is_a_wrong_setting(
    kind: str, rules: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as error:
        read_field({"name": "x", "type": kind, "constraints": rules}, missing=[], timezone="UTC")

    assert str(error.value).startswith("[clean.columns.x] ")
    assert message in str(error.value)


def test_a_word_cannot_be_true_and_false() -> None:
    with pytest.raises(SettingsError, match="'1' is in true_values and in false_values"):
        read_field(
            {"name": "x", "type": "boolean", "trueValues": ["1"], "falseValues": ["0", "1"]},
            missing=[],
            timezone="UTC",
        )


@pytest.mark.parametrize(
    ("field", "reason", "expected"),
    [
        (number("x"), "type", "a number"),
        (number("x", exclusiveMinimum=0), "constraint exclusiveMinimum", "> 0"),
        (number("x", enum=[1, 2.5]), "constraint enum", "one of 1, 2.5"),
        (number("x", required=True), "constraint required", "a value"),
    ],
)
def test_a_field_says_what_it_expected(field: Field, reason: str, expected: str) -> None:
    assert field.expectation(reason) == expected
