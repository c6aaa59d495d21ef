"""Reads the source files batch by batch and writes raw-data."""

from collections.abc import Iterator, Sequence

from stage_contract import LOGGER, ContractError, Draft, Progress, Rejects
from stage_contract.publishing import write_json

from ingest.alignment import AlignedFile, align, tell_drift
from ingest.batches import Batch, MalformedLine
from ingest.partitions import partition_of
from ingest.readers import inspect
from ingest.settings import Settings
from ingest.sources import SourceFiles
from ingest.tables import TableWriter


def ingest(source: SourceFiles, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, source.json and the malformed lines in rejects/."""
    files = open_files(source, settings)
    schema = files[0].schema
    first_malformed: MalformedLine | None = None
    with (
        TableWriter(draft.folder("table"), schema) as writer,
        Rejects(draft.path) as rejects,
    ):
        for file, batch in batches_of(files, sum(file.bytes for file in source.files)):
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
    LOGGER.info(
        "%s rows, %d columns, %s malformed lines rejected",
        f"{writer.rows:,}",
        len(schema),
        f"{rejects.count:,}",
        extra={"rows": writer.rows, "rejected": rejects.count},
    )


def open_files(source: SourceFiles, settings: Settings) -> list[AlignedFile]:
    """Return the source files as one table, and say in the log how they differ.

    Raises:
        ContractError: one can't be read as a table, or they are none together.
    """
    files = align(
        [inspect(file.path, file.name, settings) for file in source.files],
        [partition_of(file.name, settings.source) for file in source.files],
    )
    tell_drift(files)
    return files


def batches_of(
    files: Sequence[AlignedFile], total_bytes: int
) -> Iterator[tuple[AlignedFile, Batch]]:
    """Yield the batches of all files, with the columns of the table; reports progress."""
    progress = Progress("MB read", total=total_bytes // 1_000_000)
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
