"""The proposal of a split by time, for a table with dates."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingest.init_command.groups import Group
from ingest.init_command.targets import Target
from ingest.profiling.columns import Column
from ingest.profiling.name_hints import is_birth_name
from ingest.toml_text import quote

TEST_SHARE = 0.2
MIN_DAYS = 10
MIN_SIDE_ROWS = 10
MAX_UNDATED_SHARE = 0.02
"""Maximum share of rows without a time; features rejects them in a split by time."""
MIN_CLASS_ROWS = 5
"""Default minimum of training rows per class in features."""


@dataclass(frozen=True)
class TimeSplit:
    """A split by time, set or only proposed."""

    column: str
    why_not: str | None
    undated: int = 0
    """Number of rows without a time."""


def find_time_split(
    columns: Sequence[Column], target: Target, *, sample: pa.Table, groups: Sequence[Group] = ()
) -> TimeSplit | None:
    """Return the split by time for a table with dates, None without dates.

    The split is set if exactly one column has the time of nearly every row, and both sides have
    enough rows and classes. A time that is constant for each key of a group, such as the date of
    hiring, is not the time of a row.
    """
    # Dates of the wrong century do not show which rows came first.
    times = [column for column in columns if column.is_time and not column.late_years]
    events = [column for column in times if not is_birth_name(column.name)]
    if not times:
        return None
    if len(events) != 1:
        why = (
            f"{len(events)} columns may hold the time of a row"
            if events
            else "its only date is a date of birth"
        )
        return TimeSplit((events or times)[0].name, why)
    name = events[0].name
    if key := next((group.key for group in groups if name in group.constants), None):
        return TimeSplit(name, f"{quote(name)} has one value for each {quote(key)}")
    undated = events[0].rows - events[0].present
    return TimeSplit(name, _why_not(events[0], target, sample=sample), undated)


def _why_not(column: Column, target: Target, *, sample: pa.Table) -> str | None:
    if column.rows - column.present > MAX_UNDATED_SHARE * column.rows:
        return f"{column.rows - column.present:,} rows have no {quote(column.name)}"
    pairs = zip(
        sample[column.name].to_pylist(), sample[target.column.name].to_pylist(), strict=True
    )
    rows = sorted(
        (column.as_instant(time), value)
        for time, value in pairs
        if time and value and time not in column.placeholders
    )
    if len({time.date() for time, _ in rows}) < MIN_DAYS:
        return f"its rows are of fewer than {MIN_DAYS} days"
    boundary = rows[int(len(rows) * (1 - TEST_SHARE))][0]
    before = [value for time, value in rows if time < boundary]
    if min(len(before), len(rows) - len(before)) < MIN_SIDE_ROWS:
        return "one side of the split would have too few rows"
    learnable = {value for value, count in Counter(before).items() if count >= MIN_CLASS_ROWS}
    if target.classes and (len(learnable) < 2 or set(target.classes) - learnable):
        return "a class would be missing in the earlier rows"
    return None
