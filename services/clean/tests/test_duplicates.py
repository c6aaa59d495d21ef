"""Duplicates: equal rows are found in any partition, and other rows are not."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from clean.table_rules import duplicate_files
from clean.table_rules.duplicate_files import DuplicateFiles, open_spill_folder
from clean.table_rules.duplicates import find_duplicates, hash_rows
from clean.table_rules.hashing import new_secret

SECRET = new_secret()


def frame(*cells: str, first_row: int = 1) -> pd.DataFrame:
    """Return a column of texts."""
    index = pd.RangeIndex(first_row, first_row + len(cells))
    return pd.DataFrame({"a": pd.Series(cells, index=index, dtype=pd.ArrowDtype(pa.string()))})


def test_each_copy_names_the_first_of_its_kind() -> None:
    records = hash_rows(frame("a", "b", "a", "a", "b", "c", first_row=10), secret=SECRET)

    duplicates = find_duplicates(records[::-1])

    assert sorted(map(tuple, duplicates.tolist())) == [(12, 10), (13, 10), (14, 11)]


def test_two_hashes_that_share_a_half_are_no_copies() -> None:
    records = hash_rows(frame("a", "b"), secret=SECRET)
    records["high"] = 7

    assert len(find_duplicates(records)) == 0


@pytest.mark.parametrize("rows_per_file", [1, 3, 1000])
def test_copies_are_found_across_batches_and_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_per_file: int
) -> None:
    monkeypatch.setattr(duplicate_files, "ROWS_PER_FILE", rows_per_file)
    batches = [frame("a", "b", "c"), frame("b", "d", first_row=4), frame("a", "d", first_row=6)]

    with open_spill_folder(tmp_path) as folder:
        spill = DuplicateFiles(folder / "rows", rows=7)
        for batch in batches:
            spill.add(hash_rows(batch, secret=SECRET))
        spill.find_duplicates()
        found = [spill.duplicates(batch.index).to_dict() for batch in batches]

    assert found == [{}, {4: 2}, {6: 1, 7: 5}]


def test_nothing_of_the_spill_is_left_even_after_an_error(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        DuplicateFiles(folder / "rows", rows=1).add(hash_rows(frame("a"), secret=SECRET))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_spill_folder(tmp_path) as folder:
        fail(folder)

    assert list(tmp_path.iterdir()) == []
