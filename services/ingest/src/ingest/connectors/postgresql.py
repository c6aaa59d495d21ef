"""PostgreSQL: connected read-only, its types turned into those of the contract."""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import adbc_driver_postgresql.dbapi as driver  # type: ignore[import-untyped]  # it has no stubs
import pyarrow as pa
from adbc_driver_manager.dbapi import Connection, Cursor
from stage_contract import LOGGER, ContractError, SettingsError, SourceError, StageError

from ingest.connectors.credentials import Credentials, read_credentials
from ingest.connectors.database_tables import (
    Columns,
    DatabaseTable,
    check_names,
    open_table,
    query_of,
    quoted,
    select,
)
from ingest.connectors.network import has_network, missing_network
from ingest.settings import Settings
from ingest.sources.addresses import split

_NUMBERS = frozenset(("bool", "int2", "int4", "int8", "float4", "float8"))
_TEXTS = frozenset(("text", "varchar", "bpchar", "name"))
_TYPED = _NUMBERS | _TEXTS | {"date", "timestamp", "timestamptz"}
"""What the driver hands over as it is; anything else that is one value is asked for as text."""

_DOUBLE_DIGITS = 15
"""Each number of so many decimal digits has a double of its own."""
_MOST_ZEROS = 100
"""Before or after these digits; doubles reach further, and nobody's columns do."""

_BATCH_BYTES = 4 << 20
"""Bounds the memory: so much is read before a batch is handed over."""

_TRANSACTION = {
    "transaction_read_only": "on",
    # A query without `order by` gives the rows in another order each time otherwise.
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "iso_8601",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "extra_float_digits": "1",
}
"""Makes texts of values the same whatever the server's settings are; ends with the transaction,
since a pool hands the connection on."""

_CONNECTING = {
    "application_name": "stagecoach",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""A server that is gone is noticed within a minute; one that works on a query is waited for."""

_UNREACHABLE = ("08", "25P03", "28", "3D", "40", "53", "57", "58", "XX")
"""Classes of SQLSTATE, or states, that are no fault of the query."""

_PASSING = re.compile(
    r"canceling statement|terminating connection|deadlock detected|could not serialize"
)
"""Such troubles where the driver tells no state."""


@dataclass(frozen=True)
class Server:
    """A database on a PostgreSQL server."""

    name: str
    """Its address, without credentials."""
    credentials: Credentials = field(repr=False)

    def connect(self) -> Connection:
        """Connect; no statement may change anything."""
        connection: Connection = driver.connect(self._uri())
        settings = ", ".join(
            f"set_config('{name}', '{value}', true)" for name, value in _TRANSACTION.items()
        )
        with connection.cursor() as cursor:
            cursor.execute(f"select {settings}").fetchall()
        return connection

    def typed_query(self, cursor: Cursor, query: str) -> str:
        """Return the query with each column typed, or as text, which the log tells.

        Raises:
            ContractError: a column holds more than one value, or bytes, or is there twice.
        """
        columns: Columns = []
        texts: list[str] = []
        for column in cursor.adbc_execute_schema(query):
            expression = quoted(column.name)
            kind = self._check_type(column)
            if kind == "numeric" and _fits_double(column):
                expression += "::float8"
            elif kind not in _TYPED:
                expression += "::text"
                texts.append(f"{column.name} ({kind})")
            columns.append((column.name, expression))
        check_names([name for name, _ in columns], self.name)
        if texts:
            LOGGER.info(
                "%s: read as texts: %s; where a column should be a number, write it as"
                " column::float8 in query of [ingest]",
                self.name,
                ", ".join(texts),
            )
        return select(columns, query)

    def run(self, cursor: Cursor, query: str) -> pa.RecordBatchReader:
        """Run a query with COPY, so that the rows arrive as they are read."""
        cursor.adbc_statement.set_options(
            **{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)}
        )
        return cursor.execute(query).fetch_record_batch()

    def told(self, text: str, state: str | None) -> StageError:
        """Return the driver's error as one line; its text quotes the query, and more."""
        if state:
            is_of_query = not state.startswith(_UNREACHABLE)
        else:
            is_of_query = "ERROR: " in text and not _PASSING.search(text)
        text = self.credentials.hide(_first_line(text))
        if is_of_query:
            return SettingsError(
                f"{self.name}: refuses the query ({text}); correct query or table in [ingest]"
            )
        if not has_network():
            return SourceError(f"{self.name}: {missing_network()}")
        return SourceError(
            f"{self.name}: {text}; check the address, the server, and the credentials in the file"
            " that credentials_file names, see docs/sources.md"
        )

    def _check_type(self, column: pa.Field) -> str:
        kind: str = (column.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
        if pa.types.is_nested(column.type) or kind == "bytea":
            what = "bytes" if kind == "bytea" else "more than one value a cell"
            raise ContractError(
                f"{self.name}: column '{column.name}' holds {what} ({kind}); leave it out, or write"
                f" it as text, {quoted(column.name)}::text, in query of [ingest]"
            )
        return kind

    def _uri(self) -> str:
        address = split(self.name)
        login = ""
        if self.credentials.text:
            user, password = (quote(part, safe="") for part in self.credentials.login)
            login = f"{user}:{password}@"
        # Of a name that stands twice libpq takes the last: the address has the last word.
        parameters = f"{urlencode(_CONNECTING)}&{address.query}".rstrip("&")
        return f"postgresql://{login}{address.netloc}{address.path}?{parameters}"


def open_postgresql(settings: Settings) -> DatabaseTable:
    """Run the query of the settings; see `open_table`."""
    credentials = read_credentials(settings.credentials_file)
    if credentials.text and not credentials.is_login:
        raise SettingsError(
            f"credentials_file = '{settings.credentials_file}': expected user:password for a"
            " database"
        )
    server = Server(settings.source, credentials)
    query = query_of(settings.query, settings.table)
    return open_table(server, query, format_="postgresql")


def _fits_double(column: pa.Field) -> bool:
    """Return whether all values of a numeric(p, s) column can be doubles and back."""
    modifier = int((column.metadata or {}).get(b"POSTGRESQL:typmod", b"-1"))
    if modifier < 0:
        return False
    # As PostgreSQL packs them, behind the four bytes of a length.
    precision, scale = (modifier - 4) >> 16, ((modifier - 4) & 0x7FF ^ 1024) - 1024
    return precision <= _DOUBLE_DIGITS and abs(scale) <= _MOST_ZEROS


def _first_line(text: str) -> str:
    line = (text.splitlines() or [""])[0]
    for before in ("ERROR:  ", "FATAL:  ", "failed: ", "[libpq] "):
        line = line.rpartition(before)[2]
    return line
