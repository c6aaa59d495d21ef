"""Groups: rows with one key, such as a customer, and the columns that are constant for each key."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingest.profiling.columns import Column
from ingest.profiling.name_hints import is_group_name, is_numbering_name, is_period_name
from ingest.toml_text import has_or_have, join_names, quote

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


def find_groups(
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
