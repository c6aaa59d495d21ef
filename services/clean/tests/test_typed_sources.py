"""Typed sources: Parquet columns keep their types, or get the declared type."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from clean.cleaning.columns import clean_column
from clean.parsing.arrow_types import native_type
from clean.schema.fields import Field
from type_inference.field_types import FieldType


def clean(array: pa.Array, kind: FieldType | None = None, **rules: Any) -> list[Any]:
    """Return the values, with "type" for each value of another type."""
    wanted = kind or native_type(array.type)
    assert wanted is not None
    field = Field("x", wanted, missing=("NA",), timezone=ZoneInfo("Europe/Berlin"), **rules)
    cleaned = clean_column(pd.Series(array, dtype=pd.ArrowDtype(array.type)), field)
    values, reasons = (pa.array(column).to_pylist() for column in (cleaned.typed, cleaned.reasons))
    return [reason or value for value, reason in zip(values, reasons, strict=True)]


@pytest.mark.parametrize(
    ("array", "kind", "values"),
    [
        (pa.array([1, None], pa.int8()), "integer", [1, None]),
        (pa.array([2**53, 2**53 + 1]), "integer", [2**53, "type"]),
        (pa.array([1, 2**64 - 1], pa.uint64()), "integer", [1, "type"]),
        (pa.array([1.5, float("nan"), float("inf")], pa.float32()), "number", [1.5, None, "type"]),
        (pa.array([0.5], pa.float16()), "number", [0.5]),
        (pa.array([Decimal("0.10"), None]), "number", [0.1, None]),
        (
            pa.array([Decimal("-32.98"), Decimal("173076028.487")]),
            "number",
            [-32.98, 173076028.487],
        ),
        (pa.array([Decimal("0E-9"), Decimal("1E-9")]), "number", [0.0, 1e-9]),
        (pa.array([True, None]), "boolean", [True, None]),
        (pa.array([date(2013, 1, 1)], pa.date64()), "date", [date(2013, 1, 1)]),
        (pa.array([" NA ", " a "], pa.large_string()), "string", [None, "a"]),
        (pa.nulls(2), "string", [None, None]),
    ],
)
def test_a_column_keeps_its_type(array: pa.Array, kind: str, values: list[Any]) -> None:
    assert native_type(array.type) == kind
    assert clean(array) == values


def test_a_naive_timestamp_is_in_the_time_zone() -> None:
    local = [datetime.fromisoformat(text) for text in ("2023-07-15T12:00", "2023-03-26T02:30")]
    array = pa.array(local, pa.timestamp("ms"))

    assert clean(array) == [datetime(2023, 7, 15, 10, tzinfo=UTC), "type"]


def test_a_timestamp_with_a_zone_is_an_instant() -> None:
    array = pa.array([datetime(2023, 7, 15, 12, tzinfo=UTC)], pa.timestamp("us", "Asia/Tokyo"))

    assert clean(array) == [datetime(2023, 7, 15, 12, tzinfo=UTC)]


def test_nanoseconds_are_cut_on_either_side_of_1970() -> None:
    array = pa.array([1_999, -1], pa.timestamp("ns", "UTC"))

    assert clean(array) == [
        datetime(1970, 1, 1, microsecond=1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_a_timestamp_outside_of_the_years_1_to_9999_is_rejected(unit: str) -> None:
    latest = {"s": 253_402_300_799, "ms": 253_402_300_799_999, "us": 253_402_300_799_999_999}[unit]
    array = pa.array([latest, latest + 1, -(2**63) + 1], pa.timestamp(unit, "UTC"))

    values = clean(array)

    assert values[0].year == 9999
    assert values[1:] == ["type", "type"]


@pytest.mark.parametrize(
    ("array", "kind", "values"),
    [
        (pa.array([1, 2**53 + 1]), "number", [1.0, 2.0**53]),
        (pa.array([1.0, 1.5, None, 1e300]), "integer", [1, "type", None, "type"]),
        (pa.array([Decimal("2.0"), Decimal("2.5")]), "integer", [2, "type"]),
        (pa.array([1545, None]), "string", ["1545", None]),
        (pa.array([float("nan"), 0.5]), "string", [None, "0.5"]),
        (pa.array([True]), "string", ["true"]),
        (pa.array([True]), "number", ["type"]),
        (pa.array([1, 0]), "boolean", ["type", "type"]),
        (pa.array([date(2013, 1, 1)]), "datetime", [datetime(2012, 12, 31, 23, tzinfo=UTC)]),
        (pa.array([datetime(2013, 1, 1, tzinfo=UTC)]), "date", ["type"]),
        (
            pa.array([datetime(2013, 1, 1, 5, tzinfo=UTC)], pa.timestamp("s", "UTC")),
            "string",
            ["2013-01-01T05:00:00.000000Z"],
        ),
        (pa.array(["1.5", " NA", "x"]), "number", [1.5, None, "type"]),
        (pa.nulls(1), "number", [None]),
    ],
)
def test_a_column_becomes_what_is_declared(
    array: pa.Array, kind: FieldType, values: list[Any]
) -> None:
    assert clean(array, kind) == values


def test_words_can_make_booleans_of_integers() -> None:
    words = {"true_values": ("1",), "false_values": ("0",)}

    assert clean(pa.array([1, 0, 2]), "boolean", **words) == [True, False, "type"]


@pytest.mark.parametrize(
    "array", [pa.array([time(5)]), pa.array([b"a"]), pa.array([[1]]), pa.array([{"a": 1}])]
)
def test_other_types_are_not_known(array: pa.Array) -> None:
    assert native_type(array.type) is None
