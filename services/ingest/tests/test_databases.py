"""Databases: shared code, and PostgreSQL without a server; tests/sources uses a real server."""

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from ingest.connectors.background_stream import read_in_background
from ingest.connectors.credentials import Credentials
from ingest.connectors.database_tables import build_query, check_values, quote_identifier, select
from ingest.connectors.postgresql import PostgresqlServer
from stage_contract import ContractError, SettingsError, SourceError

PATIENCE_SECONDS = 30


def test_a_stream_yields_what_another_thread_reads() -> None:
    threads: list[threading.Thread] = []

    def items() -> Iterator[int]:
        threads.append(threading.current_thread())
        yield from range(100)

    assert list(read_in_background(items, cancel=never)) == list(range(100))
    assert threads[0] is not threading.current_thread()


def test_a_stream_raises_what_the_other_thread_met() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise SourceError("gone")

    stream = read_in_background(items, cancel=never)

    assert next(stream) == 1
    with pytest.raises(SourceError, match="gone"):
        next(stream)


def test_a_stream_that_is_left_cancels_and_ends_its_thread() -> None:
    cancelled = threading.Event()
    ended = threading.Event()

    def items() -> Iterator[int]:
        try:
            yield from range(10**9)
        finally:
            ended.set()

    stream = read_in_background(items, cancel=cancelled.set)
    assert next(stream) == 0
    stream.close()

    assert cancelled.is_set()
    assert ended.wait(PATIENCE_SECONDS)


def test_only_a_few_items_wait() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    for number in read_in_background(items, cancel=never):
        assert len(made) <= number + 3


@pytest.mark.parametrize(
    ("query", "table", "expected"),
    [
        ("select 1 ;\n", None, "select 1 "),
        (None, "orders", 'select * from "orders"'),
        (None, 'sales.the "new" ones', 'select * from "sales"."the ""new"" ones"'),
    ],
)
def test_a_table_stands_for_a_query(query: str | None, table: str | None, expected: str) -> None:
    assert build_query(query, table).strip() == expected.strip()


def test_a_comment_at_the_end_of_a_query_swallows_nothing() -> None:
    asked = select([("a", '"a"::text')], "select a from t -- all of it")

    assert asked == 'select "a"::text as "a" from (\nselect a from t -- all of it\n) as source'


def test_a_quoted_name_ends_where_it_should() -> None:
    assert quote_identifier('a" from b; --') == '"a"" from b; --"'


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([-719163], pa.date32()),
        ([2932897], pa.date32()),
        ([-62135596800000001], pa.timestamp("us")),
        ([253402300800000000], pa.timestamp("us", "UTC")),
    ],
)
def test_a_time_outside_the_years_of_the_contract_is_refused(
    values: list[int], kind: pa.DataType
) -> None:
    width = pa.int32() if pa.types.is_date32(kind) else pa.int64()
    column = pa.array([None, *values], width).view(kind)

    with pytest.raises(ContractError, match=r"^db: column 'at' holds infinity or a year outside"):
        check_values(pa.record_batch({"at": column}), "db")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([-719162, 2932896], pa.date32()),
        ([-62135596800000000, 253402300799999999], pa.timestamp("us", "UTC")),
        ([], pa.date32()),
    ],
)
def test_the_first_and_the_last_moment_are_fine(values: list[int], kind: pa.DataType) -> None:
    width = pa.int32() if pa.types.is_date32(kind) else pa.int64()

    check_values(pa.record_batch({"at": pa.array([None, *values], width).view(kind)}), "db")


@pytest.mark.parametrize(
    ("modifier", "kind"),
    [
        # 10,2 and 15,0 and 3,-2; as of PostgreSQL 15 a scale may be negative.
        ("655366", "float8"),
        ("983044", "float8"),
        ("198658", "float8"),
        # 16,2 and 3,1000, and numeric alone.
        ("1048582", "text"),
        ("197612", "text"),
        ("-1", "text"),
    ],
)
def test_decimals_that_have_doubles_of_their_own_are_read_as_these(
    modifier: str, kind: str
) -> None:
    assert f'select "a"::{kind} as "a" from' in server().typed_query(Typed(modifier), "q")


def test_columns_that_become_texts_are_told_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        server().typed_query(Typed("-1"), "q")
        server().typed_query(Typed("655366"), "q")

    (message,) = caplog.messages
    assert message.startswith("postgresql://shop.example/shop: read as texts: a (numeric); where a")


@pytest.mark.parametrize(
    ("text", "state", "kind", "message"),
    [
        (
            'NOT_FOUND: Failed to prepare query: ERROR:  relation "t" does not exist\nLINE 1: s',
            "42P01",
            SettingsError,
            'refuses the query (relation "t" does not exist); correct query or table in [ingest]',
        ),
        (
            "[libpq] Execution error [PGRES_FATAL_ERROR]: ERROR:  division by zero",
            None,
            SettingsError,
            "refuses the query (division by zero)",
        ),
        (
            "IO: ERROR:  the database system is shutting down",
            "57P03",
            SourceError,
            "the database system is shutting down; check the address",
        ),
        (
            "ERROR:  canceling statement due to conflict with recovery\nDETAIL:  User query might",
            "40001",
            SourceError,
            "canceling statement due to conflict with recovery; check the address",
        ),
        (
            "[libpq] Execution error: ERROR:  canceling statement due to conflict with recovery",
            None,
            SourceError,
            "canceling statement due to conflict with recovery; check the address",
        ),
        ("ERROR:  deadlock detected", "40P01", SourceError, "deadlock detected; check"),
        ("ERROR:  could not serialize access", None, SourceError, "could not serialize access"),
        (
            "FATAL:  terminating connection due to idle-in-transaction timeout",
            "25P03",
            SourceError,
            "terminating connection due to idle-in-transaction timeout; check",
        ),
        ("", None, SourceError, "; check the address"),
        (
            'IO: [libpq] Failed to connect: FATAL:  password authentication failed for user "r"\n',
            None,
            SourceError,
            'password authentication failed for user "r"; check the address, the server, and',
        ),
        (
            "IO: [libpq] Failed to connect: connection to server at h failed: Connection refused\n",
            None,
            SourceError,
            "Connection refused; check the address",
        ),
    ],
)
def test_an_error_of_postgresql_is_one_line(
    text: str, state: str | None, kind: type[Exception], message: str
) -> None:
    error = server().translate_error(text, state)

    assert type(error) is kind
    assert str(error).startswith(f"postgresql://shop.example/shop: {message}")
    assert "\n" not in str(error)


def test_an_error_that_quotes_the_password_does_not_tell_it() -> None:
    assert "s3cret" not in str(
        server().translate_error("FATAL:  s3cret:/% or s3cret%3A%2F%25 is wrong", None)
    )


def test_without_a_network_the_overlay_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.connectors.postgresql.has_network", lambda: False)

    assert "COMPOSE_FILE=compose.yaml:deploy/sources.yaml" in str(
        server().translate_error("FATAL:  no", None)
    )


def test_credentials_reach_the_driver_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def connect(uri: str) -> Any:
        asked.append(uri)
        raise SourceError("enough")

    monkeypatch.setattr("ingest.connectors.postgresql.driver.connect", connect)
    with pytest.raises(SourceError):
        server("postgresql://shop.example:5433/shop?sslmode=require&connect_timeout=3").connect()

    (uri,) = asked
    assert uri.startswith("postgresql://reader:s3cret%3A%2F%25@shop.example:5433/shop?")
    parameters = parse_qs(urlsplit(uri).query)
    assert parameters["sslmode"] == ["require"]
    assert parameters["connect_timeout"][-1] == "3"


def server(address: str = "postgresql://shop.example/shop") -> PostgresqlServer:
    return PostgresqlServer(address, Credentials("reader:s3cret:/%"))


class Typed:
    """A cursor whose queries have one column of type numeric."""

    def __init__(self, modifier: str) -> None:
        self._metadata = {"POSTGRESQL:type": "numeric", "POSTGRESQL:typmod": modifier}

    def adbc_execute_schema(self, _query: str) -> pa.Schema:
        return pa.schema([pa.field("a", pa.string(), metadata=self._metadata)])


def never() -> None:
    raise AssertionError("nobody left the stream")
