"""Finding exact copies of whole rows by a 128-bit hash of each."""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clean.arrays import to_arrow

type Records = npt.NDArray[np.void]
"""One `RECORD` a row."""

RECORD = np.dtype([("high", "<u8"), ("low", "<u8"), ("row", "<i8")])
COPY = np.dtype([("row", "<i8"), ("first", "<i8")])
"""A row that is a copy, and the first row that it is a copy of."""


def hash_rows(rows: pd.DataFrame) -> Records:
    """Return hash and number of each row of a frame whose index numbers the rows."""
    digests = b"".join(
        blake2b(text, digest_size=16).digest() for text in canonical_texts(rows).to_pylist()
    )
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


def find_copies(records: Records) -> npt.NDArray[np.void]:
    """Return a `COPY` for every row but the first of each set of equal hashes."""
    ordered = records[np.lexsort((records["row"], records["low"], records["high"]))]
    is_copy = np.zeros(len(ordered), dtype=bool)
    is_copy[1:] = (ordered["high"][1:] == ordered["high"][:-1]) & (
        ordered["low"][1:] == ordered["low"][:-1]
    )
    first = np.maximum.accumulate(np.where(is_copy, 0, np.arange(len(ordered))))
    copies = np.empty(int(is_copy.sum()), dtype=COPY)
    copies["row"], copies["first"] = ordered["row"][is_copy], ordered["row"][first[is_copy]]
    return copies


def _canonical(cells: pa.Array) -> pa.Array:
    texts = cells.cast(pa.string())
    if not pa.types.is_string(cells.type):
        return texts
    return pc.binary_join_element_wise(pc.binary_length(texts).cast(pa.string()), texts, ":")
