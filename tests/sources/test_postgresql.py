"""A real PostgreSQL: its types, its errors, what is read again, and what stays secret."""

import subprocess
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from running import last_line

type Shop = Any
"""The fixture of conftest.py."""

DATABASE = 'source = "postgresql://shop/shop"\ncredentials_file = "/run/secrets/source"\n'
ORDERS = f'{DATABASE}query = "select * from orders order by id"'


def test_values_have_the_types_of_the_contract_or_are_texts(shop: Shop) -> None:
    result = shop.ingest(f'{DATABASE}table = "public.kinds"')

    assert result.returncode == 0, result.stdout + result.stderr
    full, empty = shop.rows()
    assert full == {
        "id": 1,
        "code": 2,
        "total": 9007199254740993,
        "share": 0.5,
        "price": 0.1,
        "paid": True,
        "town": "Köln €",
        "sign": "ab ",
        "exact": "12345678901234567890.0123456789",
        "day": date(2024, 2, 29),
        "at": datetime(2024, 2, 29, 23, 59, 59, 999999),
        "seen": datetime(2024, 2, 29, 21, 59, 59, tzinfo=UTC),
        "clock": "12:30:00",
        "lasted": "P1DT2H",
        "notes": '{"a": 1}',
        "raw": '{"b": [2]}',
        "mark": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "host": "10.0.0.1/32",
        "cash": "$12.30",
        "box": "large",
    }
    assert (empty["exact"], empty["town"]) == ("NaN", "")
    missing = {name for name, value in empty.items() if value is None}
    assert missing == full.keys() - {"id", "price", "exact", "town"}


def test_what_is_no_value_of_a_table_is_refused_by_its_column(shop: Shop) -> None:
    whys = {
        "photo": "holds bytes (bytea); leave it out, or write it as text",
        "tags": "holds more than one value a cell (_text); leave it out, or write it as text",
        "due": "holds infinity or a year outside 0001 to 9999; leave such rows out",
    }
    for column, why in whys.items():
        result = shop.ingest(f'{DATABASE}query = "select id, {column} from others"')

        assert result.returncode == 65
        assert f"postgresql://shop/shop: column '{column}' {why}" in result.stdout


def test_equal_rows_are_the_same_artifact_and_end_the_work_there(shop: Shop) -> None:
    assert shop.ingest(ORDERS).returncode == 0
    assert shop.run("clean").returncode == 0
    first = shop.pipeline.latest("raw-data")

    again = shop.ingest(ORDERS)

    assert "works: only reading postgresql://shop/shop again tells" in again.stdout
    assert f"gave the same bytes as before: raw-data {first.id}" in again.stdout
    assert "unchanged: clean-data" in shop.run("clean").stdout
    (source,) = first.manifest["inputs"]
    assert source["source"] == "postgresql://shop/shop"
    assert first.rows == 20_000


def test_other_rows_are_another_artifact_unless_a_version_says_no(shop: Shop) -> None:
    versioned = f'{ORDERS}\nversion = "1"'
    assert shop.ingest(versioned).returncode == 0
    assert shop.ingest(ORDERS).returncode == 0
    before = shop.pipeline.latest("raw-data")
    shop.sql("update orders set price = 101 where id = 7")
    try:
        assert "published before: raw-data" in shop.ingest(versioned).stdout
        assert shop.ingest(ORDERS).returncode == 0
        assert shop.pipeline.latest("raw-data").content != before.content
    finally:
        shop.sql("update orders set price = 49 where id = 7")


def test_nothing_in_the_database_can_be_changed(shop: Shop) -> None:
    shop.sql("grant delete on orders to reader")
    for query in (
        "delete from orders returning id",
        "with gone as (delete from orders returning id) select * from gone",
    ):
        result = shop.ingest(f'{DATABASE}query = "{query}"')

        assert result.returncode == 78
        assert "refuses the query" in result.stdout
    assert shop.sql("select count(*) from orders") == "20000"


def test_a_wrong_query_is_told_as_a_setting(shop: Shop) -> None:
    result = shop.ingest(f'{DATABASE}table = "order"')

    assert result.returncode == 78
    assert last_line(result).endswith(
        'refuses the query (relation "order" does not exist); correct query or table in [ingest]'
    )


def test_a_wrong_password_is_told_without_it(shop: Shop) -> None:
    result = shop.ingest(ORDERS, credentials="reader:wr0ng")

    assert result.returncode == 69
    assert 'password authentication failed for user "reader"' in result.stdout
    assert "wr0ng" not in result.stdout + result.stderr + left_on(shop)


def test_the_password_is_nowhere(shop: Shop) -> None:
    result = shop.ingest(ORDERS, "--force")

    assert result.returncode == 0, result.stdout + result.stderr
    left = result.stdout + result.stderr + left_on(shop)
    assert "postgresql://shop/shop" in left
    assert "s3cret" not in left


def test_a_server_that_ends_the_query_is_told_as_unreachable(shop: Shop) -> None:
    process = start_waiting(shop)
    shop.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'")
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 69, output
    assert "terminating connection due to administrator command" in output


def test_sigterm_ends_a_long_query_here_and_there(shop: Shop) -> None:
    process = start_waiting(shop)
    (container,) = shop.pipeline.engine.containers.list(
        filters={
            "label": [
                f"com.docker.compose.project={shop.pipeline.project}",
                "com.docker.compose.oneoff=True",
            ]
        }
    )
    container.kill("SIGTERM")
    process.communicate(timeout=60)

    assert process.returncode == 143
    until(lambda: running_queries(shop) == "0")


def start_waiting(shop: Shop) -> subprocess.Popen[str]:
    """Start ingest on a query that never ends, and wait until it runs there."""
    shop.pipeline.configure(f'[ingest]\n{DATABASE}query = "select pg_sleep(600)::text as a"\n')
    shop.credentials.write_text("reader:s3cret:/%\n", encoding="utf-8")
    process = subprocess.Popen(
        ["docker", "compose", "run", "--rm", "--no-deps", "--no-TTY", "ingest"],
        env=shop.pipeline.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until(lambda: running_queries(shop) == "1")
    return process


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline


def running_queries(shop: Shop) -> str:
    return str(
        shop.sql(
            "select count(*) from pg_stat_activity where usename = 'reader' and state = 'active'"
            " and query like 'COPY%'"
        )
    )


def left_on(shop: Shop) -> str:
    """Return all that stands on the volume."""
    paths = [path for path in shop.pipeline.copy_of("raw-data").rglob("*") if path.is_file()]
    return "".join(path.read_bytes().decode(errors="replace") for path in paths)
