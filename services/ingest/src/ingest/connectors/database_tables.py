"""Tables of a database: one query, read in batches of types that the contract knows."""

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

from ingest.connectors.background_stream import in_background
from ingest.tables.batches import Batch

_FIRST, _LAST = date.min.toordinal(), date.max.toordinal()
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_MICROSECONDS = 86_400_000_000

type Columns = list[tuple[str, str]]
"""Name and SQL expression of each column."""


class Database(Protocol):
    """What differs between databases."""

    @property
    def name(self) -> str:
        """What people know it by, without credentials."""

    def connect(self) -> Connection:
        """Connect without the right to change anything."""

    def typed_query(self, cursor: Cursor, query: str) -> str:
        """Return the query with each column in a type of the contract, as SQL."""

    def run(self, cursor: Cursor, query: str) -> pa.RecordBatchReader:
        """Run a typed query."""

    def told(self, text: str, state: str | None) -> StageError:
        """Return the driver's error, and its SQLSTATE if any, as one line without secrets."""


@dataclass(frozen=True)
class DatabaseTable:
    """A query's result whose columns are known."""

    name: str
    format: str
    schema: pa.Schema
    _rows: Generator[pa.RecordBatch]
    has_names = True

    def batches(self) -> Iterator[Batch]:
        """Yield batches of the schema; once, since a query may give other rows each time."""
        done = 0
        for rows in self._rows:
            check_values(rows, self.name)
            done += rows.nbytes
            yield Batch(rows, position=done)

    def facts(self) -> dict[str, object]:
        """Return how it was read, for source.json."""
        return {"format": self.format}

    def close(self) -> None:
        """End the query if it is still running."""
        self._rows.close()


def open_table(database: Database, query: str, *, format_: str) -> DatabaseTable:
    """Run a query.

    Raises:
        SourceError: the database can't be reached.
        SettingsError: it refuses the query.
        ContractError: a column has a type that no table can hold.
    """
    running = _Running(database, query)
    stream = in_background(running.items, cancel=running.cancel)
    schema = cast("pa.Schema", next(stream))
    return DatabaseTable(database.name, format_, schema, stream)


class _Running:
    """One query while it runs."""

    def __init__(self, database: Database, query: str) -> None:
        self._database = database
        self._query = query
        self._cursor: Cursor | None = None

    def items(self) -> Iterator[pa.Schema | pa.RecordBatch]:
        """Yield the schema, then batches; errors are told to people."""
        try:
            with self._database.connect() as connection, connection.cursor() as cursor:
                self._cursor = cursor
                typed = self._database.typed_query(cursor, self._query)
                reader = self._database.run(cursor, typed)
                yield reader.schema
                yield from reader
        except Error as error:
            raise self._database.told(str(error), error.sqlstate) from None
        except (pa.ArrowException, OSError) as error:
            # While batches are read the driver's errors come as Arrow's, without a state.
            raise self._database.told(str(error), None) from None

    def cancel(self) -> None:
        """Tell the server that nobody waits for the rest."""
        if self._cursor is not None:
            # It may have ended meanwhile; and SQLite's driver can't, it ends with the process.
            with suppress(Error):
                self._cursor.adbc_cancel()


def query_of(query: str | None, table: str | None) -> str:
    """Return what is to be run: the query, or one for all rows of a table."""
    if query is not None:
        return query.strip().rstrip(";")
    return f"select * from {'.'.join(map(quoted, (table or '').split('.')))}"  # noqa: S608  # quoted


def select(columns: Columns, query: str) -> str:
    """Return a query for these columns of another query's result."""
    expressions = ", ".join(f"{expression} as {quoted(name)}" for name, expression in columns)
    # A line of its own, or a comment at the query's end would swallow the parenthesis.
    return f"select {expressions} from (\n{query}\n) as source"  # noqa: S608  # names are quoted


def quoted(name: str) -> str:
    """Return a name as SQL writes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def check_names(names: Sequence[str], source: str) -> None:
    """Raise a ContractError if a name stands twice: inside a query it would be ambiguous."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ContractError(
            f"{source}: column '{twice[0]}' is there twice; rename one of them in query of"
            " [ingest], with `as`"
        )


def check_values(rows: pa.RecordBatch, name: str) -> None:
    """Raise a ContractError unless all texts are UTF-8 and all times within the contract's years.

    Infinite times wrap around in Arrow's numbers, to values outside these years.
    """
    for column, values in zip(rows.schema.names, rows.columns, strict=True):
        _check_times(values, column=column, name=name)
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            raise ContractError(
                f"{name}: column '{column}' holds texts that are no UTF-8; mend them, or leave it"
                " out of query in [ingest]"
            ) from None


def _check_times(values: pa.Array, *, column: str, name: str) -> None:
    if pa.types.is_date32(values.type):
        numbers, day = values.view(pa.int32()), 1
    elif pa.types.is_timestamp(values.type):
        numbers, day = values.view(pa.int64()), _DAY_MICROSECONDS
    else:
        return
    found = pc.min_max(numbers).as_py()
    first, end = (_FIRST - _EPOCH) * day, (_LAST + 1 - _EPOCH) * day
    if found["min"] is not None and not first <= found["min"] <= found["max"] < end:
        raise ContractError(
            f"{name}: column '{column}' holds infinity or a year outside 0001 to 9999; leave such"
            " rows out of query in [ingest], or write the column as text"
        )
