"""Duplicate detection by a 128-bit hash of each row."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from clean.parsing.arrays import to_arrow
from clean.table_rules.hashing import Words, hash_columns

type RowHashes = npt.NDArray[np.void]
"""One `ROW_HASH_DTYPE` per row."""

ROW_HASH_DTYPE = np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<i8")])
DUPLICATE_DTYPE = np.dtype([("row", "<i8"), ("kept", "<i8")])
"""A duplicate row, and the row that is kept instead."""


def hash_rows(rows: pd.DataFrame, key: Sequence[str] | None = None, *, secret: Words) -> RowHashes:
    """Return the hash and number of each row of a frame whose index holds row numbers.

    Rows with equal keys have equal hashes. Without a key, and where part of the key is missing, the
    whole rows must be equal. Only hashes with the same secret are comparable.
    """
    records = np.empty(len(rows), dtype=ROW_HASH_DTYPE)
    records["high"], records["low"] = _hashes(rows, key, secret=secret)
    records["row"] = rows.index
    return records


def _hashes(rows: pd.DataFrame, key: Sequence[str] | None, *, secret: Words) -> Words:
    cells = {name: to_arrow(rows[name]) for name in rows.columns}
    if key is None:
        return hash_columns(cells.values(), len(rows), secret=secret)
    parts = [cells[name] for name in key]
    hashes = hash_columns(parts, len(rows), secret=secret)
    is_partial = np.logical_or.reduce(
        [part.is_null().to_numpy(zero_copy_only=False) for part in parts]
    )
    if not is_partial.any():
        return hashes
    return np.where(is_partial, hash_columns(cells.values(), len(rows), secret=secret), hashes)


def find_duplicates(
    records: RowHashes, keep: Literal["first", "last"] = "first"
) -> npt.NDArray[np.void]:
    """Return all rows but the first or last of each set of equal hashes, as `DUPLICATE_DTYPE`."""
    candidates = _candidates(records)
    order = candidates["row"] if keep == "first" else -candidates["row"]
    ordered = candidates[np.lexsort((order, candidates["low"], candidates["high"]))]
    is_duplicate = np.zeros(len(ordered), dtype=bool)
    is_duplicate[1:] = (ordered["high"][1:] == ordered["high"][:-1]) & (
        ordered["low"][1:] == ordered["low"][:-1]
    )
    first = np.maximum.accumulate(np.where(is_duplicate, 0, np.arange(len(ordered))))
    duplicates = np.empty(int(is_duplicate.sum()), dtype=DUPLICATE_DTYPE)
    duplicates["row"], duplicates["kept"] = (
        ordered["row"][is_duplicate],
        ordered["row"][first[is_duplicate]],
    )
    return duplicates


def _candidates(records: RowHashes) -> RowHashes:
    """Return the few row hashes whose first half is not unique."""
    order = np.argsort(records["high"])
    high = records["high"][order]
    is_candidate = np.zeros(len(records), dtype=bool)
    is_candidate[1:] = high[1:] == high[:-1]
    is_candidate[:-1] |= is_candidate[1:]
    return records[order[is_candidate]]
