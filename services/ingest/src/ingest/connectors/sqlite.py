"""SQLite: a database file that nobody writes; each column gets one type from its values."""

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
    build_query,
    check_unique_names,
    open_table,
    quote_identifier,
    select,
)
from ingest.settings import Settings
from ingest.sources.source_files import SourceFile

BATCH_ROWS = 1 << 13
BATCH_BYTES = 4 << 20
"""Limits of a batch; the second one uses the widest row."""

_INTEGER, _REAL, _TEXT, _BLOB, _LONG = 1, 2, 4, 8, 16
"""Bit flags of what a column holds; long integers have no exact double."""

_EXACT = 1 << 53
_NUMBER_BYTES = 8
_COLUMNS_AT_ONCE = 300
"""SQLite allows at most 2,000 aggregates, and a column needs six."""

_EXAMPLES = {pa.int64(): 0, pa.float64(): 1.0, pa.string(): ""}
"""Values of the first row, which differ from each other in every wider type."""


@dataclass(frozen=True)
class SqliteFile:
    """A hashed database file."""

    name: str
    path: Path

    def connect(self) -> Connection:
        """Open the file read-only, without locks or files beside it."""
        path = quote(str(self.path.absolute()))
        return driver.connect(f"file:{path}?mode=ro&immutable=1", autocommit=True)

    def typed_query(self, cursor: Cursor, query: str) -> str:
        """Return the query with one type per column, although SQLite columns may mix types.

        The driver takes the types from the first rows, so the query starts with an example row.

        Raises:
            ContractError: a column holds bytes, or its name is not unique.
        """
        names = _names(cursor, query)
        # SQLite column names are case-insensitive: two such names would both return the first
        # column.
        check_unique_names([name.lower() for name in names], self.name)
        contents, widest = _column_contents(cursor, names, query)
        columns: Columns = []
        examples: list[str] = []
        for name, kinds in zip(names, contents, strict=True):
            if kinds & _BLOB:
                raise ContractError(
                    f"{self.name}: column '{name}' holds bytes (BLOB); leave it out, or write it"
                    f" as text, hex({quote_identifier(name)}), in query of [ingest]"
                )
            expression, example = _typed(quote_identifier(name), kinds)
            columns.append((name, expression))
            examples.append(f"{example} as {quote_identifier(name)}")
        _set_rows(cursor, max(1, min(BATCH_ROWS, BATCH_BYTES // max(1, widest))))
        return f"select {', '.join(examples)} union all {select(columns, query)}"

    def run(self, cursor: Cursor, query: str) -> pa.RecordBatchReader:
        """Run a typed query, without its example row.

        Raises:
            ContractError: the types of the values changed since the types were inferred.
        """
        reader = cursor.execute(query).fetch_record_batch()
        first = reader.read_next_batch()
        for column in first.columns:
            if column[0].as_py() != _EXAMPLES.get(column.type):
                raise self._differs()
        batches = chain([first.slice(1)], reader)
        return pa.RecordBatchReader.from_batches(reader.schema, batches)

    def translate_error(self, text: str, state: str | None) -> StageError:  # noqa: ARG002  # SQLite has no SQLSTATE
        """Return the driver's error as one line."""
        text = (text.splitlines() or [""])[0].rpartition("[SQLite] ")[2].removeprefix("IO: ")
        if "Type mismatch" in text:
            return self._differs()
        is_damaged = "malformed" in text or "not a database" in text
        if not is_damaged and ("prepare" in text or "readonly" in text):
            return SettingsError(
                f"{self.name}: refuses the query ({text}); correct query or table in [ingest]"
            )
        return ContractError(f"{self.name}: can't be read as SQLite ({text}); copy the file again")

    def _differs(self) -> ContractError:
        return ContractError(
            f"{self.name}: the query returns other values each time it runs; remove random() and"
            " the like, or add `order by`, in query of [ingest]"
        )


def open_sqlite(file: SourceFile, settings: Settings) -> DatabaseTable:
    """Run the query of the settings; see `open_table`."""
    query = build_query(settings.query, settings.table)
    return open_table(SqliteFile(file.name, file.path), query, format_="sqlite")


def _execute(cursor: Cursor, query: str, *, rows: int) -> pa.RecordBatchReader:
    _set_rows(cursor, rows)
    return cursor.execute(query).fetch_record_batch()


def _set_rows(cursor: Cursor, rows: int) -> None:
    """Set the number of rows per batch of this cursor."""
    cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(rows)})


def _names(cursor: Cursor, query: str) -> list[str]:
    return list(_execute(cursor, query, rows=1).schema.names)


def _column_contents(cursor: Cursor, names: list[str], query: str) -> tuple[list[int], int]:
    """Return what each column holds, and the maximum bytes of a row."""
    contents, widest = [], 0
    for some in batched(names, _COLUMNS_AT_ONCE, strict=False):
        kinds = [
            (f"kinds of {number}", _kinds(quote_identifier(name)))
            for number, name in enumerate(some)
        ]
        bytes_ = [
            (f"bytes of {number}", _bytes(quote_identifier(name)))
            for number, name in enumerate(some)
        ]
        reader = _execute(cursor, select(kinds + bytes_, query), rows=1)
        (row,) = reader.read_all().to_pylist()
        contents += [row[name] for name, _ in kinds]
        widest += sum(max(_NUMBER_BYTES, row[name]) for name, _ in bytes_)
    return contents, widest


def _kinds(column: str) -> str:
    long = f"{column} not between {-_EXACT} and {_EXACT}"
    tests = {
        _INTEGER: f"typeof({column}) = 'integer'",
        _REAL: f"typeof({column}) = 'real'",
        _TEXT: f"typeof({column}) = 'text'",
        _BLOB: f"typeof({column}) = 'blob'",
        _LONG: f"typeof({column}) = 'integer' and {long}",
    }
    return " + ".join(f"{kind} * coalesce(max({test}), 0)" for kind, test in tests.items())


def _bytes(column: str) -> str:
    return f"coalesce(max(length(cast({column} as blob))), 0)"


def _typed(column: str, kinds: int) -> tuple[str, str]:
    """Return an expression that gives a column one type, and an example of that type."""
    if kinds in {_INTEGER, _INTEGER | _LONG}:
        return column, str(_EXAMPLES[pa.int64()])
    if kinds in {_REAL, _REAL | _INTEGER}:
        # Cast only integers: a second run may return other rows, and a text would become 0.
        real = f"case typeof({column}) when 'integer' then cast({column} as real) else {column} end"
        return real, str(_EXAMPLES[pa.float64()])
    # SQLite writes 15 digits, but some numbers need 17 to round-trip.
    short, exact = (f"printf('%!.{digits}g', {column})" for digits in (15, 17))
    real = f"case when cast({short} as real) = {column} then {short} else {exact} end"
    text = f"cast({column} as text)"
    return f"case typeof({column}) when 'real' then {real} else {text} end", "''"
