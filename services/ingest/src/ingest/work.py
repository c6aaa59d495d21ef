"""Reads the source files batch by batch and writes raw-data."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict

import pyarrow as pa
from stage_contract import LOGGER, ContractError, Draft, Progress, Rejects
from stage_contract.digests import content_digest, file_digest
from stage_contract.publishing import write_json

from ingest.addresses import kind_of
from ingest.batches import Batch, MalformedLine
from ingest.columns import name_columns
from ingest.csv_files import CsvFile, inspect_csv
from ingest.databases import DatabaseTable
from ingest.downloads import Download, download
from ingest.formats import PARQUET
from ingest.parquet_files import ParquetFile, inspect_parquet
from ingest.postgresql import open_postgresql
from ingest.remote import Facts, RemoteSource
from ingest.settings import Settings
from ingest.sources import SourceFile, SourceFiles
from ingest.sqlite import open_sqlite
from ingest.tables import TableWriter

type Table = CsvFile | ParquetFile | DatabaseTable


def ingest(source: SourceFiles | RemoteSource, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, source.json and the malformed lines in rejects/."""
    with _opened(source, draft, settings) as (tables, total_bytes):
        _write(tables, draft, header=settings.header, total_bytes=total_bytes)


@contextmanager
def _opened(
    source: SourceFiles | RemoteSource, draft: Draft, settings: Settings
) -> Iterator[tuple[list[Table], int | None]]:
    """Yield what a source holds as tables, and how many bytes there are if that is known."""
    match kind_of(settings.source), source:
        case "files", SourceFiles(files):
            yield [_inspect(file, settings) for file in files], sum(file.bytes for file in files)
        case "sqlite", SourceFiles(files):
            with ExitStack() as stack:
                yield (
                    [stack.enter_context(closing(open_sqlite(file, settings))) for file in files],
                    None,
                )
        case "http", RemoteSource():
            folder = draft.folder("download")
            file = download(settings, folder)
            source.was_read(Facts(file.bytes, file.sha256))
            draft.run["etag"] = file.etag
            yield [_inspect(file, settings)], file.bytes
            shutil.rmtree(folder)
        case _, RemoteSource():
            with closing(open_postgresql(settings)) as table:
                yield [table], None
            source.was_read(_facts_of_table(draft))


def _facts_of_table(draft: Draft) -> Facts:
    paths = list(draft.folder("table").iterdir())
    digests = [(path.relative_to(draft.path).as_posix(), file_digest(path)) for path in paths]
    return Facts(sum(path.stat().st_size for path in paths), content_digest(digests))


def _write(tables: list[Table], draft: Draft, *, header: bool, total_bytes: int | None) -> None:
    schema = _common_schema(tables, header=header)
    with (
        TableWriter(draft.folder("table"), schema) as writer,
        Rejects(draft.path) as rejects,
    ):
        for table, batch in _batches(tables, total_bytes):
            writer.write(batch.rows.rename_columns(schema.names))
            for line in batch.malformed:
                _reject(line, table, rejects)
    if not writer.rows:
        names = ", ".join(table.name for table in tables)
        raise ContractError(
            f"{names}: no rows{f' but {rejects.count} malformed lines' if rejects.count else ''};"
            " expected a table"
        )
    write_json(draft.path / "source.json", _describe(tables, schema))
    draft.rows, draft.rejected = writer.rows, rejects.count
    LOGGER.info(
        "%s rows, %d columns, %s malformed lines rejected",
        f"{writer.rows:,}",
        len(schema),
        f"{rejects.count:,}",
        extra={"rows": writer.rows, "rejected": rejects.count},
    )


def _inspect(file: SourceFile | Download, settings: Settings) -> Table:
    if settings.format == "parquet" or (settings.format is None and _looks_like_parquet(file)):
        return inspect_parquet(file.path, file.name)
    return inspect_csv(file.path, file.name, settings)


def _looks_like_parquet(file: SourceFile | Download) -> bool:
    with file.path.open("rb") as stream:
        return stream.read(len(PARQUET)) == PARQUET


def _common_schema(tables: list[Table], *, header: bool) -> pa.Schema:
    """Return the schema that all files share.

    Raises:
        ContractError: a file has other columns than the first.
    """
    schemas = [_schema(table, header=header) for table in tables]
    for table, schema in zip(tables, schemas, strict=True):
        if schema != schemas[0]:
            differing = sorted(set(schema) ^ set(schemas[0]), key=str)
            raise ContractError(
                f"{table.name}: other columns than {tables[0].name}"
                f" ({differing[0].name if differing else 'in another order'});"
                " expected the same in every file of a source"
            )
    return schemas[0]


def _schema(table: Table, *, header: bool) -> pa.Schema:
    if not isinstance(table, CsvFile):
        names = name_columns(table.schema.names, file=table.name, header=True)
        return pa.schema(list(zip(names, table.schema.types, strict=True)))
    names = name_columns(table.columns, file=table.name, header=header)
    return pa.schema([(name, pa.string()) for name in names])


def _batches(tables: list[Table], total_bytes: int | None) -> Iterator[tuple[Table, Batch]]:
    progress = Progress("MB read", total=total_bytes and total_bytes // 1_000_000)
    for table in tables:
        done = 0
        for batch in table.batches():
            yield table, batch
            progress.add(batch.position // 1_000_000 - done)
            done = batch.position // 1_000_000


def _reject(line: MalformedLine, table: Table, rejects: Rejects) -> None:
    rejects.add(
        row=line.number,
        reason="malformed line",
        record=line.text,
        file=table.name,
        value=f"{line.cells} cells",
        expected=f"{line.expected} cells",
    )


def _describe(tables: list[Table], schema: pa.Schema) -> dict[str, object]:
    """Return source.json: how each file was read, and the columns."""
    files = [
        {"source": table.name, "format": "csv"} | asdict(table.dialect)
        if isinstance(table, CsvFile)
        else {"source": table.name, "format": table.format}
        for table in tables
    ]
    columns = [{"name": field.name, "type": str(field.type)} for field in schema]
    return {"files": files, "columns": columns}
