"""The result of one database query, in batches of contract types."""

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Protocol, cast

import pyarrow as pa
import pyarrow.compute as pc
from adbc_driver_manager import Error
from adbc_driver_manager.dbapi import Connection, Cursor
from stage_contract import ContractError, StageError

from ingest.connectors.background_stream import read_in_background
from ingest.settings import Settings
from ingest.tables.batches import Batch
from ingest.tables.column_choice import (
    ColumnChoice,
    SourceColumns,
    UnreadableColumnsError,
    and_more,
    choose_columns,
)

_FIRST_DAY, _LAST_DAY = date.min.toordinal(), date.max.toordinal()
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_MICROSECONDS = 86_400_000_000

type Columns = list[tuple[str, str]]
"""Name and SQL expression of each column."""


class Database(Protocol):
    """The differences between databases."""

    @property
    def name(self) -> str:
        """Name without credentials, for messages."""

    @property
    def columns_query(self) -> str:
        """SQL that returns a row for each column: name of the table, name of the column."""

    def connect(self) -> Connection:
        """Connect with read-only access."""

    def column_names(self, cursor: Cursor, query: str) -> list[str]:
        """Return the names of the query's columns.

        Raises:
            ContractError: A name is not unique.
        """

    def typed_query(self, cursor: Cursor, query: str) -> str:
        """Return SQL that gives each column of the query a type of the contract."""

    def run(self, cursor: Cursor, query: str) -> pa.RecordBatchReader:
        """Run a typed query."""

    def translate_error(self, text: str, state: str | None) -> StageError:
        """Return the driver's error as one line without secrets; `state` is its SQLSTATE."""


@dataclass(frozen=True)
class DatabaseTable:
    """The result of a query whose columns are known."""

    name: str
    format: str
    columns: SourceColumns
    schema: pa.Schema
    _rows: Generator[pa.RecordBatch]
    has_names = True

    def batches(self) -> Iterator[Batch]:
        """Yield batches of the schema, only once: a second run may return other rows."""
        done = 0
        for rows in self._rows:
            check_values(rows, self.name)
            done += rows.nbytes
            yield Batch(rows, position=done)

    def facts(self) -> dict[str, object]:
        """Return how the table was read, for source.json."""
        return {"format": self.format}

    def close(self) -> None:
        """End the query if it is still running."""
        self._rows.close()


def list_tables(database: Database) -> dict[str, list[str]]:
    """Return the column names of each table and view.

    Raises:
        SourceError: The database cannot be reached.
        ContractError: The database cannot be read.
    """
    tables: dict[str, list[str]] = {}
    try:
        with database.connect() as connection, connection.cursor() as cursor:
            for table, column in cursor.execute(database.columns_query).fetchall():
                tables.setdefault(table, []).append(column)
    except Error as error:
        raise database.translate_error(str(error), error.sqlstate) from None
    return tables


def open_table(database: Database, settings: Settings, *, format_: str) -> DatabaseTable:
    """Run the query of the settings for the columns that they choose.

    Raises:
        SourceError: The database cannot be reached.
        SettingsError: The database rejects the query, or no column is left.
        ContractError: A column that is read has an unsupported type.
    """
    running = _RunningQuery(database, settings)
    stream = read_in_background(running.items, cancel=running.cancel)
    columns, schema = cast("tuple[SourceColumns, pa.Schema]", next(stream))
    rows = cast("Generator[pa.RecordBatch]", stream)
    return DatabaseTable(database.name, format_, columns, schema, rows)


class _RunningQuery:
    """A query that streams its result and can be cancelled."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._cursor: Cursor | None = None

    def items(self) -> Iterator[tuple[SourceColumns, pa.Schema] | pa.RecordBatch]:
        """Yield columns and schema, then batches; driver errors are translated."""
        query = build_query(self._settings.query, self._settings.table)
        try:
            with self._database.connect() as connection, connection.cursor() as cursor:
                self._cursor = cursor
                names = self._database.column_names(cursor, query)
                columns = choose_columns(names, self._settings, source=self._database.name)
                if not columns.are_whole:
                    chosen = [names[place] for place in columns.places]
                    query = select([(name, quote_identifier(name)) for name in chosen], query)
                typed = self._database.typed_query(cursor, query)
                reader = self._database.run(cursor, typed)
                read = zip(columns.read, reader.schema.types, strict=True)
                yield columns, pa.schema([(column.name, kind) for column, kind in read])
                yield from reader
        except UnsupportedColumnsError as error:
            raise error.explain(self._database.name, self._settings) from None
        except Error as error:
            raise self._database.translate_error(str(error), error.sqlstate) from None
        except (pa.ArrowException, OSError) as error:
            # While batches are read, driver errors are Arrow errors without an SQLSTATE.
            raise self._database.translate_error(str(error), None) from None

    def cancel(self) -> None:
        """Tell the server to cancel the query."""
        if self._cursor is not None:
            # The query may have ended; SQLite's driver cannot cancel, it ends with the process.
            with suppress(Error):
                self._cursor.adbc_cancel()


def build_query(query: str | None, table: str | None) -> str:
    """Return the query to run: the given one, or one for all rows of a table."""
    if query is not None:
        return query.strip().rstrip(";")
    return f"select * from {'.'.join(map(quote_identifier, (table or '').split('.')))}"  # noqa: S608  # quoted


def select(columns: Columns, query: str) -> str:
    """Return a query that selects these columns from another query's result."""
    expressions = ", ".join(
        f"{expression} as {quote_identifier(name)}" for name, expression in columns
    )
    # On a line of its own: a comment at the query's end would swallow the parenthesis.
    return f"select {expressions} from (\n{query}\n) as source"  # noqa: S608  # names are quoted


def quote_identifier(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def check_unique_names(names: Sequence[str], source: str) -> None:
    """Raise a ContractError if a column name is not unique, which is ambiguous in a subquery."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ContractError(
            f"{source}: column '{twice[0]}' appears twice; rename one of them in query of"
            " [ingest], with `as`"
        )


class UnsupportedColumnsError(Exception):
    """Columns of an unsupported type, of which the first holds `what`."""

    def __init__(self, names: Sequence[str], *, what: str, as_text: str) -> None:
        super().__init__()
        self.names = names
        self.what = what
        self.as_text = as_text
        """The first column as an expression of type text, for a query."""

    def explain(self, source: str, settings: Settings) -> UnreadableColumnsError:
        """Return the error for the user, with a setting to write."""
        more = and_more(len(self.names) - 1)
        return UnreadableColumnsError(
            f"{source}: column '{self.names[0]}' holds {self.what}{more};"
            f" {ColumnChoice(settings).remedy(self.names)}, or write it as text, {self.as_text},"
            " in query",
            names=self.names,
        )


def check_values(rows: pa.RecordBatch, name: str) -> None:
    """Raise a ContractError unless all texts are UTF-8 and all times within the contract's years.

    Infinite times overflow in Arrow, to values outside these years.
    """
    for column, values in zip(rows.schema.names, rows.columns, strict=True):
        _check_times(values, column=column, name=name)
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            raise ContractError(
                f"{name}: column '{column}' holds texts that are not UTF-8; fix them, or leave it"
                " out of query in [ingest]"
            ) from None


def _check_times(values: pa.Array, *, column: str, name: str) -> None:
    if pa.types.is_date32(values.type):
        numbers, day = values.view(pa.int32()), 1
    elif pa.types.is_timestamp(values.type):
        numbers, day = values.view(pa.int64()), _DAY_MICROSECONDS
    else:
        return
    limits = pc.min_max(numbers).as_py()
    first, end = (_FIRST_DAY - _EPOCH_DAY) * day, (_LAST_DAY + 1 - _EPOCH_DAY) * day
    if limits["min"] is not None and not first <= limits["min"] <= limits["max"] < end:
        raise ContractError(
            f"{name}: column '{column}' holds infinity or a year outside 0001 to 9999; leave such"
            " rows out of query in [ingest], or write the column as text"
        )
