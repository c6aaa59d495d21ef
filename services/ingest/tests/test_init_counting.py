"""Distinct values and row samples, in bounded memory."""

from typing import Any

import pyarrow as pa
import pytest
from ingest.init_command.sampling import MAX_ROWS, RowSample
from ingest.profiling.distinct_values import DistinctValues

SCHEMA = pa.schema([("text", pa.string())])


def test_few_values_are_counted_exactly() -> None:
    values = DistinctValues(10)
    for text in ("a", "b", "a", "c", "a", "b"):
        values.add(text, 2)

    assert values.is_exact
    assert values.count == 3
    assert values.rows == {"a": 6, "b": 4, "c": 2}


@pytest.mark.parametrize("repeats", [1, 3])
def test_many_values_are_estimated_and_those_kept_counted_exactly(repeats: int) -> None:
    values = DistinctValues(1000)
    for _ in range(repeats):
        for number in range(50_000):
            values.add(str(number), 1)

    assert not values.is_exact
    assert values.count == pytest.approx(50_000, rel=0.1)
    assert set(values.rows.values()) == {repeats}
    assert values.rows_per_value == repeats


def test_no_more_different_values_are_told_than_there_are_values(init: Any) -> None:
    # The estimate of these 6,000 texts is 6,051.
    texts = [f"8-{number}" for number in (0, *range(6000))]

    _, text = init({"text": texts, "size": [number % 7 for number in range(6001)]}, target="size")

    assert "about 6,001 different" in text


def test_a_copy_without_some_values_counts_on_as_the_original_does() -> None:
    values = DistinctValues(1000)
    for number in range(50_000):
        values.add(str(number), 1)
    copy = values.exclude([])

    for each in (values, copy):
        for number in range(50_000, 51_000):
            each.add(str(number), 1)

    assert copy.rows == values.rows
    assert copy.count == values.count


def test_long_texts_that_begin_alike_are_different() -> None:
    values = DistinctValues(10)
    values.add("x" * 500 + "a", 1)
    values.add("x" * 500 + "b", 1)

    assert values.count == 2
    assert all(len(text) < 250 for text in values.rows)


def sample_of(rows: int, text: str = "x") -> pa.Table:
    sample = RowSample(SCHEMA)
    for first in range(0, rows, 5000):
        count = min(5000, rows - first)
        texts = pa.array([f"{first + place} {text}" for place in range(count)])
        sample.add(pa.record_batch([texts], schema=SCHEMA), first_row=first)
    return sample.table()


def test_a_small_table_is_sampled_whole_and_in_its_order() -> None:
    assert sample_of(7)["text"].to_pylist() == [f"{place} x" for place in range(7)]


def test_a_sample_is_bounded_and_spread_evenly() -> None:
    rows = [int(text.split()[0]) for text in sample_of(100_000)["text"].to_pylist()]

    assert MAX_ROWS / 3 < len(rows) <= MAX_ROWS
    for tenth in range(10):
        share = sum(row // 10_000 == tenth for row in rows) / len(rows)
        assert share == pytest.approx(0.1, abs=0.01)


def test_a_sample_of_long_texts_has_fewer_rows() -> None:
    assert sample_of(10_000, text="x" * 20_000).num_rows < 2000


def test_a_table_without_rows_gives_an_empty_sample() -> None:
    assert RowSample(SCHEMA).table().num_rows == 0
