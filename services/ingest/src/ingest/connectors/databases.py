"""Databases as make init reads them: the list of tables, and one open table, without a run."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from ingest.connectors.database_tables import Database, DatabaseTable, list_tables
from ingest.connectors.find_source import find_files_of_database
from ingest.connectors.postgresql import open_postgresql, server_of
from ingest.connectors.sqlite import database_of, open_sqlite
from ingest.settings import Settings
from ingest.sources.addresses import source_kind


@contextmanager
def open_database(root: Path, settings: Settings) -> Iterator[list[DatabaseTable]]:
    """Yield the results of the query of the settings: one, or one for each SQLite file.

    Raises:
        SettingsError: There is no such file, or the database rejects the query.
        ContractError: A file cannot be read, or a column has an unsupported type.
        SourceError: The server cannot be reached.
    """
    with ExitStack() as stack:
        if source_kind(settings.source) == "sqlite":
            source = find_files_of_database(root, settings)
            stack.enter_context(source.hold())
            tables = [stack.enter_context(closing(open_sqlite(f, settings))) for f in source.files]
        else:
            tables = [stack.enter_context(closing(open_postgresql(settings)))]
        yield tables


def tables_of_database(root: Path, settings: Settings) -> dict[str, list[str]]:
    """Return the column names of each table and view that may be read; raises as above."""
    database: Database
    if source_kind(settings.source) == "sqlite":
        database = database_of(find_files_of_database(root, settings).files[0])
    else:
        database = server_of(settings)
    return list_tables(database)
