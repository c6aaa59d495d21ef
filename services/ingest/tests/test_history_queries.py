"""The queries of docs/history-features.md: the same features in training and for one row."""

import random
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs/history-features.md"
TRAINING, LOOKUP = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
FEATURES = ("orders_before", "mean_amount_before", "last_placed_at")


@pytest.fixture
def orders() -> Iterator[sqlite3.Connection]:
    """A table of 400 orders of 12 customers, in no order, several of them at the same instant."""
    chance = random.Random(1)  # noqa: S311  # rows of a test
    rows = [
        (
            number,
            f"c{chance.randrange(12)}",
            f"2024-01-{chance.randint(1, 28):02} {chance.randrange(4):02}:00:00",
            chance.choice([None, round(chance.uniform(1, 99), 2)]),
        )
        for number in range(400)
    ]
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.execute("create table orders (id integer, customer text, placed_at text, amount)")
    connection.executemany("insert into orders values (?, ?, ?, ?)", rows)
    yield connection
    connection.close()


def training_rows(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(TRAINING)]


def test_the_lookup_of_a_row_gives_the_features_that_it_had_in_training(
    orders: sqlite3.Connection,
) -> None:
    rows = training_rows(orders)

    assert {row["orders_before"] for row in rows} >= {0, 1, 20}
    for row in rows:
        found = orders.execute(LOOKUP, row).fetchone()
        assert {name: row[name] for name in FEATURES} == pytest.approx(dict(found))


def test_the_training_query_does_not_look_ahead(orders: sqlite3.Connection) -> None:
    instant = "2024-01-14 02:00:00"
    before = [row for row in training_rows(orders) if row["placed_at"] <= instant]
    orders.execute("delete from orders where placed_at > ?", [instant])

    assert training_rows(orders) == before
    assert 100 < len(before) < 300
