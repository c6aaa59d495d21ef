"""Generated columns for the tests of init, and proposals applied to the files that it writes."""

import random
import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

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


def among(others: list[str], *texts: str) -> list[str]:
    """Return a column with each of the texts in two rows, and other texts."""
    cells = [others[row % len(others)] for row in range(ROWS - 2 * len(texts))] + [*texts] * 2
    random.Random(3).shuffle(cells)  # noqa: S311  # equal rows in each run, not secrets
    return cells


def uncomment(text: str, line: str) -> dict[str, Any]:
    """Return the pipeline file with one proposal applied."""
    assert f"\n# {line}" in text
    return tomllib.loads(text.replace(f"\n# {line}", f"\n{line}"))
