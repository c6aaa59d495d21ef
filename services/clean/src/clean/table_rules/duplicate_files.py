"""Duplicate detection in bounded memory: row hashes are partitioned into files of the draft."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from clean.table_rules.duplicates import DUPLICATE_DTYPE, ROW_HASH_DTYPE, RowHashes, find_duplicates

ROWS_PER_FILE = 250_000
"""Rows per partition; bounds the memory, since one partition is sorted at a time."""


class DuplicateFiles:
    """Row hashes partitioned by value, and duplicates partitioned by row number."""

    def __init__(self, folder: Path, *, rows: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._partitions = rows // ROWS_PER_FILE + 1

    def add(self, records: RowHashes) -> None:
        """Append each row hash to the file of its partition: equal hashes are in one file."""
        _append(self._folder, "hashes", records, records["high"] % self._partitions)

    def find_duplicates(self, keep: Literal["first", "last"] = "first") -> None:
        """Find the duplicates in each partition, and store which row is kept for each."""
        for path in sorted(self._folder.glob("hashes-*")):
            duplicates = find_duplicates(np.fromfile(path, dtype=ROW_HASH_DTYPE), keep)
            path.unlink()
            _append(self._folder, "copies", duplicates, duplicates["row"] // ROWS_PER_FILE)

    def duplicates(self, rows: pd.Index) -> pd.Series:
        """Return the kept row by duplicate row, for the duplicates among `rows` (ascending)."""
        partitions = [np.empty(0, dtype=DUPLICATE_DTYPE)]
        if len(rows):
            files = range(rows[0] // ROWS_PER_FILE, rows[-1] // ROWS_PER_FILE + 1)
            paths = (self._folder / f"copies-{number:06}" for number in files)
            partitions += [
                np.fromfile(path, dtype=DUPLICATE_DTYPE) for path in paths if path.exists()
            ]
        duplicates = np.concatenate(partitions)
        kept = pd.Series(duplicates["kept"], index=duplicates["row"]).sort_index()
        return kept[kept.index.isin(rows)]


@contextmanager
def open_spill_folder(artifact: Path) -> Iterator[Path]:
    """Yield a folder for temporary files in a draft; it is removed before publishing."""
    folder = artifact / ".spill"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _append(
    folder: Path, name: str, records: RowHashes, partition: npt.NDArray[np.integer]
) -> None:
    order = np.argsort(partition, kind="stable")
    numbers, starts = np.unique(partition[order], return_index=True)
    for number, part in zip(numbers, np.split(records[order], starts[1:]), strict=False):
        with (folder / f"{name}-{number:06}").open("ab") as file:
            part.tofile(file)
