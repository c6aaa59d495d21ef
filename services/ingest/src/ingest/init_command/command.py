"""The command `init FILE`, which prints a pipeline file for a table."""

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
from pydantic import ValidationError
from stage_contract import (
    LOGGER,
    ContractError,
    SettingsError,
    StageError,
    configure_logging,
    heartbeat,
)
from stage_contract.stages.failures import as_stage_error, one_line

from ingest.csv.csv_files import CsvFile
from ingest.csv.header import looks_like_data
from ingest.files.setting_errors import ReaderSettingError
from ingest.init_command.pipeline_file import write_pipeline
from ingest.init_command.proposal import Proposal, propose
from ingest.init_command.targets import AmbiguousTargetError
from ingest.profiling.toml_text import has_or_have, join_names, quote
from ingest.readers.json_lines import JsonLinesFile
from ingest.readers.reader_choice import inspect_file
from ingest.settings import Settings
from ingest.sources.source_files import find_files
from ingest.tables.batches import Batch, MalformedLine, Table
from ingest.work import align_files, no_rows_error, read_batches

READER_OPTIONS = {
    "encoding": "encoding of a text file, for example cp1252",
    "delimiter": "delimiter of a CSV file: one character, or tab",
    "quote": "quote character of a CSV file, or none",
    "escape": "character that escapes a quote in a CSV file, or backslash",
    "skip": "lines before the header of a CSV file",
    "format": "csv, jsonl, parquet or arrow, if it is not detected",
}
"""Settings of the reader that init takes and writes, with their help."""
_CHARACTERS = {"tab": "\t", "\\t": "\t", "backslash": "\\"}
"""Names of characters that are hard to type in a shell."""


def print_pipeline(arguments: Sequence[str]) -> NoReturn:
    """Run the command as a process: TOML to standard output, log lines to standard error.

    Exit codes: 0 success; 65 unreadable table, or no clear target; 78 invalid argument.
    """
    options = _parser().parse_args(arguments)
    configure_logging("ingest")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)
    root = Path(os.environ.get("STAGE_IN", "/data/in")).absolute()
    try:
        with heartbeat():
            text = propose_pipeline(
                root,
                source=_relative_source(root, options.file),
                target=options.target,
                reader={name: getattr(options, name) for name in READER_OPTIONS},
            )
    except AmbiguousTargetError as error:
        if options.list_candidates:
            sys.stdout.writelines(f"{line}\n" for line in candidate_lines(error))
            sys.exit(error.exit_code)
        _exit_with(error)
    except Exception as error:
        failure = as_stage_error(error, root)
        if failure is None:
            raise
        _exit_with(failure)
    sys.stdout.write(text)
    sys.exit(0)


def _exit_with(failure: StageError) -> NoReturn:
    LOGGER.error("%s", one_line(failure), extra={"exit_code": failure.exit_code})
    sys.exit(failure.exit_code)


def candidate_lines(error: AmbiguousTargetError) -> Iterator[str]:
    """Yield a line per target candidate: name, tab, reason.

    Lines without a name are notes. A name that is not printable is left out.
    """
    for candidate in error.candidates:
        if candidate.column.name.isprintable():
            yield f"{candidate.column.name}\t{candidate.describe()}"
    yield from (f"\t{note}" for note in error.notes)


def propose_pipeline(
    root: Path, *, source: str, target: str | None, reader: Mapping[str, str | None] | None = None
) -> str:
    """Return a pipeline file for a file or glob below the data folder.

    `reader` has the values of READER_OPTIONS as texts.

    Raises:
        SettingsError: `source` or `target` does not exist, or a value of `reader` is wrong.
        ContractError: The table cannot be read, or has no column to predict.
    """
    if "://" in source:
        raise SettingsError(
            "FILE is an address; expected a file, folder or glob below the data folder: download"
            " it, or write source and query by hand as docs/sources.md says"
        )
    settings = _reader_settings(source, reader or {})
    try:
        return _propose_pipeline(root, settings, target=target)
    except ReaderSettingError as error:
        raise ContractError(error.init_message) from None


def _reader_settings(source: str, reader: Mapping[str, str | None]) -> Settings:
    given = {name: text for name, text in reader.items() if text}
    values = dict(given)
    for name in {"delimiter", "quote", "escape"} & given.keys():
        values[name] = _CHARACTERS.get(given[name], given[name])
    if given.get("quote") == "none":
        values["quote"] = ""
    try:
        return Settings.model_validate({"source": source, **values})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        reason = first["msg"].removeprefix("Value error, ")
        where = f"{name.upper()}={given[name]}: " if name in given else ""
        raise SettingsError(f"{where}{reason}") from None


def _check_is_read(settings: Settings, tables: Sequence[Table]) -> None:
    """Raise a SettingsError if a file has no use for a setting that was given."""
    for name in READER_OPTIONS.keys() & settings.model_fields_set - {"format"}:
        kinds = (CsvFile, JsonLinesFile) if name == "encoding" else CsvFile
        for table in tables:
            if not isinstance(table, kinds):
                raise SettingsError(
                    f"{name.upper()}={getattr(settings, name)}: {table.name} is not read with it;"
                    " leave it out"
                )


def _propose_pipeline(root: Path, settings: Settings, *, target: str | None) -> str:
    source = find_files(root, settings.source)
    with source.hold():
        tables = [inspect_file(file.path, file.name, settings) for file in source.files]
        _check_is_read(settings, tables)
        files = align_files(tables, settings)
        first = files[0].table
        csv = first if isinstance(first, CsvFile) else None
        if csv and settings.header and looks_like_data(csv.columns):
            return _propose_pipeline(
                root, settings.model_copy(update={"header": False}), target=target
            )
        total = sum(file.bytes for file in source.files)
        proposal = propose(
            _rows((batch for _, batch in read_batches(files, total)), settings, files=len(files)),
            files[0].schema,
            target=target,
        )
    _log_proposal(proposal, settings)
    # Each of several files may have its own encoding, which ingest detects.
    has_reason = csv is not None and csv.encoding.reason is not None and len(files) == 1
    return write_pipeline(
        proposal,
        source=settings.source,
        dialect=csv.dialect if csv else None,
        encoding=csv.encoding.name if csv and has_reason else None,
        given={
            name: getattr(settings, name)
            for name in READER_OPTIONS
            if name in settings.model_fields_set
        },
    )


def _rows(batches: Iterator[Batch], settings: Settings, *, files: int) -> Iterator[pa.RecordBatch]:
    rows = count = 0
    first: MalformedLine | None = None
    for batch in batches:
        rows += batch.rows.num_rows
        count += len(batch.malformed)
        first = first or next(iter(batch.malformed), None)
        yield batch.rows
    # A first line with another number of cells than all others is neither a header nor a row.
    is_first_alone = count and not settings.header and rows <= files
    if not rows or is_first_alone:
        raise no_rows_error(settings.source, first, count)


def _log_proposal(proposal: Proposal, settings: Settings) -> None:
    LOGGER.info(
        "%s: %s rows, %d columns", settings.source, f"{proposal.rows:,}", len(proposal.columns)
    )
    target = proposal.target
    LOGGER.info("target %s (%s), %s", quote(target.column.name), target.why, target.task)
    for role in proposal.excluded:
        LOGGER.info("excluded %s: %s", quote(role.column.name), role.excluded)
    for private in (column for column in proposal.columns if column.private):
        LOGGER.info("private %s: %s", quote(private.name), private.private)
    for column in proposal.columns:
        if column.note and column is not target.column:
            LOGGER.info("%s: %s", quote(column.name), column.note)
    if proposal.group and proposal.has_group_split:
        LOGGER.info(
            "split by group, %s: %s %s one value for each",
            quote(proposal.group.key),
            join_names(proposal.group.constants),
            has_or_have(proposal.group.constants),
        )
    if proposal.time_split and not proposal.time_split.why_not:
        LOGGER.info("split by time, %s", quote(proposal.time_split.column))
    for column in proposal.columns:
        for reading in column.missing_words:
            LOGGER.info(
                "%s: %s; the file has the setting that keeps it",
                quote(column.name),
                reading.message,
            )
    for warning in proposal.warnings():
        LOGGER.warning("%s", warning)


def _relative_source(root: Path, name: str) -> str:
    """Return a path as `source` needs it: /data/in/mine.csv becomes mine.csv."""
    path = Path(name)
    return str(path.relative_to(root)) if path.is_relative_to(root) else name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ingest init",
        description="Read all rows of a table and print a complete, commented pipeline file.",
    )
    parser.add_argument(
        "file", metavar="FILE", help="a file, folder or glob below /data/in (./data)"
    )
    parser.add_argument(
        "--target",
        metavar="NAME",
        help="the column to predict, if the proposed one is wrong or unclear",
    )
    for name, text in READER_OPTIONS.items():
        parser.add_argument(f"--{name}", metavar="VALUE", help=text)
    parser.add_argument(
        "--list-candidates",
        action="store_true",
        help="if the target is not clear, print the columns that could be it instead of a file",
    )
    return parser
