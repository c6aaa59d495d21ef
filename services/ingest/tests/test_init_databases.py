"""`ingest init` of a table in a database."""

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ingest.init_command.command import propose_pipeline
from made_columns import ROWS, choices, days, noise
from stage_contract import ContractError, SettingsError


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a data folder with a database of three tables and a view."""
    rows = zip(
        [100 + 7 * row for row in range(ROWS)],
        [f"{name}@example.org" for name in choices("ann", "bob", "eve")],
        choices("web", "shop"),
        days(),
        price := noise(),
        [round(1.19 * value, 4) for value in price],
        strict=True,
    )
    with closing(sqlite3.connect(tmp_path / "shop.db", autocommit=True)) as database:
        database.executescript(
            "create table orders (order_id integer, email, channel, day, price, gross);"
            "create table photos (id integer, photo blob);"
            "create table [two words] (a, b, c, d, e, f);"
            "insert into photos values (1, x'00ff');"
            "create view sums as select channel, sum(price) as total from orders group by 1;"
        )
        database.execute("begin")
        database.executemany("insert into orders values (?, ?, ?, ?, ?, ?)", rows)
        database.execute("commit")
    return tmp_path


def init(folder: Path, **reader: str) -> tuple[dict[str, Any], str]:
    text = propose_pipeline(folder, source="sqlite:///shop.db", target="price", reader=reader)
    return tomllib.loads(text), text


def test_a_table_gets_each_safeguard_of_a_file(shop: Path) -> None:
    file, text = init(shop, table="orders")

    assert file["source"] == "sqlite:///shop.db"
    assert file["ingest"] == {"table": "orders"}
    assert file["features"]["exclude"] == ["order_id", "email", "gross"]
    assert '"order_id",  # an identifier' in text
    assert '"gross",  # a leak: correlation 1.0000' in text
    assert file["clean"]["columns"]["email"]["private"] is True
    assert file["clean"]["columns"]["day"]["type"] == "date"


def test_a_query_is_written_as_it_was_given(shop: Path) -> None:
    query = 'select channel, day as "the day",\n price from orders order by order_id -- all\t"é"'

    file, _ = init(shop, query=query)

    assert file["ingest"] == {"query": query}
    assert [*file["clean"]["columns"]] == ["channel", "the day", "price"]


def test_without_a_table_all_tables_are_listed(shop: Path) -> None:
    with pytest.raises(ContractError) as why:
        init(shop)

    assert str(why.value) == (
        "sqlite:///shop.db: has 4 tables: orders (order_id, email, channel, day, price and 1 more),"
        " photos (id, photo), sums (channel, total), two words (a, b, c, d, e and 1 more); name one"
        " with --table (make init: TABLE=…), or write a --query (QUERY=…)"
    )


def test_the_only_table_is_taken_and_an_empty_database_refused(shop: Path) -> None:
    with closing(sqlite3.connect(shop / "shop.db", autocommit=True)) as database:
        database.executescript("drop table photos; drop table [two words]; drop view sums")

    assert init(shop)[0]["ingest"] == {"table": "orders"}

    with closing(sqlite3.connect(shop / "shop.db", autocommit=True)) as database:
        database.executescript("drop table orders")
    with pytest.raises(ContractError, match="has no table that can be read"):
        init(shop)


@pytest.mark.parametrize(
    ("reader", "error", "why"),
    [
        ({"table": "ordes"}, SettingsError, r"no such table: ordes.*\(make init: QUERY=… or TABLE"),
        ({"query": "select"}, SettingsError, r"refuses the query .*\(make init: QUERY=…"),
        # The column of bytes is skipped, so the target is what is missing.
        (
            {"table": "photos"},
            SettingsError,
            "target = 'price': no such column; expected one of id",
        ),
        ({"table": "two words"}, ContractError, "no rows; expected a table"),
        ({"table": "orders", "query": "select 1"}, SettingsError, "needs either query or table"),
        ({"table": "orders", "skip": "1"}, SettingsError, "skip is not a setting for databases"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_variable_to_change(
    shop: Path, reader: dict[str, str], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        init(shop, **reader)


def test_a_table_is_no_setting_for_a_file(shop: Path) -> None:
    (shop / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")

    with pytest.raises(SettingsError, match=r"^table is not a setting for files"):
        propose_pipeline(shop, source="t.csv", target="b", reader={"table": "orders"})


def test_the_database_is_not_changed(shop: Path) -> None:
    before = (shop / "shop.db").read_bytes()

    init(shop, table="orders")

    assert [path.name for path in shop.iterdir()] == ["shop.db"]
    assert (shop / "shop.db").read_bytes() == before
