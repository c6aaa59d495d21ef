"""Relations between columns in a sample of rows: copies, constants of a group, shares."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.profiling.columns import Column
from ingest.profiling.name_hints import (
    is_group_name,
    is_numbering_name,
    is_period_name,
    is_year_name,
)
from ingest.profiling.toml_text import has_or_have, join_names, quote

MIN_ROWS = 20
"""Minimum number of rows; columns may agree by chance in fewer."""
MIN_GROUPS = 10
MIN_SURE_GROUPS = 20
"""Minimum number of groups; fewer may be categories that recur in later rows."""
MIN_SURE_GROUP_ROWS = 2
"""Minimum mean rows per group; with fewer, most rows may be a group of their own."""
MAX_KEY_ROWS = 100
"""Maximum mean rows per value of a key; with more, it may be a category within another one."""
MIN_EQUAL_GROUPS_SHARE = 0.9
MAX_UNNAMED_KEYS = 5
MIN_CONSTANTS = 3
"""Minimum number of constants of a key whose name does not suggest a key."""
MIN_DIFFERENCES = 10
"""Minimum rows of a group expected to differ from the previous row by chance."""
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
class Group:
    """Rows with the same key, and the columns that are constant for each key."""

    key: str
    constants: tuple[str, ...]
    """Constant columns in table order."""
    is_named: bool
    """Whether the name of the key suggests a group, such as customer."""
    is_sure: bool
    """Whether the key is named, and has many values with several rows each."""
    times: tuple[str, ...] = ()
    """Columns of the time, if no group has two rows of one time."""

    def describe(self) -> str:
        """Return what the rows of a group have in common."""
        if not self.constants:
            return f"{quote(self.key)} has one row for each {join_names(self.times)}"
        names = f"{join_names(self.constants)} {has_or_have(self.constants)}"
        return f"{names} one value for each {quote(self.key)}"


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
    constants, groups = _find_constants(varied, sample, copies=copies)
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


def _find_constants(
    columns: Sequence[Column], sample: pa.Table, *, copies: Mapping[str, str]
) -> tuple[dict[str, str], list[Group]]:
    """Return the key of each constant, for named keys, and the groups."""
    constants: dict[str, str] = {}
    groups: list[Group] = []
    for key in filter(_is_group_key, columns):
        names = _find_group_constants(key, columns, sample)
        for name in names:
            constants.setdefault(name, key.name)
        if names:
            others = _exclude_copies(key, names, columns, copies)
            is_sure = _has_many_groups(key) and _is_more_than_category(key, others)
            groups.append(Group(key.name, tuple(names), is_named=True, is_sure=is_sure))
    if not groups:
        # Texts and numberings first; other integers with the most values are likeliest keys.
        keys = sorted(filter(_may_be_group_key, columns), key=_key_order)
        for key in keys[:MAX_UNNAMED_KEYS]:
            names = _find_group_constants(key, columns, sample)
            others = _exclude_copies(key, names, columns, copies)
            # The rank in a year is also unique in each year, but nothing else follows from it.
            times = _times_of_panel(key, columns, sample) if names or _is_key_name(key) else ()
            is_panel = bool(times) or (bool(others) and _is_balanced(key, sample))
            has_numbers = any(column.is_numeric for column in others)
            is_many = has_numbers and len(others) >= MIN_CONSTANTS
            if is_many or times or (_has_key_name(key) and (is_panel or has_numbers)):
                groups.append(
                    Group(key.name, tuple(names), is_named=False, is_sure=False, times=times)
                )
    return constants, groups


def _find_group_constants(key: Column, columns: Sequence[Column], sample: pa.Table) -> list[str]:
    others = [column.name for column in columns if column is not key and not column.is_unique]
    return list(_constant_columns(key.name, others, sample))


def _exclude_copies(
    key: Column, constants: Sequence[str], columns: Sequence[Column], copies: Mapping[str, str]
) -> list[Column]:
    """Return the constants that are not copies of the key."""
    original = copies.get(key.name, key.name)
    others = {name for name in constants if copies.get(name, name) != original}
    return [column for column in columns if column.name in others]


def _has_many_groups(key: Column) -> bool:
    return (
        key.distinct.count >= MIN_SURE_GROUPS and key.distinct.rows_per_value >= MIN_SURE_GROUP_ROWS
    )


def _is_group_key(column: Column) -> bool:
    is_key = (column.kind == "string" or column.is_whole) and is_group_name(column.name)
    return is_key and not column.is_unique and column.distinct.count >= MIN_GROUPS


def _may_be_group_key(column: Column) -> bool:
    is_key = column.kind == "string" or column.is_whole
    return is_key and not column.is_free_text and _has_many_groups(column)


def _has_key_name(column: Column) -> bool:
    return column.kind == "string" or is_numbering_name(column.name)


def _is_key_name(key: Column) -> bool:
    return _has_key_name(key) or is_group_name(key.name)


def _key_order(key: Column) -> int:
    return 0 if _has_key_name(key) else key.rows - key.distinct.count


def _is_more_than_category(key: Column, constants: Sequence[Column]) -> bool:
    """Return whether a key is more than a category in another, such as a zone in a city."""
    is_small = bool(constants) and key.distinct.rows_per_value <= MAX_KEY_ROWS
    return is_small or any(column.is_numeric for column in constants)


def _is_balanced(key: Column, sample: pa.Table) -> bool:
    """Return whether nearly all groups have the same number of rows, as in panel data."""
    if sample.num_rows < key.rows:
        return False
    sizes = Counter(Counter(sample[key.name].drop_null().to_pylist()).values())
    return max(sizes.values(), default=0) >= MIN_EQUAL_GROUPS_SHARE * sizes.total()


def _times_of_panel(key: Column, columns: Sequence[Column], sample: pa.Table) -> tuple[str, ...]:
    """Return the columns of the time if no group has two rows of one time, as in panel data."""
    if sample.num_rows < key.rows:
        return ()
    same_key = 1 - _variety(sample[key.name].to_pylist())
    periods = [column.name for column in columns if column is not key and _is_period(column)]
    dates = [column.name for column in columns if column is not key and column.is_time]
    for times in [*((name,) for name in [*dates, *periods]), tuple(periods)]:
        if not times:
            continue
        sizes = sample.group_by(list(times)).aggregate([([], "count_all")])["count_all"]
        pairs = sum(size * (size - 1) / 2 for size in sizes.to_pylist())
        if pairs * same_key < MIN_DIFFERENCES:
            continue  # So few rows may differ by chance.
        if sample.group_by([key.name, *times]).aggregate([]).num_rows == sample.num_rows:
            return times
    return ()


def _is_period(column: Column) -> bool:
    is_period = column.is_whole or (column.kind == "string" and not column.is_free_text)
    return is_period and is_period_name(column.name)


def _constant_columns(key: str, names: Sequence[str], sample: pa.Table) -> Iterator[str]:
    """Yield the columns that never change within a group, although chance would change them."""
    if not names:
        return
    mode = pc.CountOptions(mode="all")
    aggregates: list[Any] = [(name, "count_distinct", mode) for name in names]
    groups = sample.group_by(key).aggregate([*aggregates, ([], "count_all")])
    groups = groups.filter(pc.greater(groups["count_all"], 1))
    if groups.num_rows < MIN_GROUPS:
        return
    repeats = pc.sum(groups["count_all"]).as_py() - groups.num_rows
    for name in names:
        if pc.max(groups[f"{name}_count_distinct"]).as_py() > 1:
            continue
        if repeats * _variety(sample[name].to_pylist()) >= MIN_DIFFERENCES:
            yield name


def _variety(values: Sequence[str | None]) -> float:
    """Return the probability that two random rows differ."""
    return 1 - sum((rows / len(values)) ** 2 for rows in Counter(values).values())


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
