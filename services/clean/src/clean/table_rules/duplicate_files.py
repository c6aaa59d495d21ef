"""Copies among more rows than memory holds: hashes spilled into partition files of the draft."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from clean.table_rules.duplicates import COPY, RECORD, Records, find_copies

ROWS_PER_FILE = 250_000
"""Bounds the memory: one partition of hashes is sorted at a time."""


class Spill:
    """Hashes in, partitioned by value; copies out, partitioned by row number."""

    def __init__(self, folder: Path, *, rows: int) -> None:
        folder.mkdir()
        self._folder = folder
        self._partitions = rows // ROWS_PER_FILE + 1

    def add(self, records: Records) -> None:
        """Append each record to the file of its partition: equal hashes meet in one file."""
        _append(self._folder, "hashes", records, records["high"] % self._partitions)

    def find_copies(self, keep: Literal["first", "last"] = "first") -> None:
        """Compare the records of each partition; keep which rows are copies, and of what."""
        for path in sorted(self._folder.glob("hashes-*")):
            copies = find_copies(np.fromfile(path, dtype=RECORD), keep)
            path.unlink()
            _append(self._folder, "copies", copies, copies["row"] // ROWS_PER_FILE)

    def copies(self, rows: pd.Index) -> pd.Series:
        """Return the row that stays by copied row, for those among `rows`, which are ascending."""
        found = [np.empty(0, dtype=COPY)]
        if len(rows):
            files = range(rows[0] // ROWS_PER_FILE, rows[-1] // ROWS_PER_FILE + 1)
            paths = (self._folder / f"copies-{number:06}" for number in files)
            found += [np.fromfile(path, dtype=COPY) for path in paths if path.exists()]
        copies = np.concatenate(found)
        kept = pd.Series(copies["kept"], index=copies["row"]).sort_index()
        return kept[kept.index.isin(rows)]


@contextmanager
def open_spill_folder(artifact: Path) -> Iterator[Path]:
    """Yield a folder for spills inside a draft; nothing of it is left to be published."""
    folder = artifact / ".spill"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _append(folder: Path, name: str, records: Records, partition: npt.NDArray[np.integer]) -> None:
    order = np.argsort(partition, kind="stable")
    numbers, starts = np.unique(partition[order], return_index=True)
    for number, part in zip(numbers, np.split(records[order], starts[1:]), strict=False):
        with (folder / f"{name}-{number:06}").open("ab") as file:
            part.tofile(file)
