"""A real PostgreSQL: its types, its errors, what is read again, and what stays secret."""

import subprocess
import tomllib
from datetime import UTC, date, datetime
from typing import Any

from support.waiting import until

type Shop = Any
"""The fixture of conftest.py."""

DATABASE = 'source = "postgresql://shop/shop"\ncredentials_file = "/run/secrets/source"\n'
ORDERS = f'{DATABASE}query = "select * from orders order by id"'


def test_values_have_the_types_of_the_contract_or_are_texts(shop: Shop) -> None:
    ran = shop.ingest(f'{DATABASE}table = "public.kinds"')

    assert ran.exit_code == 0, ran.output
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
    assert "read as texts: exact (numeric), clock (time), " in ran.output
    missing = {name for name, value in empty.items() if value is None}
    assert missing == full.keys() - {"id", "price", "exact", "town"}


def test_what_is_no_value_of_a_table_is_refused_by_its_column(shop: Shop) -> None:
    whys = {
        "photo": 'holds bytes (bytea); write skip_columns = ["photo"] in [ingest], or write it as',
        "tags": "holds more than one value per cell (_text); write skip_columns = ",
        "due": "holds infinity or a year outside 0001 to 9999; leave such rows out",
    }
    for column, why in whys.items():
        ran = shop.ingest(f'{DATABASE}query = "select id, {column} from others"')

        assert ran.exit_code == 65
        assert f"postgresql://shop/shop: column '{column}' {why}" in ran.output


def test_make_init_reads_a_table_of_the_server_and_lists_them(shop: Shop) -> None:
    shop.configure("")
    source = {"SOURCE": "postgresql://shop/shop", "NAME": "of-a-server"}
    path = shop.pipeline.folder / "pipelines/of-a-server.toml"

    listed = shop.pipeline.init(**source)
    assert listed.returncode != 0
    assert "has 3 tables: kinds (id, code, total, share, price and" in listed.stderr
    assert "orders (id, price, town), others (id, photo, tags, due); name one" in listed.stderr
    assert not path.exists()

    made = shop.pipeline.init(TABLE="orders", TARGET="price", **source)
    assert made.returncode == 0, made.stderr
    file = tomllib.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    assert file["ingest"] == {"table": "orders", "credentials_file": "/run/secrets/source"}
    assert file["features"]["exclude"] == ["id", "town"]
    assert "s3cret" not in listed.stderr + made.stderr + str(file)


def test_equal_rows_are_the_same_artifact_and_end_the_work_there(shop: Shop) -> None:
    assert shop.ingest(ORDERS).exit_code == 0
    shop.run("clean")
    first = shop.pipeline.latest("raw-data")

    again = shop.ingest(ORDERS)

    assert "works: only reading postgresql://shop/shop again tells" in again.output
    assert f"gave the same bytes as before: raw-data {first.id}" in again.output
    assert "unchanged: clean-data" in shop.run("clean")
    (source,) = first.manifest["inputs"]
    assert source["source"] == "postgresql://shop/shop"
    assert first.rows == 20_000
    assert shop.rows()[0] == {"id": 1, "price": 7.0, "town": "row 1"}


def test_other_rows_are_another_artifact_unless_a_version_says_no(shop: Shop) -> None:
    versioned = f'{ORDERS}\nversion = "1"'
    assert shop.ingest(versioned).exit_code == 0
    assert shop.ingest(ORDERS).exit_code == 0
    before = shop.pipeline.latest("raw-data")
    shop.sql("update orders set price = 101 where id = 7")

    assert "published before: raw-data" in shop.ingest(versioned).output
    assert shop.ingest(ORDERS).exit_code == 0
    assert shop.pipeline.latest("raw-data").content != before.content


def test_nothing_in_the_database_can_be_changed(shop: Shop) -> None:
    shop.sql("grant delete on orders to reader")
    delete = "delete from orders returning id"
    for query in (delete, f"with gone as ({delete}) select * from gone"):
        ran = shop.ingest(f'{DATABASE}query = "{query}"')

        assert ran.exit_code == 78
        assert "refuses the query" in ran.output
    assert shop.sql("select count(*) from orders") == "20000"


def test_a_wrong_query_is_told_as_a_setting(shop: Shop) -> None:
    ran = shop.ingest(f'{DATABASE}table = "order"')

    assert ran.exit_code == 78
    assert ran.last_line.endswith(
        'refuses the query (relation "order" does not exist); correct query or table in [ingest]'
    )


def test_a_wrong_password_is_told_without_it(shop: Shop) -> None:
    ran = shop.ingest(ORDERS, credentials="reader:wr0ng")

    assert ran.exit_code == 69
    assert 'password authentication failed for user "reader"' in ran.output
    assert "wr0ng" not in ran.output + left_on(shop)


def test_the_password_is_nowhere(shop: Shop) -> None:
    ran = shop.ingest(ORDERS, "--force", LOG_LEVEL="debug")

    assert ran.exit_code == 0, ran.output
    left = ran.output + left_on(shop)
    assert "postgresql://shop/shop" in left
    assert "s3cret" not in left


def test_a_server_that_ends_the_query_is_told_as_unreachable(
    shop: Shop, long_query: subprocess.Popen[str]
) -> None:
    until(lambda: running_queries(shop) == "1")
    shop.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'")
    output, _ = long_query.communicate(timeout=60)

    assert long_query.returncode == 69, output
    assert "terminating connection due to administrator command" in output


def test_sigterm_ends_a_long_query_here_and_there(
    shop: Shop, long_query: subprocess.Popen[str]
) -> None:
    until(lambda: running_queries(shop) == "1")
    shop.pipeline.engine.containers.get(f"{shop.pipeline.project}-long").kill("SIGTERM")
    output, _ = long_query.communicate(timeout=60)

    assert long_query.returncode == 143, output
    until(lambda: running_queries(shop) == "0")


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
