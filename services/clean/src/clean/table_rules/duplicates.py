"""Finding exact copies of whole rows by a 128-bit hash of each."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from clean.parsing.arrays import to_arrow
from clean.table_rules.hashing import Words, hash_columns

type Records = npt.NDArray[np.void]
"""One `RECORD` a row."""

RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<i8")])
COPY = np.dtype([("row", "<i8"), ("kept", "<i8")])
"""A row that is a copy, and the row that stays instead of it."""


def hash_rows(rows: pd.DataFrame, key: Sequence[str] | None = None, *, secret: Words) -> Records:
    """Return hash and number of each row of a frame whose index numbers the rows.

    Rows of one key have one hash. Without a key, and where a part of it is missing, that takes
    equal rows. Only hashes of one secret are comparable.
    """
    records = np.empty(len(rows), dtype=RECORD)
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


def find_copies(records: Records, keep: Literal["first", "last"] = "first") -> npt.NDArray[np.void]:
    """Return a `COPY` for every row but the first or the last of each set of equal hashes."""
    alike = _alike(records)
    order = alike["row"] if keep == "first" else -alike["row"]
    ordered = alike[np.lexsort((order, alike["low"], alike["high"]))]
    is_copy = np.zeros(len(ordered), dtype=bool)
    is_copy[1:] = (ordered["high"][1:] == ordered["high"][:-1]) & (
        ordered["low"][1:] == ordered["low"][:-1]
    )
    first = np.maximum.accumulate(np.where(is_copy, 0, np.arange(len(ordered))))
    copies = np.empty(int(is_copy.sum()), dtype=COPY)
    copies["row"], copies["kept"] = ordered["row"][is_copy], ordered["row"][first[is_copy]]
    return copies


def _alike(records: Records) -> Records:
    """Return the few records that share one half of their hash with another."""
    order = np.argsort(records["high"])
    high = records["high"][order]
    is_alike = np.zeros(len(records), dtype=bool)
    is_alike[1:] = high[1:] == high[:-1]
    is_alike[:-1] |= is_alike[1:]
    return records[order[is_alike]]
