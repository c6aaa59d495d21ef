"""Clean-data for a split by time and one by group: ties, gaps, and weights that are no weights."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from conformance.inputs.clean_data import write_clean_data
from conformance.inputs.houses import Houses, random_houses

ROWS = 240
ROWS_OF_A_TIME = 4
GROUPS = 40
TIME, GROUP, WEIGHT = "sold", "owner", "pieces"
COMPLETE = "garden"
"""A column that one test row of a split by time lacks, and no other row."""
CONSTANT = "floors"
TWICE = (20, 21)
"""Rows that the table has twice."""
_FIRST = datetime(2024, 1, 1, 10, 0, 0, 625_000, tzinfo=UTC)


def write_split_data(volume: Path, seed: int) -> None:
    """Publish houses in no order of time or group; a few lack time, group or a positive weight.

    Rows are equal, a column is constant, and a row of the latest time lacks what all others have.
    """
    # Times within a second, in eighths that a double has exactly: a boundary needs its fraction.
    places = [divmod(row * 77 % ROWS // ROWS_OF_A_TIME, 8) for row in range(ROWS)]
    times: list[datetime | None] = [
        _FIRST + timedelta(days=day, milliseconds=125 * part) for day, part in places
    ]
    groups: list[str | None] = [f"owner {row * 31 % GROUPS}" for row in range(ROWS)]
    weights: list[float | None] = [0.75 + row % 3 for row in range(ROWS)]
    times[5] = groups[7] = weights[11] = None
    weights[9], weights[13] = 0.0, -1.0
    houses = random_houses(ROWS, seed)
    garden = houses.values(COMPLETE)
    latest = max(time for time in times if time is not None)
    garden[times.index(latest)] = None
    houses = (
        houses.with_values(TIME, times)
        .with_values(COMPLETE, garden)
        .with_column(GROUP, groups, "string", pa.string())
        .with_column(WEIGHT, weights, "number", pa.float64())
        .with_column(CONSTANT, [1.5] * ROWS, "number", pa.float64())
    )
    table = houses.table.take(pa.array([*range(ROWS), *TWICE]))
    write_clean_data(volume, Houses(table, houses.added_types))
