"""SQLite: a file that nobody writes, each column in the one type that its values have."""

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
    check_names,
    open_table,
    query_of,
    quoted,
    select,
)
from ingest.settings import Settings
from ingest.sources.source_files import SourceFile

BATCH_ROWS = 1 << 13
BATCH_BYTES = 4 << 20
"""Bound the memory, the second by the widest row."""

_INTEGER, _REAL, _TEXT, _BLOB, _LONG = 1, 2, 4, 8, 16
"""What a column holds, added up; long integers are those that a double can't hold exactly."""

_EXACT = 1 << 53
_NUMBER_BYTES = 8
_COLUMNS_AT_ONCE = 300
"""SQLite takes at most 2,000 aggregates, of which a column needs six."""

_EXAMPLES = {pa.int64(): 0, pa.float64(): 1.0, pa.string(): ""}
"""Values of the first row, of which none becomes another of them in a wider type."""


@dataclass(frozen=True)
class File:
    """A database file, as it was when it was hashed."""

    name: str
    path: Path

    def connect(self) -> Connection:
        """Open the file, read-only, without locks or files beside it: nobody writes it."""
        path = quote(str(self.path.absolute()))
        return driver.connect(f"file:{path}?mode=ro&immutable=1", autocommit=True)

    def typed_query(self, cursor: Cursor, query: str) -> str:
        """Return the query with one type a column, whatever SQLite lets a column hold.

        A first row shows the driver these types, which it takes from the first rows.

        Raises:
            ContractError: a column holds bytes, or is there twice.
        """
        names = _names(cursor, query)
        # SQLite finds a column whatever the case of its name: of two it would give the first twice.
        check_names([name.lower() for name in names], self.name)
        held, widest = _held(cursor, names, query)
        columns: Columns = []
        examples: list[str] = []
        for name, kinds in zip(names, held, strict=True):
            if kinds & _BLOB:
                raise ContractError(
                    f"{self.name}: column '{name}' holds bytes (BLOB); leave it out, or write it"
                    f" as text, hex({quoted(name)}), in query of [ingest]"
                )
            expression, example = _typed(quoted(name), kinds)
            columns.append((name, expression))
            examples.append(f"{example} as {quoted(name)}")
        _set_rows(cursor, max(1, min(BATCH_ROWS, BATCH_BYTES // max(1, widest))))
        return f"select {', '.join(examples)} union all {select(columns, query)}"

    def run(self, cursor: Cursor, query: str) -> pa.RecordBatchReader:
        """Run a typed query, without its first row.

        Raises:
            ContractError: it gives values of other types than when it ran to find the types.
        """
        reader = cursor.execute(query).fetch_record_batch()
        first = reader.read_next_batch()
        for column in first.columns:
            if column[0].as_py() != _EXAMPLES.get(column.type):
                raise self._differs()
        batches = chain([first.slice(1)], reader)
        return pa.RecordBatchReader.from_batches(reader.schema, batches)

    def told(self, text: str, state: str | None) -> StageError:  # noqa: ARG002  # it has none
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
            f"{self.name}: the query gives other values each time it runs; leave out random() and"
            " the like, or add `order by`, in query of [ingest]"
        )


def open_sqlite(file: SourceFile, settings: Settings) -> DatabaseTable:
    """Run the query of the settings; see `open_table`."""
    query = query_of(settings.query, settings.table)
    return open_table(File(file.name, file.path), query, format_="sqlite")


def _execute(cursor: Cursor, query: str, *, rows: int) -> pa.RecordBatchReader:
    _set_rows(cursor, rows)
    return cursor.execute(query).fetch_record_batch()


def _set_rows(cursor: Cursor, rows: int) -> None:
    """Set how many rows a batch of this cursor has from now on."""
    cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(rows)})


def _names(cursor: Cursor, query: str) -> list[str]:
    return list(_execute(cursor, query, rows=1).schema.names)


def _held(cursor: Cursor, names: list[str], query: str) -> tuple[list[int], int]:
    """Return what each column holds in all of its rows, and how many bytes a row has at most."""
    held, widest = [], 0
    for some in batched(names, _COLUMNS_AT_ONCE, strict=False):
        kinds = [(f"kinds of {number}", _kinds(quoted(name))) for number, name in enumerate(some)]
        bytes_ = [(f"bytes of {number}", _bytes(quoted(name))) for number, name in enumerate(some)]
        reader = _execute(cursor, select(kinds + bytes_, query), rows=1)
        (row,) = reader.read_all().to_pylist()
        held += [row[name] for name, _ in kinds]
        widest += sum(max(_NUMBER_BYTES, row[name]) for name, _ in bytes_)
    return held, widest


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
    """Return a column as an expression of one type, and an example of that type."""
    if kinds in {_INTEGER, _INTEGER | _LONG}:
        return column, str(_EXAMPLES[pa.int64()])
    if kinds in {_REAL, _REAL | _INTEGER}:
        # Only integers: a query may give other rows when it runs again, and a text would become 0.
        real = f"case typeof({column}) when 'integer' then cast({column} as real) else {column} end"
        return real, str(_EXAMPLES[pa.float64()])
    # SQLite would write 15 digits, and some numbers need 17 to be the same again.
    short, exact = (f"printf('%!.{digits}g', {column})" for digits in (15, 17))
    real = f"case when cast({short} as real) = {column} then {short} else {exact} end"
    text = f"cast({column} as text)"
    return f"case typeof({column}) when 'real' then {real} else {text} end", "''"
