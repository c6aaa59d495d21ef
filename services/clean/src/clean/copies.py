"""Finding exact copies of whole rows by a 128-bit hash of each."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clean.arrays import to_arrow

type Records = npt.NDArray[np.void]
"""One `RECORD` a row."""

RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<i8")])
COPY = np.dtype([("row", "<i8"), ("kept", "<i8")])
"""A row that is a copy, and the row that stays instead of it."""


def hash_rows(rows: pd.DataFrame, key: Sequence[str] | None = None) -> Records:
    """Return hash and number of each row of a frame whose index numbers the rows.

    Rows of one key have one hash. Without a key, and where a part of it is missing, that takes
    equal rows.
    """
    texts = keyed_texts(rows, key) if key else canonical_texts(rows)
    digests = b"".join(blake2b(text, digest_size=16).digest() for text in texts.to_pylist())
    records = np.empty(len(rows), dtype=RECORD)
    halves = np.frombuffer(digests, dtype="<u8").reshape(-1, 2)
    records["high"], records["low"] = halves[:, 0], halves[:, 1]
    records["row"] = rows.index
    return records


def canonical_texts(rows: pd.DataFrame) -> pa.Array:
    """Return each row as bytes that no other row has: texts carry their length before them."""
    cells = [_canonical(to_arrow(rows[name])) for name in rows.columns]
    joined = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement="-")
    return joined.cast(pa.binary())


def keyed_texts(rows: pd.DataFrame, key: Sequence[str]) -> pa.Array:
    """Return the key of each row as bytes; of a row that lacks a part of it, the whole row."""
    parts = canonical_texts(rows[[*key]])
    is_partial = rows[[*key]].isna().any(axis="columns")
    if not is_partial.any():
        return parts
    # Keys and rows begin differently: a row has at least the columns of the key.
    return pc.if_else(
        pa.array(is_partial), pc.binary_join_element_wise(b"row", canonical_texts(rows), b""), parts
    )


def find_copies(records: Records, keep: Literal["first", "last"] = "first") -> npt.NDArray[np.void]:
    """Return a `COPY` for every row but the first or the last of each set of equal hashes."""
    order = records["row"] if keep == "first" else -records["row"]
    ordered = records[np.lexsort((order, records["low"], records["high"]))]
    is_copy = np.zeros(len(ordered), dtype=bool)
    is_copy[1:] = (ordered["high"][1:] == ordered["high"][:-1]) & (
        ordered["low"][1:] == ordered["low"][:-1]
    )
    first = np.maximum.accumulate(np.where(is_copy, 0, np.arange(len(ordered))))
    copies = np.empty(int(is_copy.sum()), dtype=COPY)
    copies["row"], copies["kept"] = ordered["row"][is_copy], ordered["row"][first[is_copy]]
    return copies


def _canonical(cells: pa.Array) -> pa.Array:
    texts = cells.cast(pa.string())
    if not pa.types.is_string(cells.type):
        return texts
    return pc.binary_join_element_wise(pc.binary_length(texts).cast(pa.string()), texts, ":")
