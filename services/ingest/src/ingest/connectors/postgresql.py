"""PostgreSQL: a read-only connection whose column types become those of the contract."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import adbc_driver_postgresql.dbapi as driver  # type: ignore[import-untyped]  # it has no stubs
import pyarrow as pa
from adbc_driver_manager.dbapi import Connection, Cursor
from stage_contract import LOGGER, SettingsError, SourceError, StageError

from ingest.connectors.credentials import Credentials, read_credentials
from ingest.connectors.database_tables import (
    Columns,
    DatabaseTable,
    UnsupportedColumnsError,
    check_unique_names,
    open_table,
    quote_identifier,
    select,
)
from ingest.connectors.network import has_network, missing_network_message
from ingest.settings import Settings
from ingest.sources.addresses import split_address

_NUMBERS = frozenset(("bool", "int2", "int4", "int8", "float4", "float8"))
_TEXTS = frozenset(("text", "varchar", "bpchar", "name"))
_NATIVE_TYPES = _NUMBERS | _TEXTS | {"date", "timestamp", "timestamptz"}
"""Types that the driver returns directly; other scalar types are selected as text."""

_MAX_DOUBLE_DIGITS = 15
"""Every decimal with this many digits has a distinct double."""
_MAX_ZEROS = 100
"""Maximum zeros before or after these digits; doubles allow more, real columns need fewer."""

_BATCH_BYTES = 4 << 20
"""Bytes per batch; bounds the memory."""

_TRANSACTION_SETTINGS = {
    "transaction_read_only": "on",
    # Otherwise, a query without `order by` may return rows in another order each time.
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "iso_8601",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "extra_float_digits": "1",
}
"""Settings that make texts independent of the server.

The settings end with the transaction, because a pool may reuse the connection.
"""

_CONNECTION_PARAMETERS = {
    "application_name": "stagecoach",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""Detects a lost server within a minute, but waits for a running query."""

_COLUMNS_QUERY = """
    select case table_schema when current_schema() then '' else table_schema || '.' end
        || table_name, column_name::text
    from information_schema.columns
    where table_schema not in ('pg_catalog', 'information_schema')
    order by table_schema, table_name, ordinal_position
"""

_SERVER_STATES = ("08", "25P03", "28", "3D", "40", "53", "57", "58", "XX")
"""SQLSTATEs, or their first characters, of errors that the query did not cause."""

_TRANSIENT = re.compile(
    r"canceling statement|terminating connection|deadlock detected|could not serialize"
)
"""Messages of errors that the query did not cause, for a driver error without an SQLSTATE."""


@dataclass(frozen=True)
class PostgresqlServer:
    """A database on a PostgreSQL server."""

    name: str
    """Address without credentials."""
    credentials: Credentials = field(repr=False)

    @property
    def columns_query(self) -> str:
        """SQL that returns the columns of all tables and views that the user may read."""
        return _COLUMNS_QUERY

    def connect(self) -> Connection:
        """Connect read-only."""
        connection: Connection = driver.connect(self._uri())
        settings = ", ".join(
            f"set_config('{name}', '{value}', true)"
            for name, value in _TRANSACTION_SETTINGS.items()
        )
        with connection.cursor() as cursor:
            cursor.execute(f"select {settings}").fetchall()
        return connection

    def column_names(self, cursor: Cursor, query: str) -> list[str]:
        """Return the names of the query's columns.

        Raises:
            ContractError: A name is not unique.
        """
        names: list[str] = cursor.adbc_execute_schema(query).names
        check_unique_names(names, self.name)
        return names

    def typed_query(self, cursor: Cursor, query: str) -> str:
        """Return the query with each column typed or as text, and log the columns read as text.

        Raises:
            ContractError: Columns hold bytes or nested values.
        """
        columns: Columns = []
        texts: list[str] = []
        schema = cursor.adbc_execute_schema(query)
        self._check_types(schema)
        for column in schema:
            expression = quote_identifier(column.name)
            kind = _type_name(column)
            if kind == "numeric" and _fits_double(column):
                expression += "::float8"
            elif kind not in _NATIVE_TYPES:
                expression += "::text"
                texts.append(f"{column.name} ({kind})")
            columns.append((column.name, expression))
        if texts:
            LOGGER.info(
                "%s: read as texts: %s; where a column should be a number, write it as"
                " column::float8 in query of [ingest]",
                self.name,
                ", ".join(texts),
            )
        return select(columns, query)

    def run(self, cursor: Cursor, query: str) -> pa.RecordBatchReader:
        """Run a query with COPY, so that rows arrive while they are read."""
        cursor.adbc_statement.set_options(
            **{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)}
        )
        return cursor.execute(query).fetch_record_batch()

    def translate_error(self, text: str, state: str | None) -> StageError:
        """Return the driver's error as one line; its full text quotes the query."""
        if state:
            is_query_error = not state.startswith(_SERVER_STATES)
        else:
            is_query_error = "ERROR: " in text and not _TRANSIENT.search(text)
        text = self.credentials.hide(_first_line(text))
        if is_query_error:
            return SettingsError(
                f"{self.name}: refuses the query ({text}); correct query or table in [ingest]"
            )
        if not has_network():
            return SourceError(f"{self.name}: {missing_network_message()}")
        return SourceError(
            f"{self.name}: {text}; check the address, the server, and the credentials in the file"
            " that credentials_file names, see docs/sources.md"
        )

    def _check_types(self, schema: pa.Schema) -> None:
        kinds = {
            column.name: _type_name(column)
            for column in schema
            if pa.types.is_nested(column.type) or _type_name(column) == "bytea"
        }
        if kinds:
            name, kind = next(iter(kinds.items()))
            what = "bytes" if kind == "bytea" else "more than one value per cell"
            as_text = f"{quote_identifier(name)}::text"
            raise UnsupportedColumnsError([*kinds], what=f"{what} ({kind})", as_text=as_text)

    def _uri(self) -> str:
        address = split_address(self.name)
        login = ""
        if self.credentials.text:
            user, password = (quote(part, safe="") for part in self.credentials.login)
            login = f"{user}:{password}@"
        # libpq uses the last of repeated parameters, so the address overrides the defaults.
        parameters = f"{urlencode(_CONNECTION_PARAMETERS)}&{address.query}".rstrip("&")
        return f"postgresql://{login}{address.netloc}{address.path}?{parameters}"


def open_postgresql(settings: Settings) -> DatabaseTable:
    """Run the query of the settings; see `open_table`."""
    return open_table(server_of(settings), settings, format_="postgresql")


def server_of(settings: Settings) -> PostgresqlServer:
    """Return the server that `source` names, with its credentials.

    Raises:
        SettingsError: The file of the credentials is missing or is not for a database.
    """
    credentials = read_credentials(settings.credentials_file)
    if credentials.text and not credentials.is_login:
        raise SettingsError(
            f"credentials_file = '{settings.credentials_file}': expected user:password for a"
            " database"
        )
    return PostgresqlServer(settings.source, credentials)


def _type_name(column: pa.Field) -> str:
    name: str = (column.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    return name


def _fits_double(column: pa.Field) -> bool:
    """Return whether every value of a numeric(p, s) column has an exact double."""
    modifier = int((column.metadata or {}).get(b"POSTGRESQL:typmod", b"-1"))
    if modifier < 0:
        return False
    # PostgreSQL packs precision and scale after a length of four bytes.
    precision, scale = (modifier - 4) >> 16, ((modifier - 4) & 0x7FF ^ 1024) - 1024
    return precision <= _MAX_DOUBLE_DIGITS and abs(scale) <= _MAX_ZEROS


def _first_line(text: str) -> str:
    line = (text.splitlines() or [""])[0]
    for prefix in ("ERROR:  ", "FATAL:  ", "failed: ", "[libpq] "):
        line = line.rpartition(prefix)[2]
    return line
