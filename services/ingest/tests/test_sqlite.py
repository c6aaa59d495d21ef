"""SQLite files: each column has one type, and all values are read unchanged."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest.connectors.database_tables import open_table
from ingest.connectors.sqlite import SqliteFile, open_sqlite
from ingest.settings import Settings
from ingest.sources.file_matching import source_files
from ingest.sources.source_files import SourceFile
from stage_contract import ContractError

type Stage = Any
"""The fixture of conftest.py."""

SHOP = 'source = "sqlite:///shop.db"\n'
ROWS = 20_000
"""More than a batch."""


@pytest.fixture
def database(stage: Stage) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(stage.data / "shop.db", autocommit=True)) as database:
        database.execute("pragma synchronous = off")
        yield database


def insert(database: sqlite3.Connection, values: Iterable[tuple[Any, ...]]) -> None:
    rows = list(values)
    marks = ", ".join("?" * len(rows[0]))
    database.execute("begin")
    database.executemany(f"insert into t values ({marks})", rows)
    database.execute("commit")


def table_of(stage: Stage, database: sqlite3.Connection, values: list[Any]) -> list[Any]:
    """Return the column that is read for these values."""
    database.execute("drop table if exists t")
    database.execute("create table t (a)")
    insert(database, ((value,) for value in values))
    assert stage.run(f'{SHOP}query = "select a, 1 as b from t order by rowid"') == 0
    column: list[Any] = stage.latest().columns["a"]
    return column


def test_a_table_is_read_with_its_types(stage: Stage, database: sqlite3.Connection) -> None:
    database.executescript(
        "create table orders (id integer primary key, price real, town text, code text);"
        "insert into orders values (1, 2.5, 'Köln', '007'), (2, 3, null, '')"
    )

    assert stage.run(f'{SHOP}table = "orders"') == 0

    published = stage.latest()
    assert published.columns == {
        "id": [1, 2],
        "price": [2.5, 3.0],
        "town": ["Köln", None],
        "code": ["007", ""],
    }
    assert published.source["files"] == [{"source": "shop.db", "format": "sqlite"}]
    assert published.source["columns"][1] == {"name": "price", "type": "double"}
    assert published.artifact.manifest["inputs"][0]["source"] == "shop.db"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([None, None], [None, None]),
        ([1, 2.5, None], [1.0, 2.5, None]),
        ([9007199254740993, 0.5], ["9007199254740993", "0.5"]),
        ([9007199254740993, -(2**63)], [9007199254740993, -(2**63)]),
        ([1, "x", 0.1, None], ["1", "x", "0.1", None]),
        ([0.1 + 0.2, "x", 1e300], ["0.30000000000000004", "x", "1.0e+300"]),
        ([float("inf"), 1.0], [float("inf"), 1.0]),
    ],
)
def test_a_column_has_the_type_that_all_its_values_have(
    stage: Stage, database: sqlite3.Connection, values: list[Any], expected: list[Any]
) -> None:
    assert table_of(stage, database, values) == expected


def test_the_last_of_many_rows_decides_as_much_as_the_first(
    stage: Stage, database: sqlite3.Connection
) -> None:
    found = table_of(stage, database, [None] * ROWS + [1, "x"])

    assert found == [None] * ROWS + ["1", "x"]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(
        st.none()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        min_size=1,
        max_size=20,
    )
)
def test_no_value_is_lost_or_changed(
    stage: Stage, database: sqlite3.Connection, values: list[Any]
) -> None:
    for value, found in zip(values, table_of(stage, database, values), strict=True):
        if isinstance(found, str) and not isinstance(value, str):
            assert type(value)(found) == value
        else:
            assert found == value


def test_batches_of_wide_rows_have_fewer_rows(
    stage: Stage, database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.connectors.sqlite.BATCH_BYTES", 1000)
    database.execute("create table t (a, b)")
    insert(database, [(number, "ü" * 50) for number in range(30)])
    file = SourceFile(stage.data, "shop.db", 0, (0, 0, 0, 0), "")

    batches = open_sqlite(file, Settings(source="sqlite:///shop.db", table="t")).batches()

    # Of 108 bytes nine fit; the first batch has the row of examples, too.
    assert [batch.rows.num_rows for batch in batches] == [8, 9, 9, 4]


def test_many_columns_are_read(stage: Stage, database: sqlite3.Connection) -> None:
    database.execute(f"create table t ({', '.join(f'c{number}' for number in range(1500))})")
    insert(database, [tuple(range(1500))])

    assert stage.run(f'{SHOP}table = "t"') == 0
    assert [column[0] for column in stage.latest().columns.values()] == list(range(1500))


def test_rows_come_in_the_order_of_the_query(stage: Stage, database: sqlite3.Connection) -> None:
    database.execute("create table t (a)")
    insert(database, ((number * 7919 % ROWS,) for number in range(ROWS)))

    assert stage.run(f'{SHOP}query = "select a from t order by a desc -- newest first"') == 0
    assert stage.latest().columns["a"] == list(range(ROWS))[::-1]


@pytest.mark.parametrize(
    ("before", "later"), [(0.5, "x"), (0.5, b"x"), (1, 0.5), (1, "x")], ids=str
)
@pytest.mark.parametrize("rows", [1, ROWS])
def test_a_query_that_gives_other_values_each_time_is_refused(
    database: sqlite3.Connection, stage: Stage, before: Any, later: Any, rows: int
) -> None:
    database.execute("create table t (a)")
    insert(database, [(before,)] * rows)
    file = SqliteFile("shop.db", stage.data / "shop.db")
    with file.connect() as connection, connection.cursor() as cursor:
        typed = file.typed_query(cursor, "select a from t order by rowid")
    insert(database, [(later,)])

    class Changed(SqliteFile):
        def typed_query(self, *_: Any) -> str:
            return typed

    chosen = Settings(source="sqlite:///shop.db", table="t")
    with pytest.raises(ContractError, match=r"^shop.db: the query returns other values each time"):
        list(open_table(Changed(file.name, file.path), chosen, format_="sqlite").batches())


def test_names_may_be_anything(stage: Stage, database: sqlite3.Connection) -> None:
    database.execute('create table "a ""b" ("x y" , "select", "q""q")')
    database.execute('insert into "a ""b" values (1, 2, 3)')

    assert stage.run(f"""{SHOP}table = 'main.a "b'""") == 0
    assert list(stage.latest().columns) == ["x y", "select", 'q"q']


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select * from nowhere", "no such table: nowhere"),
        ("selec", 'near "selec": syntax error'),
        ("select 1; select 2", 'near ";": syntax error'),
        ("delete from t returning a", "attempt to write a readonly database"),
        ("insert into t values (1)", "attempt to write a readonly database"),
    ],
)
def test_a_query_that_is_none_is_refused(
    stage: Stage, database: sqlite3.Connection, query: str, message: str
) -> None:
    database.execute("create table t (a)")
    database.execute("insert into t values (1)")

    why = stage.failure(f"{SHOP}query = '{query}'", exit_code=78)

    assert why.startswith("shop.db: refuses the query (")
    assert message in why
    assert why.endswith("correct query or table in [ingest]")


def test_a_query_changes_nothing_on_a_file_that_may_be_written(
    stage: Stage, database: sqlite3.Connection
) -> None:
    database.execute("create table t (a)")
    database.execute("insert into t values (1)")
    stage.run(f"{SHOP}query = 'update t set a = 2 returning a'")

    assert database.execute("select a from t").fetchall() == [(1,)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select a, x'00' as b from t", "shop.db: column 'b' holds bytes (BLOB); write skip_col"),
        ("select a, a from t", "shop.db: column 'a' appears twice; rename one of them"),
        ("select a, 2 as A from t", "shop.db: column 'a' appears twice; rename one of them"),
        ("select a from t where a > 9", "shop.db: no rows; expected a table"),
        ("select cast(x'ff41' as text) as b", "shop.db: column 'b' holds texts that are not UTF-8"),
    ],
)
def test_what_is_no_table_is_refused(
    stage: Stage, database: sqlite3.Connection, query: str, message: str
) -> None:
    database.execute("create table t (a)")
    database.execute("insert into t values (1)")

    assert stage.failure(f'{SHOP}query = "{query}"', exit_code=65).startswith(message)


def test_an_error_without_a_text_is_told() -> None:
    message = SqliteFile("shop.db", Path("shop.db")).translate_error("", None)

    assert str(message) == "shop.db: can't be read as SQLite (); copy the file again"


def test_a_file_that_is_no_database_is_refused(stage: Stage) -> None:
    stage.provide(b"SQLite format 3\0" + bytes(4000), "shop.db")

    why = stage.failure(f'{SHOP}table = "t"', exit_code=65)

    assert why.startswith("shop.db: can't be read as SQLite (")


def test_a_missing_file_is_answered_with_the_one_that_was_meant(stage: Stage) -> None:
    stage.provide("", "shop.db")

    why = stage.failure('source = "sqlite:///shops.db"\ntable = "t"', exit_code=78)

    assert why == "source = 'shops.db': no such file; did you mean shop.db?"


@pytest.mark.parametrize("path", ["/etc/passwd", "../shop.db"])
def test_a_file_elsewhere_is_refused(stage: Stage, path: str) -> None:
    why = stage.failure(f'source = "sqlite:///{path}"\ntable = "t"', exit_code=78)

    assert why.endswith("expected a path below the data folder")


def test_changes_that_are_not_in_the_file_yet_are_not_lost_unseen(
    stage: Stage, database: sqlite3.Connection
) -> None:
    database.execute("pragma journal_mode = wal")
    database.execute("create table t as select 1 as a")

    why = stage.failure(f'{SHOP}table = "t"', exit_code=65)
    assert why.startswith("shop.db: has changes in shop.db-wal that are not in it yet; end the")

    database.execute("pragma wal_checkpoint(truncate)")
    assert stage.run(f'{SHOP}table = "t"') == 0


def test_files_of_a_glob_are_one_table(stage: Stage) -> None:
    for month in (1, 2):
        with closing(sqlite3.connect(stage.data / f"shop-{month}.db")) as database:
            database.executescript(f"create table t as select {month} as a")

    assert stage.run('source = "sqlite:///shop-*.db"\ntable = "t"') == 0
    assert stage.latest().columns["a"] == [1, 2]


def test_an_unchanged_file_is_unchanged(stage: Stage, database: sqlite3.Connection) -> None:
    database.execute("create table t as select 1 as a")
    assert stage.run(f'{SHOP}table = "t"') == 0

    assert stage.run(f'{SHOP}table = "t"') == 0
    assert "unchanged: raw-data" in stage.printed()


def test_equal_bytes_twice(stage: Stage, database: sqlite3.Connection) -> None:
    database.execute("create table t (a, b)")
    insert(database, ((number % 7, number) for number in range(ROWS)))
    assert stage.run(f'{SHOP}table = "t"') == 0

    assert stage.run(f'{SHOP}table = "t"', "--force") == 0
    assert "gave the same bytes as before" in stage.printed()


def test_a_resident_stage_looks_at_the_file_and_at_what_is_not_in_it_yet(
    stage: Stage, database: sqlite3.Connection
) -> None:
    database.execute("pragma journal_mode = wal")
    database.execute("create table t (a)")

    assert source_files(stage.data, {"source": "sqlite:///shop.db"}) == [
        Path(stage.data / "shop.db"),
        Path(stage.data / "shop.db-wal"),
    ]


def test_a_row_longer_than_in_a_csv_file_is_refused(
    stage: Stage, database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.connectors.sqlite.MAX_ROW_BYTES", 1_000)
    database.execute("create view v as select hex(zeroblob(500)) as a, 1 as b")

    why = stage.failure(f'{SHOP}table = "v"', exit_code=65)

    assert why == (
        "shop.db: the longest row has 1,008 bytes; expected at most 1,000, leave its longest column"
        " out in query of [ingest]"
    )
