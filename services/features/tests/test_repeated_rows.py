"""Test rows that equal a training row, in a split by time or group."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from clean_tables import Cells

NUMBERS = [*range(400)]
DATES = ("datetime", [number * 3_600_000_000 for number in NUMBERS])


def table(distinct: int, **more: Any) -> Cells:
    """Return 400 rows, of which `distinct` differ in more than id and time."""
    things = [number % distinct for number in NUMBERS]
    return {
        "id": ("integer", [number * 1000 for number in NUMBERS]),
        "scraped_at": DATES,
        "carat": ("number", [thing / 10 for thing in things]),
        "price": ("number", [float(100 + thing * 7 % 83) for thing in things]),
        **more,
    }


@pytest.mark.parametrize(
    ("split", "column"),
    [
        ({"split": "time"}, "scraped_at"),
        ({"split": "group", "group_column": "shop"}, "shop"),
    ],
)
def test_test_rows_that_equal_a_training_row_are_counted_in_a_warning(
    make: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    split: dict[str, str],
    column: str,
) -> None:
    shops = ("string", [f"shop {number // 200 + number % 10}" for number in NUMBERS])
    more = {"shop": shops} if column == "shop" else {}
    cells = table(200, **more)
    if column == "shop":
        del cells["scraped_at"]

    made = make(cells, target="price", **split)

    parts = [
        made.table(part).select(["carat", "@target"]).to_pylist() for part in ("train", "test")
    ]
    repeated = sum(row in parts[0] for row in parts[1])
    assert repeated > 0
    (warning,) = (r.message for r in caplog.records if "test rows equal" in r.message)
    assert warning == (
        f"{repeated} of {len(parts[1])} test rows equal a training row in all columns but"
        f" identifiers and '{column}': if they are copies, the scores are too good; keep one of"
        ' each with key = ["carat", "price"] in [clean], or keep copies on one side with'
        ' split = "hash"'
    )


def test_rows_that_differ_are_no_copies(
    make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    make(table(400), target="price", split="time")

    assert "test rows equal" not in caplog.text


def test_rows_of_few_values_are_no_copies(
    make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    make(table(20), target="price", split="time")

    assert "test rows equal" not in caplog.text


def test_an_excluded_column_keeps_no_copies_apart(
    make: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    noise = ("number", [float(each) for each in np.random.default_rng(0).normal(size=400)])
    make(table(200, noise=noise), target="price", split="time")
    assert "test rows equal" not in caplog.text

    make(table(200, noise=noise), target="price", split="time", exclude=["noise"])

    assert "test rows equal a training row" in caplog.text
