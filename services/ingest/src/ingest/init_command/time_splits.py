"""Whether the table suggests a split by time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingest.init_command.targets import Target
from ingest.profiling.columns import Column
from ingest.profiling.name_hints import names_birth
from ingest.profiling.toml_text import quoted

TEST_SHARE = 0.2
DAYS_MIN = 10
SIDE_ROWS_MIN = 10
CLASS_ROWS_MIN = 5
"""Default minimum of training rows per class in features."""


@dataclass(frozen=True)
class TimeSplit:
    """A split by time, set or only proposed."""

    column: str
    why_not: str | None


def find_time_split(
    columns: Sequence[Column], target: Target, *, sample: pa.Table
) -> TimeSplit | None:
    """Return the split by time for a table with dates, None without dates.

    The split is set if exactly one column has the time of every row, and both sides have enough
    rows and classes.
    """
    # Dates of the wrong century say nothing of what came first.
    times = [column for column in columns if column.is_time and not column.late_years]
    events = [column for column in times if not names_birth(column.name)]
    if not times:
        return None
    if len(events) != 1:
        why = (
            f"{len(events)} columns may hold the time of a row"
            if events
            else "its only date is a date of birth"
        )
        return TimeSplit((events or times)[0].name, why)
    return TimeSplit(events[0].name, _why_not(events[0], target, sample=sample))


def _why_not(column: Column, target: Target, *, sample: pa.Table) -> str | None:
    if column.present < column.rows:
        return f"{column.rows - column.present:,} rows have no {quoted(column.name)}"
    pairs = zip(
        sample[column.name].to_pylist(), sample[target.column.name].to_pylist(), strict=True
    )
    rows = sorted((column.as_instant(time), value) for time, value in pairs if time and value)
    if len({time.date() for time, _ in rows}) < DAYS_MIN:
        return f"its rows are of fewer than {DAYS_MIN} days"
    boundary = rows[int(len(rows) * (1 - TEST_SHARE))][0]
    before = [value for time, value in rows if time < boundary]
    if min(len(before), len(rows) - len(before)) < SIDE_ROWS_MIN:
        return "one side of the split would have too few rows"
    learnt = {value for value, count in Counter(before).items() if count >= CLASS_ROWS_MIN}
    if target.classes and (len(learnt) < 2 or set(target.classes) - learnt):
        return "a class would be missing in the earlier rows"
    return None
