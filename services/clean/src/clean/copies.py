"""Finding exact copies of whole rows by a 128-bit hash of each."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from clean.arrays import to_arrow
from clean.hashing import Words, hash_columns

type Records = npt.NDArray[np.void]
"""One `RECORD` a row."""

RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<i8")])
COPY = np.dtype([("row", "<i8"), ("first", "<i8")])
"""A row that is a copy, and the first row that it is a copy of."""


def hash_rows(rows: pd.DataFrame, *, key: Words) -> Records:
    """Return hash and number of each row of a frame whose index numbers the rows."""
    columns = (to_arrow(rows[name]) for name in rows.columns)
    records = np.empty(len(rows), dtype=RECORD)
    records["high"], records["low"] = hash_columns(columns, len(rows), key=key)
    records["row"] = rows.index
    return records


def find_copies(records: Records) -> npt.NDArray[np.void]:
    """Return a `COPY` for every row but the first of each set of equal hashes."""
    ordered = _alike(records)
    ordered = ordered[np.lexsort((ordered["row"], ordered["low"], ordered["high"]))]
    is_copy = np.zeros(len(ordered), dtype=bool)
    is_copy[1:] = (ordered["high"][1:] == ordered["high"][:-1]) & (
        ordered["low"][1:] == ordered["low"][:-1]
    )
    first = np.maximum.accumulate(np.where(is_copy, 0, np.arange(len(ordered))))
    copies = np.empty(int(is_copy.sum()), dtype=COPY)
    copies["row"], copies["first"] = ordered["row"][is_copy], ordered["row"][first[is_copy]]
    return copies


def _alike(records: Records) -> Records:
    """Return the few records that share one half of their hash with another."""
    order = np.argsort(records["high"])
    high = records["high"][order]
    is_alike = np.zeros(len(records), dtype=bool)
    is_alike[1:] = high[1:] == high[:-1]
    is_alike[:-1] |= is_alike[1:]
    return records[order[is_alike]]
