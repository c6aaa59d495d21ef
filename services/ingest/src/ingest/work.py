"""Reads the source files batch by batch and writes raw-data."""

from collections.abc import Iterator, Sequence

from stage_contract import LOGGER, ContractError, Draft, Progress, Rejects
from stage_contract.artifacts.publishing import write_json
from stage_contract.memory import require_memory

from ingest.connectors.open_source import opened
from ingest.connectors.remote_source import RemoteSource
from ingest.settings import Settings
from ingest.sources.addresses import kind_of
from ingest.sources.source_files import SourceFiles
from ingest.tables.alignment import AlignedFile, align, tell_drift
from ingest.tables.batches import Batch, MalformedLine, Table
from ingest.tables.hive_partitions import partition_of
from ingest.tables.parquet_writer import MEMORY_BYTES, TableWriter


def ingest(source: SourceFiles | RemoteSource, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, source.json and the malformed lines in rejects/."""
    require_memory(MEMORY_BYTES, what="reading a table")
    with opened(source, draft, settings) as (tables, total_bytes):
        files = as_one(tables, settings)
        _write(files, draft, total_bytes=total_bytes)
    source.forms[:] = [file.form() for file in files]


def _write(files: Sequence[AlignedFile], draft: Draft, *, total_bytes: int | None) -> None:
    schema = files[0].schema
    first_malformed: MalformedLine | None = None
    with (
        TableWriter(draft.folder("table"), schema) as writer,
        Rejects(draft.path) as rejects,
    ):
        for file, batch in batches_of(files, total_bytes):
            writer.write(batch.rows)
            for line in batch.malformed:
                first_malformed = first_malformed or line
                _reject(line, file, rejects)
    if not writer.rows:
        raise ContractError(f"{_names(files)}: {_why_no_rows(first_malformed, rejects.count)}")
    columns = [{"name": field.name, "type": str(field.type)} for field in schema]
    described = {"files": [file.facts() for file in files], "columns": columns}
    write_json(draft.path / "source.json", described)
    draft.rows, draft.rejected = writer.rows, rejects.count
    draft.metrics = {"rejected_by_reason": dict(sorted(rejects.reasons.items()))}
    LOGGER.info(
        "%s rows, %d columns, %s malformed lines rejected",
        f"{writer.rows:,}",
        len(schema),
        f"{rejects.count:,}",
        extra={"rows": writer.rows, "rejected": rejects.count},
    )


def as_one(tables: Sequence[Table], settings: Settings) -> list[AlignedFile]:
    """Return the files, or whatever else has tables, as one; say in the log how they differ.

    Raises:
        ContractError: they are none together.
    """
    has_folders = kind_of(settings.source) == "files"
    files = align(
        tables,
        [partition_of(table.name, settings.source) if has_folders else {} for table in tables],
    )
    tell_drift(files)
    return files


def batches_of(
    files: Sequence[AlignedFile], total_bytes: int | None
) -> Iterator[tuple[AlignedFile, Batch]]:
    """Yield the batches of all files, with the columns of the table; reports progress."""
    progress = Progress("MB read", total=total_bytes and total_bytes // 1_000_000)
    for file in files:
        done = 0
        for batch in file.batches():
            yield file, batch
            progress.add(batch.position // 1_000_000 - done)
            done = batch.position // 1_000_000


def _names(files: Sequence[AlignedFile]) -> str:
    more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    return f"{files[0].table.name}{more}"


def _why_no_rows(first: MalformedLine | None, count: int) -> str:
    if first is None:
        return "no rows; expected a table"
    return (
        f"no rows but {count:,} malformed lines, first line {first.number} with {first.value},"
        f" expected {first.expected}; mend the file, or check delimiter, quote and skip in [ingest]"
    )


def _reject(line: MalformedLine, file: AlignedFile, rejects: Rejects) -> None:
    rejects.add(
        row=line.number,
        reason="malformed line",
        record=line.text,
        file=file.table.name,
        value=line.value,
        expected=line.expected,
    )
