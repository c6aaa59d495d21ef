"""How columns depend on each other in a sample of rows: copies, constants of a group, shares."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.guessing.columns import Column
from ingest.guessing.names import names_group, names_year

ROWS_MIN = 20
"""In fewer rows columns may agree by chance."""
GROUPS_MIN = 10
DIFFERENCES_MIN = 10
"""Rows of a group that would differ from the one before, if the group did not matter."""
SHARES_MIN = 3
SHARES_COLUMNS_MAX = 300
TOTALS = (1.0, 100.0)
TOLERANCE = 0.002
"""Share of the total by which rounded shares may miss it, for each column."""
TOLERANCE_MAX = 0.02
_ROWS_OF_A_FINGERPRINT = 100


@dataclass(frozen=True)
class Shares:
    """Columns that sum to the same total in every row."""

    columns: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class Relations:
    """What a sample of rows shows about pairs and sets of columns."""

    copies: Mapping[str, str] = field(default_factory=dict)
    """The earlier column with the same information, by column."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """The key of the group in which a column has one value, by column."""
    shares: Sequence[Shares] = ()
    counters: frozenset[str] = frozenset()
    """Integers that rise from row to row."""

    def shares_of(self, name: str) -> Shares | None:
        """Return the set of shares that a column belongs to."""
        return next((shares for shares in self.shares if name in shares.columns), None)


def find_relations(columns: Sequence[Column], sample: pa.Table) -> Relations:
    """Return the relations of columns in a sample, whose columns are all strings."""
    if sample.num_rows < ROWS_MIN:
        return Relations()
    varied = [column for column in columns if not column.is_constant]
    return Relations(
        copies=_find_copies(varied, sample),
        constants=_find_constants(varied, sample),
        shares=tuple(_find_shares(varied, sample)),
        counters=frozenset(column.name for column in varied if _is_counter(column, sample)),
    )


def _find_copies(columns: Sequence[Column], sample: pa.Table) -> dict[str, str]:
    first: dict[bytes, str] = {}
    copies: dict[str, str] = {}
    for column in columns:
        prints = list(_fingerprints(column, sample[column.name]))
        if found := next((first[each] for each in prints if each in first), None):
            copies[column.name] = found
        for each in prints:
            first.setdefault(each, column.name)
    return copies


def _fingerprints(column: Column, texts: pa.ChunkedArray) -> Iterator[bytes]:
    """Yield what is equal for two columns of which each is a function of the other."""
    codes = texts.combine_chunks().dictionary_encode(null_encoding="encode")
    if 2 * len(codes.dictionary) <= len(codes):
        # Where values hardly repeat, each goes with one of any other column.
        yield _digest("code", map(str, codes.indices.to_pylist()))
    else:
        yield _digest("text", map(repr, texts.to_pylist()))
    if column.is_numeric and (ratios := _ratios(_numbers(column, texts))):
        yield _digest("ratio", ratios)


def _digest(what: str, values: Iterable[str]) -> bytes:
    return blake2b("\n".join([what, *values]).encode(), digest_size=16).digest()


def _ratios(values: Sequence[float | None]) -> tuple[str, ...] | None:
    """Return differences to the first value relative to the first difference.

    A linear function a + b·x leaves them as they are.
    """
    known = [value for value in values if value is not None]
    other = next((value for value in known if value != known[0]), None)
    if other is None:
        return None
    step = other - known[0]
    some = values[:: max(1, len(values) // _ROWS_OF_A_FINGERPRINT)]
    ratios = ("" if value is None else f"{(value - known[0]) / step + 0.0:.5g}" for value in some)
    found = tuple(ratios)
    return found if len(set(found)) > 2 else None  # two values are any two values


def _numbers(column: Column, texts: pa.ChunkedArray) -> list[float | None]:
    found: list[float | None] = column.as_numbers(texts.combine_chunks()).to_pylist()
    return found


def _find_constants(columns: Sequence[Column], sample: pa.Table) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in columns:
        if not _is_group_key(key):
            continue
        others = [column for column in columns if column is not key and not column.is_unique]
        for name in _constants_of(key.name, [column.name for column in others], sample):
            found.setdefault(name, key.name)
    return found


def _is_group_key(column: Column) -> bool:
    is_key = (column.kind == "string" or column.is_whole) and names_group(column.name)
    return is_key and not column.is_unique and column.distinct.count >= GROUPS_MIN


def _constants_of(key: str, names: Sequence[str], sample: pa.Table) -> Iterator[str]:
    """Yield the columns that never change within a group, and could have."""
    if not names:
        return
    mode = pc.CountOptions(mode="all")
    aggregates: list[Any] = [(name, "count_distinct", mode) for name in names]
    groups = sample.group_by(key).aggregate([*aggregates, ([], "count_all")])
    groups = groups.filter(pc.greater(groups["count_all"], 1))
    if groups.num_rows < GROUPS_MIN:
        return
    repeats = pc.sum(groups["count_all"]).as_py() - groups.num_rows
    for name in names:
        if pc.max(groups[f"{name}_count_distinct"]).as_py() > 1:
            continue
        if repeats * _variety(sample[name].to_pylist()) >= DIFFERENCES_MIN:
            yield name


def _variety(values: Sequence[str | None]) -> float:
    """Return the probability that two random rows differ."""
    return 1 - sum((rows / len(values)) ** 2 for rows in Counter(values).values())


def _find_shares(columns: Sequence[Column], sample: pa.Table) -> Iterator[Shares]:
    """Yield the longest runs of neighbouring columns that sum to 1 or to 100."""
    limit = max(TOTALS)
    parts = [
        column
        for column in columns
        if column.is_numeric and column.numbers.lowest >= 0 and column.numbers.highest <= limit
    ][:SHARES_COLUMNS_MAX]
    if len(parts) < SHARES_MIN:
        return
    rows = list(zip(*(_numbers(part, sample[part.name]) for part in parts), strict=True))
    whole = [[value or 0.0 for value in row] for row in rows]
    sums = [[0.0, *accumulate(row)] for row in whole]
    start = 0
    while start + SHARES_MIN <= len(parts):
        found = next(
            (
                (end, total)
                for end in range(len(parts), start + SHARES_MIN - 1, -1)
                for total in TOTALS
                if _sum_to(total, sums, start, end)
            ),
            None,
        )
        if found is None:
            start += 1
            continue
        end, total = found
        yield Shares(tuple(part.name for part in parts[start:end]), int(total))
        start = end


def _sum_to(total: float, sums: Iterable[Sequence[float]], start: int, end: int) -> bool:
    allowed = total * min(TOLERANCE * (end - start), TOLERANCE_MAX)
    return all(abs(row[end] - row[start] - total) <= allowed for row in sums)


def _is_counter(column: Column, sample: pa.Table) -> bool:
    """Return whether an integer rises with every row of the table."""
    if not (column.is_whole and column.is_unique and column.present == column.rows):
        return False
    values = column.as_numbers(sample[column.name].combine_chunks())
    steps = pc.pairwise_diff(values, period=1).drop_null()
    return bool(pc.all(pc.greater(steps, 0)).as_py())


def numbers_rows(column: Column, relations: Relations) -> bool:
    """Return whether a column counts the rows from anywhere, rather than the years."""
    if column.name not in relations.counters or names_year(column.name):
        return False
    span = column.numbers.highest - column.numbers.lowest + 1
    looks_like_years = column.numbers.lowest >= 1700 and column.numbers.highest <= 2200
    return span == column.rows and not looks_like_years
