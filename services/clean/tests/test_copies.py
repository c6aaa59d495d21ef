"""Copies: equal rows are found in any partition, and no others."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from clean import spill as spill_module
from clean.copies import canonical_texts, find_copies, hash_rows
from clean.spill import Spill, open_spill_folder
from hypothesis import given
from hypothesis import strategies as st

KINDS = (pa.string(), pa.string(), pa.float64())


def frame(*rows: Sequence[Any], first_row: int = 1) -> pd.DataFrame:
    """Return rows of up to two texts and a number."""
    index = pd.RangeIndex(first_row, first_row + len(rows))
    columns = [
        pd.Series(pa.array(cells, kind), index=index, dtype=pd.ArrowDtype(kind))
        for cells, kind in zip(zip(*rows, strict=True), KINDS, strict=False)
    ]
    return pd.concat(columns, axis="columns")


texts = st.none() | st.text(alphabet="a-:,1", min_size=1, max_size=4)
rows = st.tuples(texts, texts, st.none() | st.sampled_from([0.0, 0.1, 1.0, 11.0, -1.0]))


@given(table=st.lists(rows, min_size=1, max_size=30))
def test_equal_rows_and_only_they_have_equal_texts(table: list[tuple[Any, ...]]) -> None:
    canonical = canonical_texts(frame(*table)).to_pylist()

    assert [canonical.index(text) for text in canonical] == [table.index(row) for row in table]


def test_each_copy_names_the_first_of_its_kind() -> None:
    records = hash_rows(frame("a", "b", "a", "a", "b", "c", first_row=10))

    copies = find_copies(records[::-1])

    assert sorted(map(tuple, copies.tolist())) == [(12, 10), (13, 10), (14, 11)]


def test_two_hashes_that_share_a_half_are_no_copies() -> None:
    records = hash_rows(frame("a", "b"))
    records["high"] = 7

    assert len(find_copies(records)) == 0


@pytest.mark.parametrize("rows_per_file", [1, 3, 1000])
def test_copies_are_found_across_batches_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_per_file: int
) -> None:
    monkeypatch.setattr(spill_module, "ROWS_PER_FILE", rows_per_file)
    batches = [frame("a", "b", "c"), frame("b", "d", first_row=4), frame("a", "d", first_row=6)]

    with open_spill_folder(tmp_path) as folder:
        spill = Spill(folder / "rows", rows=7)
        for batch in batches:
            spill.add(hash_rows(batch))
        spill.find_copies()
        found = [spill.copies(batch.index).to_dict() for batch in batches]

    assert found == [{}, {4: 2}, {6: 1, 7: 5}]


def test_nothing_of_the_spill_is_left_even_after_an_error(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        Spill(folder / "rows", rows=1).add(hash_rows(frame("a")))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_spill_folder(tmp_path) as folder:
        fail(folder)

    assert list(tmp_path.iterdir()) == []


def test_the_hash_of_a_row_never_changes() -> None:
    records = hash_rows(frame(["é", None, 1.5]))

    assert canonical_texts(frame(["é", None, 1.5])).to_pylist() == ["2:é,-,1.5".encode()]
    assert records["high"].dtype == np.dtype("<u8")
