"""A tiny table of diamonds, with a column for each role."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from clean_tables import Cells
from features.data.columns import ColumnType
from hypothesis import HealthCheck, settings

ROWS = 60
CUTS = ["good", "fair", "ideal"]
START = datetime(2024, 1, 1, tzinfo=UTC)

DIAMONDS: Cells = {
    "price": ("number", [float(100 + 7 * row) for row in range(ROWS)]),
    "carat": ("number", [None if row == 9 else row / 10 for row in range(ROWS)]),
    "cut": ("string", [CUTS[row % 3] for row in range(ROWS)]),
    "shop": ("string", ["one"] * ROWS),
    "sold": ("datetime", [START + timedelta(hours=row) for row in range(ROWS)]),
    "id": ("string", [f"stone {row}" for row in range(ROWS)]),
}

ON_TABLES = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
"""For properties that run the stage."""

type Make = Callable[..., Any]


def with_cells(**changes: tuple[ColumnType, Sequence[object]]) -> Cells:
    return {**DIAMONDS, **changes}
