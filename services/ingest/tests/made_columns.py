"""Generated columns for the tests of init."""

import random
from collections.abc import Sequence
from datetime import date, timedelta

ROWS = 200
CHANCE = random.Random(7)  # noqa: S311  # equal rows in each run, not secrets


def noise(rows: int = ROWS) -> list[float]:
    return [round(CHANCE.gauss(10, 3), 3) for _ in range(rows)]


def choices(*texts: str, rows: int = ROWS) -> list[str]:
    return [CHANCE.choice(texts) for _ in range(rows)]


def days(rows: int = ROWS) -> list[str]:
    return [(date(2024, 1, 1) + timedelta(days=row // 2)).isoformat() for row in range(rows)]


def of_groups(values: Sequence[object]) -> list[object]:
    """Return a value for each of 40 groups, five rows a group."""
    return [values[row % 40] for row in range(ROWS)]
