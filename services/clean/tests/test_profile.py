"""Profiles: exact up to a limit, and marked as incomplete above it."""

from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from clean.parsing.arrow_types import ARROW
from clean.reporting import profile as profile_module
from clean.reporting.profile import ColumnProfile
from clean.schema.fields import Field
from type_inference.field_types import FieldType


def profile(kind: FieldType, *batches: list[Any], **rules: Any) -> dict[str, Any]:
    described = ColumnProfile(Field("x", kind, missing=(), timezone=ZoneInfo("UTC"), **rules))
    for batch in batches:
        described.add(pa.array(batch, ARROW[kind]))
    return described.describe()


def test_distinct_values_are_counted_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_module, "MAX_DISTINCT", 3)

    assert profile("string", ["a", "b"], ["b", "c"])["distinct"] == 3
    beyond = profile("string", ["a", "b"], ["c", "d"], ["a"])
    assert beyond["distinct_more_than"] == 3
    assert "frequent" not in beyond


def test_a_private_column_shows_counts_only() -> None:
    assert profile("number", [1.0, None], is_private=True) == {
        "name": "x",
        "type": "number",
        "rows": 2,
        "missing": 1,
        "distinct": 1,
    }


def test_a_mean_that_no_double_holds_is_left_out() -> None:
    described = profile("number", [1.7e308], [1.7e308])

    assert described["maximum"] == 1.7e308
    assert "mean" not in described


def test_the_mean_of_huge_integers_is_theirs() -> None:
    assert profile("integer", [2**53] * 2000)["mean"] == 2**53


def test_a_column_without_values_has_no_range() -> None:
    assert profile("date", [None], [])["missing"] == 1
    assert "earliest" not in profile("date", [None])


def test_booleans_are_counted() -> None:
    assert profile("boolean", [True, False, True])["frequent"] == [
        {"value": True, "rows": 2},
        {"value": False, "rows": 1},
    ]
