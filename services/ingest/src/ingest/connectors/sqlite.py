"""SQLite connector: reads a file that no process writes to; infers one type per column."""

from dataclasses import dataclass
from itertools import batched, chain
from pathlib import Path
from urllib.parse import quote

import adbc_driver_sqlite.dbapi as driver
import pyarrow as pa
from adbc_driver_manager.dbapi import Connection, Cursor
from stage_contract import ContractError, SettingsError, StageError

from ingest.connectors.database_tables import (
    Columns,
    DatabaseTable,
    UnsupportedColumnsError,
    check_unique_names,
    open_table,
    quote_identifier,
    select,
)
from ingest.files.text_stream import MAX_ROW_BYTES
from ingest.settings import Settings
from ingest.sources.source_files import SourceFile

BATCH_ROWS = 1 << 13
BATCH_BYTES = 4 << 20
"""Maximum rows and bytes of a batch; the bytes are estimated from the widest row."""

_INTEGER, _REAL, _TEXT, _BLOB, _BIG_INTEGER = 1, 2, 4, 8, 16
"""Bit flags of the types in a column; `_BIG_INTEGER`: beyond 2^53, so not exact as a double."""

_MAX_EXACT_INTEGER = 1 << 53
_NUMBER_BYTES = 8
_COLUMNS_PER_QUERY = 300
"""SQLite allows at most 2,000 aggregates, and a column needs six."""

_COLUMNS_QUERY = """
    select tables.name, columns.name
    from sqlite_master as tables join pragma_table_info(tables.name) as columns
    where tables.type in ('table', 'view') and tables.name not like 'sqlite!_%' escape '!'
    order by tables.name, columns.cid
"""

_EXAMPLE_VALUES = {pa.int64(): 0, pa.float64(): 1.0, pa.string(): ""}
"""Value of the example row for each type; it differs if the driver widens the column."""


@dataclass(frozen=True)
class SqliteFile:
    """An SQLite database file."""

    name: str
    path: Path

    @property
    def columns_query(self) -> str:
        """SQL that returns the columns of all tables and views."""
        return _COLUMNS_QUERY

    def connect(self) -> Connection:
        """Open the file read-only; SQLite creates no lock, journal or WAL file."""
        path = quote(str(self.path.absolute()))
        return driver.connect(f"file:{path}?mode=ro&immutable=1", autocommit=True)

    def column_names(self, cursor: Cursor, query: str) -> list[str]:
        """Return the names of the query's columns.

        Raises:
            ContractError: A name is not unique.
        """
        names = _column_names(cursor, query)
        # SQLite column names are case-insensitive: with "a" and "A", both would return the first.
        check_unique_names([name.lower() for name in names], self.name)
        return names

    def typed_query(self, cursor: Cursor, query: str) -> str:
        """Return the query with one type per column, although SQLite columns may mix types.

        The driver infers types from the first rows, so the query starts with an example row.

        Raises:
            ContractError: Columns hold bytes, or a row is too long.
        """
        names = _column_names(cursor, query)
        type_flags, widest = _scan_columns(cursor, names, query)
        blobs = [name for name, flags in zip(names, type_flags, strict=True) if flags & _BLOB]
        if blobs:
            as_text = f"hex({quote_identifier(blobs[0])})"
            raise UnsupportedColumnsError(blobs, what="bytes (BLOB)", as_text=as_text)
        columns: Columns = []
        examples: list[str] = []
        for name, flags in zip(names, type_flags, strict=True):
            expression, example = _cast(quote_identifier(name), flags)
            columns.append((name, expression))
            examples.append(f"{example} as {quote_identifier(name)}")
        if widest > MAX_ROW_BYTES:
            raise ContractError(
                f"{self.name}: the longest row has {widest:,} bytes; expected at most"
                f" {MAX_ROW_BYTES:,}, leave its longest column out in query of [ingest]"
            )
        _set_rows(cursor, max(1, min(BATCH_ROWS, BATCH_BYTES // max(1, widest))))
        return f"select {', '.join(examples)} union all {select(columns, query)}"

    def run(self, cursor: Cursor, query: str) -> pa.RecordBatchReader:
        """Run a typed query, without its example row.

        Raises:
            ContractError: The types of the values changed since the types were inferred.
        """
        reader = cursor.execute(query).fetch_record_batch()
        first = reader.read_next_batch()
        for column in first.columns:
            if column[0].as_py() != _EXAMPLE_VALUES.get(column.type):
                raise self._unstable_query_error()
        batches = chain([first.slice(1)], reader)
        return pa.RecordBatchReader.from_batches(reader.schema, batches)

    def translate_error(self, text: str, state: str | None) -> StageError:  # noqa: ARG002  # SQLite has no SQLSTATE
        """Return the driver's error as one line."""
        text = (text.splitlines() or [""])[0].rpartition("[SQLite] ")[2].removeprefix("IO: ")
        if "Type mismatch" in text:
            return self._unstable_query_error()
        is_damaged = "malformed" in text or "not a database" in text
        if not is_damaged and ("prepare" in text or "readonly" in text):
            return SettingsError(
                f"{self.name}: refuses the query ({text}); correct query or table in [ingest]"
            )
        return ContractError(f"{self.name}: can't be read as SQLite ({text}); copy the file again")

    def _unstable_query_error(self) -> ContractError:
        return ContractError(
            f"{self.name}: the query returns other values each time it runs; remove random() and"
            " the like, or add `order by`, in query of [ingest]"
        )


def open_sqlite(file: SourceFile, settings: Settings) -> DatabaseTable:
    """Run the query of the settings; see `open_table`."""
    return open_table(database_of(file), settings, format_="sqlite")


def database_of(file: SourceFile) -> SqliteFile:
    """Return the database that a file holds."""
    return SqliteFile(file.name, file.path)


def _execute(cursor: Cursor, query: str, *, rows: int) -> pa.RecordBatchReader:
    _set_rows(cursor, rows)
    return cursor.execute(query).fetch_record_batch()


def _set_rows(cursor: Cursor, rows: int) -> None:
    """Set the number of rows per batch of this cursor."""
    cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(rows)})


def _column_names(cursor: Cursor, query: str) -> list[str]:
    return list(_execute(cursor, query, rows=1).schema.names)


def _scan_columns(cursor: Cursor, names: list[str], query: str) -> tuple[list[int], int]:
    """Return the type flags of each column, and the maximum size of a row in bytes."""
    type_flags, widest = [], 0
    for group in batched(names, _COLUMNS_PER_QUERY, strict=False):
        flags = [
            (f"types of {number}", _type_flags(quote_identifier(name)))
            for number, name in enumerate(group)
        ]
        sizes = [
            (f"bytes of {number}", _max_bytes(quote_identifier(name)))
            for number, name in enumerate(group)
        ]
        reader = _execute(cursor, select(flags + sizes, query), rows=1)
        (row,) = reader.read_all().to_pylist()
        type_flags += [row[name] for name, _ in flags]
        widest += sum(max(_NUMBER_BYTES, row[name]) for name, _ in sizes)
    return type_flags, widest


def _type_flags(column: str) -> str:
    """Return an SQL expression for the type flags of a column."""
    is_big = f"{column} not between {-_MAX_EXACT_INTEGER} and {_MAX_EXACT_INTEGER}"
    tests = {
        _INTEGER: f"typeof({column}) = 'integer'",
        _REAL: f"typeof({column}) = 'real'",
        _TEXT: f"typeof({column}) = 'text'",
        _BLOB: f"typeof({column}) = 'blob'",
        _BIG_INTEGER: f"typeof({column}) = 'integer' and {is_big}",
    }
    return " + ".join(f"{flag} * coalesce(max({test}), 0)" for flag, test in tests.items())


def _max_bytes(column: str) -> str:
    """Return an SQL expression for the size of the longest value of a column."""
    return f"coalesce(max(length(cast({column} as blob))), 0)"


def _cast(column: str, flags: int) -> tuple[str, str]:
    """Return SQL expressions: the column cast to one type, and an example value of that type."""
    if flags in {_INTEGER, _INTEGER | _BIG_INTEGER}:
        return column, str(_EXAMPLE_VALUES[pa.int64()])
    if flags in {_REAL, _REAL | _INTEGER}:
        # Cast only integers: a second run may return other rows, and a text would become 0.
        real = f"case typeof({column}) when 'integer' then cast({column} as real) else {column} end"
        return real, str(_EXAMPLE_VALUES[pa.float64()])
    # SQLite prints 15 digits by default, but some numbers need 17 to round-trip.
    short, exact = (f"printf('%!.{digits}g', {column})" for digits in (15, 17))
    real = f"case when cast({short} as real) = {column} then {short} else {exact} end"
    text = f"cast({column} as text)"
    return f"case typeof({column}) when 'real' then {real} else {text} end", "''"
