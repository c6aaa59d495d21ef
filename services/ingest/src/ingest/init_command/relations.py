"""Relations between columns in a sample of rows: copies, groups, shares, counters."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate

import pyarrow as pa
import pyarrow.compute as pc

from ingest.init_command.groups import Group, find_groups
from ingest.profiling.columns import Column
from ingest.profiling.name_hints import is_year_name

MIN_ROWS = 20
"""Minimum number of rows; columns may agree by chance in fewer."""
MIN_SHARES = 3
MAX_SHARES_COLUMNS = 300
TOTALS = (1.0, 100.0)
TOLERANCE = 0.002
"""Tolerance of the total per column, because shares are rounded."""
MAX_TOLERANCE = 0.02
_MAX_FINGERPRINT_ROWS = 100


@dataclass(frozen=True)
class Shares:
    """Columns whose sum is the same in every row."""

    columns: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class Relations:
    """The relations between columns that a sample of rows shows."""

    copies: Mapping[str, str] = field(default_factory=dict)
    """Earlier column with the same information, by column."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """Key of the group in which a column is constant, by column."""
    groups: Sequence[Group] = ()
    shares: Sequence[Shares] = ()
    counters: frozenset[str] = frozenset()
    """Integers that increase from row to row."""

    def original_of(self, name: str) -> str:
        """Return the earliest column with the same information, which may be the column itself."""
        while name in self.copies:
            name = self.copies[name]
        return name

    def shares_of(self, name: str) -> Shares | None:
        """Return the set of shares that contains a column."""
        return next((shares for shares in self.shares if name in shares.columns), None)


def find_relations(columns: Sequence[Column], sample: pa.Table) -> Relations:
    """Return the relations of the columns in a sample of string columns."""
    if sample.num_rows < MIN_ROWS:
        return Relations()
    varied = [column for column in columns if not column.is_constant]
    copies = _find_copies(varied, sample)
    constants, groups = find_groups(varied, sample, copies=copies)
    return Relations(
        copies=copies,
        constants=constants,
        groups=groups,
        shares=tuple(_find_shares(varied, sample)),
        counters=frozenset(column.name for column in varied if _is_counter(column, sample)),
    )


def _find_copies(columns: Sequence[Column], sample: pa.Table) -> dict[str, str]:
    first: dict[bytes, str] = {}
    copies: dict[str, str] = {}
    for column in columns:
        fingerprints = list(_fingerprints(column, sample[column.name]))
        originals = (first[fingerprint] for fingerprint in fingerprints if fingerprint in first)
        if original := next(originals, None):
            copies[column.name] = original
        for fingerprint in fingerprints:
            first.setdefault(fingerprint, column.name)
    return copies


def _fingerprints(column: Column, texts: pa.ChunkedArray) -> Iterator[bytes]:
    """Yield fingerprints that are equal for columns that are functions of each other."""
    codes = texts.combine_chunks().dictionary_encode(null_encoding="encode")
    most_frequent = Counter(codes.indices.to_pylist()).most_common(1)[0][1]
    if 2 * (len(codes.dictionary) - 1) <= len(codes) - most_frequent:
        # Only for values that repeat: any column is a function of values that hardly do.
        yield _digest("code", map(str, codes.indices.to_pylist()))
    else:
        yield _digest("text", map(repr, texts.to_pylist()))
    if column.is_numeric and (ratios := _ratios(_numbers(column, texts))):
        yield _digest("ratio", ratios)


def _digest(what: str, values: Iterable[str]) -> bytes:
    return blake2b("\n".join([what, *values]).encode(), digest_size=16).digest()


def _ratios(values: Sequence[float | None]) -> tuple[str, ...] | None:
    """Return differences to the first value, relative to the first difference.

    A linear function a + b·x does not change them.
    """
    known = [value for value in values if value is not None]
    other = next((value for value in known if value != known[0]), None)
    if other is None:
        return None
    step = other - known[0]
    sampled = values[:: max(1, len(values) // _MAX_FINGERPRINT_ROWS)]
    ratios = (
        "" if value is None else f"{(value - known[0]) / step + 0.0:.5g}" for value in sampled
    )
    relative = tuple(ratios)
    return relative if len(set(relative)) > 2 else None  # any two values are a linear function


def _numbers(column: Column, texts: pa.ChunkedArray) -> list[float | None]:
    numbers: list[float | None] = column.as_numbers(texts.combine_chunks()).to_pylist()
    return numbers


def _find_shares(columns: Sequence[Column], sample: pa.Table) -> Iterator[Shares]:
    """Yield the longest runs of adjacent columns that sum to 1 or to 100."""
    limit = max(TOTALS)
    parts = [
        column
        for column in columns
        if column.is_numeric and column.numbers.lowest >= 0 and column.numbers.highest <= limit
    ][:MAX_SHARES_COLUMNS]
    if len(parts) < MIN_SHARES:
        return
    rows = list(zip(*(_numbers(part, sample[part.name]) for part in parts), strict=True))
    filled = [[value or 0.0 for value in row] for row in rows]
    sums = [[0.0, *accumulate(row)] for row in filled]
    start = 0
    while start + MIN_SHARES <= len(parts):
        found = next(
            (
                (end, total)
                for end in range(len(parts), start + MIN_SHARES - 1, -1)
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
    allowed = total * min(TOLERANCE * (end - start), MAX_TOLERANCE)
    return all(abs(row[end] - row[start] - total) <= allowed for row in sums)


def _is_counter(column: Column, sample: pa.Table) -> bool:
    """Return whether an integer increases with every row of the table."""
    if not (column.is_whole and column.is_unique and column.present == column.rows):
        return False
    values = column.as_numbers(sample[column.name].combine_chunks())
    steps = pc.pairwise_diff(values, period=1).drop_null()
    return bool(pc.all(pc.greater(steps, 0)).as_py())


def is_row_number(column: Column, relations: Relations) -> bool:
    """Return whether a column is a row number, with any start, rather than a year."""
    if column.name not in relations.counters or is_year_name(column.name):
        return False
    span = column.numbers.highest - column.numbers.lowest + 1
    looks_like_years = column.numbers.lowest >= 1700 and column.numbers.highest <= 2200
    return span == column.rows and not looks_like_years
