"""Reads the source files batch by batch and writes raw-data."""

from collections.abc import Iterator
from dataclasses import asdict

import pyarrow as pa
from stage_contract import LOGGER, ContractError, Draft, Progress, Rejects
from stage_contract.memory import require_memory
from stage_contract.publishing import write_json

from ingest.batches import Batch, MalformedLine
from ingest.columns import name_columns
from ingest.csv_files import CsvFile
from ingest.opening import Table, opened
from ingest.remote import RemoteSource
from ingest.settings import Settings
from ingest.sources import SourceFiles
from ingest.tables import MEMORY_BYTES, TableWriter


def ingest(source: SourceFiles | RemoteSource, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, source.json and the malformed lines in rejects/."""
    require_memory(MEMORY_BYTES, what="reading a table")
    with opened(source, draft, settings) as (tables, total_bytes):
        _write(tables, draft, header=settings.header, total_bytes=total_bytes)


def _write(tables: list[Table], draft: Draft, *, header: bool, total_bytes: int | None) -> None:
    schema = common_schema(tables, header=header)
    with (
        TableWriter(draft.folder("table"), schema) as writer,
        Rejects(draft.path) as rejects,
    ):
        for table, batch in batches_of(tables, total_bytes):
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


def common_schema(tables: list[Table], *, header: bool) -> pa.Schema:
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


def batches_of(tables: list[Table], total_bytes: int | None) -> Iterator[tuple[Table, Batch]]:
    """Yield the batches of all tables, columns named as their files do; reports progress."""
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
        else {"source": table.name} | table.facts()
        for table in tables
    ]
    columns = [{"name": field.name, "type": str(field.type)} for field in schema]
    return {"files": files, "columns": columns}
