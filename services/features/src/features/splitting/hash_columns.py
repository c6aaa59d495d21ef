"""Columns of a hash split: rows with equal values in them are in the same split."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from stage_contract import LOGGER

from features.data.columns import Column
from features.data.tables import BATCH_ROWS, CleanTable
from features.data.target import Target
from features.settings import Settings
from features.splitting.row_hashes import row_hashes

DIFFERENT_ROWS_MIN = 50
"""Minimum number of distinct rows: with fewer, the share of test rows is random."""

EQUAL_ROWS_MAX = 4
"""Maximum mean number of equal rows: with more, the table has too few distinct values."""

UNIQUE_ROWS_MIN = 100
UNIQUE_SHARE = 0.95
"""Share of distinct values from which an integer column may be an identifier."""

TEXT_ROWS_MIN = 5
"""A text column is a category, not a name, if one value occurs in this many rows."""

KEPT_MAX = 1 << 20
"""Bounds the memory; beyond it, the count of equal rows is an estimate."""


def choose_hash_columns(
    table: CleanTable, target: Target, *, settings: Settings
) -> tuple[str, ...]:
    """Return the columns whose values decide the split of a row.

    They are what the model may learn from: not the target, what is excluded, nor what only names
    or counts the rows, by which two records of one thing would differ. An integer that differs in
    nearly every row is left out as long as the others keep the rows apart. Where the others have
    few different rows, it is all columns. The first rows of the table tell.
    """
    rows = first_rows(table)
    inputs = [column for column in table.columns if column.name != target.column.name]
    used, unique = without_identifiers(inputs, rows, settings=settings)
    looked_at = (
        f"{len(rows):,} rows" if len(rows) == table.rows else f"the first {len(rows):,} rows"
    )
    for name, count in unique.items():
        LOGGER.warning("%s", _unique_text(name, count, looked_at, is_hashed=name in used))
    every = tuple(column.name for column in table.columns)
    if not used:
        return every
    if not has_few_different(row_hashes(rows.select(used), seed=settings.seed)):
        return tuple(used)
    if has_few_different(row_hashes(rows, seed=settings.seed)):
        LOGGER.warning(
            "the table holds few different rows, and all equal ones are on one side of the split,"
            " so the score says little; number the rows in a column of the source, and add it to"
            " exclude in [features]"
        )
    else:
        LOGGER.info(
            "the columns to learn from hold few different rows, so equal rows train and test"
        )
    return every


def without_identifiers(
    columns: Sequence[Column], rows: pa.RecordBatch, *, settings: Settings
) -> tuple[list[str], dict[str, int]]:
    """Return the columns without weight, `exclude` and identifiers, and the unique integers."""
    unused = {settings.weight_column, *settings.exclude}
    coded = {*settings.categories, *settings.columns}
    inputs = [column for column in columns if column.name not in unused]
    used = [
        column.name
        for column in inputs
        if column.name in coded or not _is_identifier(column, rows[column.name])
    ]
    unique = _unique_integers([column for column in inputs if column.name not in coded], rows)
    return _without_unique(used, unique, rows, seed=settings.seed), unique


def has_few_different(hashes: NDArray[np.uint64]) -> bool:
    """Return whether too many rows are equal to keep equal rows in the same split."""
    return _count_different(hashes) < DIFFERENT_ROWS_MIN and _has_many_equal(hashes)


def _has_many_equal(hashes: NDArray[np.uint64]) -> bool:
    """Return whether the mean number of equal rows is high."""
    return len(hashes) > EQUAL_ROWS_MAX * _count_different(hashes)


def _count_different(hashes: NDArray[np.uint64]) -> float:
    """Return the effective number of distinct rows."""
    _, counts = np.unique(hashes, return_counts=True)
    return len(hashes) ** 2 / float((counts.astype(np.float64) ** 2).sum())


class EqualRows:
    """Counts rows that share their hash with another row: exact up to `kept_max` hashes."""

    def __init__(self, *, kept_max: int = KEPT_MAX) -> None:
        self._kept_max = kept_max
        self._hashes = np.empty(0, np.uint64)
        self._rows = np.empty(0, np.int64)
        """Number of rows by hash."""
        self._new: list[NDArray[np.uint64]] = []
        self._every = np.uint64(1)
        """Only hashes divisible by this are kept, so equal hashes are all kept or all dropped."""

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Add a batch."""
        self._new.append(hashes[hashes % self._every == 0])
        if sum(map(len, self._new)) > self._kept_max:
            self._compact()

    def count(self) -> int:
        """Return the number of rows that equal another row."""
        self._compact()
        return int(self._rows[self._rows > 1].sum()) * int(self._every)

    def counts(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return the distinct hashes and how many rows have each, by estimate if it is a sample."""
        self._compact()
        return self._hashes, self._rows * int(self._every)

    def _compact(self) -> None:
        new, counts = np.unique(np.concatenate([self._hashes[:0], *self._new]), return_counts=True)
        self._new = []
        hashes, places = np.unique(np.concatenate([self._hashes, new]), return_inverse=True)
        rows = np.bincount(places, weights=np.concatenate([self._rows, counts]))
        self._hashes, self._rows = hashes, rows.astype(np.int64)
        while len(self._hashes) > self._kept_max:
            self._every *= np.uint64(2)
            is_kept = self._hashes % self._every == 0
            self._hashes, self._rows = self._hashes[is_kept], self._rows[is_kept]


def first_rows(table: CleanTable) -> pa.RecordBatch:
    """Return the rows from which identifiers are inferred."""
    batches: list[pa.RecordBatch] = []
    for _, batch in table.batches("read for the hash columns"):
        batches.append(batch)
        if sum(each.num_rows for each in batches) >= BATCH_ROWS:
            break
    first = pa.Table.from_batches(batches)[:BATCH_ROWS].combine_chunks()
    return first.to_batches()[0]


def _is_identifier(column: Column, values: pa.Array) -> bool:
    """Return whether a column identifies or numbers the rows."""
    if column.type == "string":
        return _names_rows(values)
    return column.type == "integer" and _counts_rows(values)


def _names_rows(values: pa.Array) -> bool:
    """Return whether no text repeats, as in a name or a key."""
    texts = values.filter(pc.not_equal(values, "")).drop_null()
    if not len(texts):
        return False
    _, counts = pc.value_counts(texts).flatten()
    return bool(pc.max(counts).as_py() < TEXT_ROWS_MIN)


def _counts_rows(values: pa.Array) -> bool:
    """Return whether integers are all distinct with few gaps."""
    if values.null_count or len(values) < DIFFERENT_ROWS_MIN:
        return False
    ends = pc.min_max(values).as_py()
    span = ends["max"] - ends["min"] + 1
    return bool(span < 2 * len(values) and pc.count_distinct(values).as_py() == len(values))


def _without_unique(
    used: Sequence[str], counts: Mapping[str, int], rows: pa.RecordBatch, *, seed: int
) -> list[str]:
    """Return the columns without these, most different values first, as far as rows stay apart.

    One stays if too many rows would equal another without it: it may be a measure, such as income.
    """
    kept = list(used)
    for name in sorted(counts, key=lambda name: -counts[name]):
        others = [other for other in kept if other != name]
        if others and not _has_many_equal(row_hashes(rows.select(others), seed=seed)):
            kept = others
    return kept


def _unique_integers(columns: Sequence[Column], rows: pa.RecordBatch) -> dict[str, int]:
    """Return the number of different values of the integers that differ in nearly every row."""
    counts = {
        column.name: pc.count_distinct(rows[column.name]).as_py()
        for column in columns
        if column.type == "integer"
    }
    known = {name: len(rows) - rows[name].null_count for name in counts}
    return {
        name: count
        for name, count in counts.items()
        if known[name] >= UNIQUE_ROWS_MIN and count >= UNIQUE_SHARE * known[name]
    }


def _unique_text(name: str, count: int, looked_at: str, *, is_hashed: bool) -> str:
    """Return the warning of an integer that differs in nearly every row."""
    text = (
        f"column '{name}' has {count:,} different values in {looked_at}:"
        f" if it is an identifier, add {json.dumps(name, ensure_ascii=False)} to exclude in"
        " [features]"
    )
    return f"{text}; the split goes by it, since few other values differ" if is_hashed else text


def equal_rows_text(count: int, rows: int, columns: Sequence[str]) -> str:
    """Return the log line about rows that are equal in these columns."""
    shown = ", ".join(columns[:5]) + (", …" if len(columns) > 5 else "")
    return f"{count:,} of {rows:,} rows equal another one in {shown}: they are on one side"
