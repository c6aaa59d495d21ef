"""Read the source files batch by batch and write raw-data."""

from collections.abc import Iterator, Sequence

from stage_contract import LOGGER, ContractError, Draft, Progress, Rejects
from stage_contract.artifacts.publishing import write_json
from stage_contract.memory import require_memory

from ingest.connectors.open_source import open_source
from ingest.connectors.remote_source import RemoteSource
from ingest.files.setting_errors import ReaderSettingError
from ingest.settings import Settings
from ingest.sources.addresses import source_kind
from ingest.sources.source_files import SourceFiles
from ingest.tables.alignment import AlignedFile, align, log_schema_drift
from ingest.tables.batches import Batch, MalformedLine, Table
from ingest.tables.hive_partitions import hive_partition
from ingest.tables.parquet_writer import MEMORY_BYTES, TableWriter
from ingest.toml_text import join_names


def ingest(source: SourceFiles | RemoteSource, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, source.json and the malformed lines in rejects/."""
    require_memory(MEMORY_BYTES, what="reading a table")
    with open_source(source, draft, settings) as (tables, total_bytes):
        files = align_files(tables, settings)
        _write(files, draft, total_bytes=total_bytes)
    source.descriptors[:] = [file.descriptor() for file in files]


def _write(files: Sequence[AlignedFile], draft: Draft, *, total_bytes: int | None) -> None:
    schema = files[0].schema
    first_malformed: MalformedLine | None = None
    with (
        TableWriter(draft.folder("table"), schema) as writer,
        Rejects(draft.path) as rejects,
    ):
        for file, batch in read_batches(files, total_bytes):
            writer.write(batch.rows)
            for line in batch.malformed:
                first_malformed = first_malformed or line
                _reject(line, file, rejects)
    if not writer.rows:
        raise no_rows_error(_names(files), first_malformed, rejects.count)
    columns = [{"name": field.name, "type": str(field.type)} for field in schema]
    described = {"files": [file.facts() for file in files], "columns": columns}
    write_json(draft.path / "source.json", described)
    draft.rows, draft.rejected, draft.columns = writer.rows, rejects.count, columns
    draft.metrics = {"rejected_by_reason": dict(sorted(rejects.reasons.items()))}
    LOGGER.info(
        "%s rows, %d columns, %s malformed lines rejected",
        f"{writer.rows:,}",
        len(schema),
        f"{rejects.count:,}",
        extra={"rows": writer.rows, "rejected": rejects.count},
    )


def align_files(tables: Sequence[Table], settings: Settings) -> list[AlignedFile]:
    """Return the tables aligned as one, and log how they differ.

    Raises:
        ContractError: The tables have no common schema.
    """
    has_folders = source_kind(settings.source) == "files"
    files = align(
        tables,
        [hive_partition(table.name, settings.source) if has_folders else {} for table in tables],
        settings,
    )
    log_schema_drift(files)
    _log_choice(files, settings)
    return files


def _log_choice(files: Sequence[AlignedFile], settings: Settings) -> None:
    """Log which columns are not read, and that `flatten` has no effect."""
    skipped = [*dict.fromkeys(name for file in files for name in file.skipped)]
    if skipped:
        LOGGER.info("columns skipped: %d, %s", len(skipped), join_names(skipped))
    if settings.flatten and not any(file.table.columns.flattened for file in files):
        LOGGER.warning("flatten has no effect: no column that is read holds a struct; leave it out")


def read_batches(
    files: Sequence[AlignedFile], total_bytes: int | None
) -> Iterator[tuple[AlignedFile, Batch]]:
    """Yield the batches of all files with the columns of the table; reports progress."""
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


def no_rows_error(source: str, first: MalformedLine | None, count: int) -> ContractError:
    """Return why a source has no rows, with its first malformed line if there is one."""
    if first is None:
        return ContractError(f"{source}: no rows; expected a table")
    return ReaderSettingError(
        f"{source}: no rows but {count:,} malformed lines, first line {first.number} with"
        f" {first.value}, expected {first.expected}; fix the file, or ",
        remedy="check delimiter, quote and skip in [ingest]",
        init_remedy="set DELIMITER, QUOTE or SKIP",
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
