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
from features.splitting.row_hashes import hash_rows

MIN_DISTINCT_ROWS = 50
"""Minimum number of distinct rows: with fewer, the share of test rows is random."""

MAX_EQUAL_ROWS = 4
"""Maximum mean number of equal rows: with more, the table has too few distinct values."""

MIN_UNIQUE_ROWS = 100
MIN_UNIQUE_SHARE = 0.95
"""Minimum share of distinct values of an integer column that may be an identifier."""

MIN_TEXT_ROWS = 5
"""Minimum rows of the most frequent text of a category; with fewer, texts are names."""

MAX_KEPT_HASHES = 1 << 20
"""Maximum number of hashes in memory; with more, the count of equal rows is an estimate."""


def choose_hash_columns(
    table: CleanTable, target: Target, *, settings: Settings
) -> tuple[str, ...]:
    """Return the columns whose values decide the split of a row.

    These are the inputs of the model, without identifiers, because records of one thing differ in
    them. An integer that differs in nearly every row is left out if the other columns still have
    enough distinct rows. If the inputs have too few distinct rows, all columns are hashed. Only the
    first rows of the table are examined.
    """
    rows = first_rows(table)
    inputs = [column for column in table.columns if column.name != target.column.name]
    used, unique = exclude_identifiers(inputs, rows, settings=settings)
    examined = f"{len(rows):,} rows" if len(rows) == table.rows else f"the first {len(rows):,} rows"
    for name, count in unique.items():
        LOGGER.warning("%s", _identifier_warning(name, count, examined, is_hashed=name in used))
    all_columns = tuple(column.name for column in table.columns)
    if not used:
        return all_columns
    if not has_few_distinct_rows(hash_rows(rows.select(used), seed=settings.seed)):
        return tuple(used)
    if has_few_distinct_rows(hash_rows(rows, seed=settings.seed)):
        LOGGER.warning(
            "the table holds few different rows, and all equal ones are on one side of the split,"
            " so the score says little; number the rows in a column of the source, and add it to"
            " exclude in [features]"
        )
    else:
        LOGGER.info(
            "the columns to learn from hold few different rows, so equal rows train and test"
        )
    return all_columns


def exclude_identifiers(
    columns: Sequence[Column], rows: pa.RecordBatch, *, settings: Settings
) -> tuple[list[str], dict[str, int]]:
    """Return the columns without weight, `exclude` and identifiers; and the unique integers."""
    unused = {settings.weight_column, *settings.exclude}
    coded = {*settings.categories, *settings.columns}
    inputs = [column for column in columns if column.name not in unused]
    used = [
        column.name
        for column in inputs
        if column.name in coded or not _is_identifier(column, rows[column.name])
    ]
    unique = _unique_integers([column for column in inputs if column.name not in coded], rows)
    return _exclude_unique(used, unique, rows, seed=settings.seed), unique


def has_few_distinct_rows(hashes: NDArray[np.uint64]) -> bool:
    """Return whether too many rows are equal to keep equal rows in the same split."""
    return _effective_distinct_rows(hashes) < MIN_DISTINCT_ROWS and _has_many_equal_rows(hashes)


def _has_many_equal_rows(hashes: NDArray[np.uint64]) -> bool:
    """Return whether the mean number of equal rows is high."""
    return len(hashes) > MAX_EQUAL_ROWS * _effective_distinct_rows(hashes)


def _effective_distinct_rows(hashes: NDArray[np.uint64]) -> float:
    """Return the effective number of distinct rows."""
    _, counts = np.unique(hashes, return_counts=True)
    return len(hashes) ** 2 / float((counts.astype(np.float64) ** 2).sum())


class EqualRows:
    """Counts rows that share their hash with another row: exact up to `max_kept` hashes."""

    def __init__(self, *, max_kept: int = MAX_KEPT_HASHES) -> None:
        self._max_kept = max_kept
        self._hashes = np.empty(0, np.uint64)
        self._rows = np.empty(0, np.int64)
        """Number of rows by hash."""
        self._new: list[NDArray[np.uint64]] = []
        self._divisor = np.uint64(1)
        """Only hashes divisible by this are kept, so equal hashes are all kept or all dropped."""

    def add(self, hashes: NDArray[np.uint64]) -> None:
        """Add the hashes of a batch."""
        self._new.append(hashes[hashes % self._divisor == 0])
        if sum(map(len, self._new)) > self._max_kept:
            self._compact()

    def count(self) -> int:
        """Return the number of rows that equal another row."""
        self._compact()
        return int(self._rows[self._rows > 1].sum()) * int(self._divisor)

    def counts(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return the distinct hashes, and the rows of each; an estimate if hashes were dropped."""
        self._compact()
        return self._hashes, self._rows * int(self._divisor)

    def _compact(self) -> None:
        new, counts = np.unique(np.concatenate([self._hashes[:0], *self._new]), return_counts=True)
        self._new = []
        hashes, groups = np.unique(np.concatenate([self._hashes, new]), return_inverse=True)
        rows = np.bincount(groups, weights=np.concatenate([self._rows, counts]))
        self._hashes, self._rows = hashes, rows.astype(np.int64)
        while len(self._hashes) > self._max_kept:
            self._divisor *= np.uint64(2)
            is_kept = self._hashes % self._divisor == 0
            self._hashes, self._rows = self._hashes[is_kept], self._rows[is_kept]


def first_rows(table: CleanTable) -> pa.RecordBatch:
    """Return the rows from which identifiers are inferred."""
    batches: list[pa.RecordBatch] = []
    for _, batch in table.batches("read for the hash columns"):
        batches.append(batch)
        if sum(batch.num_rows for batch in batches) >= BATCH_ROWS:
            break
    first = pa.Table.from_batches(batches)[:BATCH_ROWS].combine_chunks()
    return first.to_batches()[0]


def _is_identifier(column: Column, values: pa.Array) -> bool:
    """Return whether the values are names or numbers of the rows."""
    if column.type == "string":
        return _are_names(values)
    return column.type == "integer" and _are_row_numbers(values)


def _are_names(values: pa.Array) -> bool:
    """Return whether no text repeats, as in a name or a key."""
    texts = values.filter(pc.not_equal(values, "")).drop_null()
    if not len(texts):
        return False
    _, counts = pc.value_counts(texts).flatten()
    return bool(pc.max(counts).as_py() < MIN_TEXT_ROWS)


def _are_row_numbers(values: pa.Array) -> bool:
    """Return whether integers are all distinct with few gaps."""
    if values.null_count or len(values) < MIN_DISTINCT_ROWS:
        return False
    limits = pc.min_max(values).as_py()
    span = limits["max"] - limits["min"] + 1
    return bool(span < 2 * len(values) and pc.count_distinct(values).as_py() == len(values))


def _exclude_unique(
    used: Sequence[str], counts: Mapping[str, int], rows: pa.RecordBatch, *, seed: int
) -> list[str]:
    """Return the columns without the unique integers, as far as the rows stay distinct.

    A column stays if too many rows would be equal without it: it may be a measure, such as income.
    """
    kept = list(used)
    for name in sorted(counts, key=lambda name: -counts[name]):
        others = [other for other in kept if other != name]
        if others and not _has_many_equal_rows(hash_rows(rows.select(others), seed=seed)):
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
        if known[name] >= MIN_UNIQUE_ROWS and count >= MIN_UNIQUE_SHARE * known[name]
    }


def _identifier_warning(name: str, count: int, examined: str, *, is_hashed: bool) -> str:
    """Return the warning about an integer that differs in nearly every row."""
    text = (
        f"column '{name}' has {count:,} different values in {examined}:"
        f" if it is an identifier, add {json.dumps(name, ensure_ascii=False)} to exclude in"
        " [features]"
    )
    return f"{text}; the split goes by it, since few other values differ" if is_hashed else text


def equal_rows_message(count: int, rows: int, columns: Sequence[str]) -> str:
    """Return the log line about rows that are equal in these columns."""
    shown = ", ".join(columns[:5]) + (", …" if len(columns) > 5 else "")
    return f"{count:,} of {rows:,} rows equal another one in {shown}: they are on one side"
