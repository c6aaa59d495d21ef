"""Hashes of columns: equal rows have equal hashes, other rows do not, for any memory layout."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from clean.parsing.arrow_types import ARROW
from clean.table_rules.hashing import MAX_SHORT_BYTES, hash_columns, new_secret
from hypothesis import given
from hypothesis import strategies as st

SECRET = np.arange(1, 9, dtype=np.uint64).reshape(2, 4)

texts = st.none() | st.text(alphabet="a\0é-", max_size=20)
numbers = st.none() | st.sampled_from([0.0, 0.1, 1.0, -1.0, 5e-324, 1e300])


def places(hashes: np.ndarray) -> list[int]:
    """Return for each row the first row with the same hash, by both lanes."""
    firsts = [[lane.index(value) for value in lane] for lane in hashes.tolist()]
    assert firsts[0] == firsts[1]
    return firsts[0]


@given(table=st.lists(st.tuples(texts, texts, numbers), min_size=1, max_size=40))
def test_equal_rows_and_only_they_have_equal_hashes(table: list[tuple[Any, ...]]) -> None:
    kinds = (pa.string(), pa.string(), pa.float64())
    by_column = zip(*table, strict=True)
    columns = [pa.array(cells, kind) for cells, kind in zip(by_column, kinds, strict=True)]

    hashes = hash_columns(columns, len(table), secret=SECRET)
    assert places(hashes) == [table.index(row) for row in table]


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("boolean", [True, False, None]),
        ("integer", [0, 1, -1, 2**53, None]),
        ("date", [date(1970, 1, 1), date(1, 1, 1), None]),
        ("datetime", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC), None]),
        (
            "string",
            ["", "\0", "\0\0", "a" * 8, "a" * 9, "a" * MAX_SHORT_BYTES, "a" * 2000, "b" * 2000],
        ),
    ],
)
def test_every_value_of_a_type_has_a_hash_of_its_own(kind: Any, cells: list[Any]) -> None:
    hashes = hash_columns([pa.array(cells * 2, ARROW[kind])], 2 * len(cells), secret=SECRET)

    assert places(hashes) == [*range(len(cells))] * 2


@given(cells=st.lists(texts, min_size=3, max_size=20))
def test_where_a_column_lies_in_memory_does_not_matter(cells: list[Any]) -> None:
    whole = pa.array(cells, pa.string())

    sliced = hash_columns([whole.slice(2)], len(cells) - 2, secret=SECRET)
    copied = hash_columns([pa.array(cells[2:], pa.string())], len(cells) - 2, secret=SECRET)
    assert (sliced == copied).all()


def test_cells_do_not_move_between_columns() -> None:
    columns = [pa.array(["a", "ab", None]), pa.array(["bc", "c", "abc"])]

    assert places(hash_columns(columns, 3, secret=SECRET)) == [0, 1, 2]


def test_every_secret_gives_other_hashes() -> None:
    column = pa.array(["a"])

    one, two = (hash_columns([column], 1, secret=new_secret()) for _ in range(2))
    assert (one != two).all()


def test_no_rows_have_no_hashes() -> None:
    assert hash_columns([pa.array([], pa.string())], 0, secret=SECRET).shape == (2, 0)
