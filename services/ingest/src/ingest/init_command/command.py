"""The command `init SOURCE`, which prints a pipeline file for a table."""

import argparse
import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
from pydantic import ValidationError
from stage_contract import (
    LOGGER,
    ContractError,
    SettingsError,
    SourceError,
)

from ingest.commands import command, relative_source
from ingest.connectors.databases import open_database, tables_of_database
from ingest.connectors.network import has_network
from ingest.csv.csv_files import CsvFile
from ingest.csv.header import looks_like_data
from ingest.files.setting_errors import ReaderSettingError
from ingest.init_command.pipeline_file import write_pipeline
from ingest.init_command.proposal import Proposal, propose
from ingest.init_command.targets import AmbiguousTargetError
from ingest.readers.json_lines import JsonLinesFile
from ingest.readers.reader_choice import inspect_file
from ingest.settings import Settings
from ingest.sources.addresses import Kind, source_kind
from ingest.sources.source_files import find_files
from ingest.tables.batches import Batch, MalformedLine, Table
from ingest.tables.column_choice import UnreadableColumnsError
from ingest.toml_text import has_or_have, join_names, quote
from ingest.work import align_files, no_rows_error, read_batches
from ingest.workbooks.workbook_files import WorkbookFile

READER_OPTIONS = {
    "encoding": "encoding of a text file, for example cp1252",
    "delimiter": "delimiter of a CSV file: one character, or tab",
    "quote": "quote character of a CSV file, or none",
    "escape": "character that escapes a quote in a CSV file, or backslash",
    "skip": "lines before the header of a CSV file, or rows before the header of a sheet",
    "sheet": "sheet of a workbook",
    "format": "csv, jsonl, parquet, arrow, xlsx, xls or ods, if it is not detected",
    "table": "table of a database, for example orders or sales.orders",
    "query": "query of a database, instead of a table",
    "credentials_file": "file secret with user:password for a database",
}
"""Settings of [ingest] that init takes and writes, with their help."""
_READERS: dict[str, type | tuple[type, ...]] = {
    "encoding": (CsvFile, JsonLinesFile),
    "skip": (CsvFile, WorkbookFile),
    "sheet": WorkbookFile,
}
"""Readers that use a setting; all others are for CSV files."""
MAX_SHOWN_TABLES, MAX_SHOWN_COLUMNS = 20, 5
_CHARACTERS = {"tab": "\t", "\\t": "\t", "backslash": "\\"}
"""Names of characters that are hard to type in a shell."""


def print_pipeline(arguments: Sequence[str]) -> NoReturn:
    """Run the command as a process: TOML to standard output, log lines to standard error.

    Exit codes: 0 success; 65 unreadable table, or no clear target; 69 the server of a database
    does not answer; 78 invalid argument.
    """
    options = _parser().parse_args(arguments)
    root = Path(os.environ.get("STAGE_IN", "/data/in")).absolute()
    with command(root):
        try:
            text = propose_pipeline(
                root,
                source=relative_source(root, options.file),
                target=options.target,
                reader={name: getattr(options, name) for name in READER_OPTIONS},
            )
        except AmbiguousTargetError as error:
            if not options.list_candidates:
                raise
            sys.stdout.writelines(f"{line}\n" for line in candidate_lines(error))
            sys.exit(error.exit_code)
    sys.stdout.write(text)
    sys.exit(0)


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
    """Return a pipeline file for a file or glob below the data folder, or for a database.

    `reader` has the values of READER_OPTIONS as texts.

    Raises:
        SettingsError: `source` or `target` does not exist, or a value of `reader` is wrong.
        ContractError: The table cannot be read, or has no column to predict.
        SourceError: The server of a database cannot be reached.
    """
    given = {name: text for name, text in (reader or {}).items() if text}
    kind = _kind_of(source)
    if kind == "http":
        raise SettingsError(
            "FILE is the address of a web server; expected a file, folder or glob below the data"
            " folder, or a database: download it, or write source by hand as docs/sources.md says"
        )
    if kind != "files":
        settings = _database_settings(root, source, given)
        return _leaving_out(settings, lambda s: _propose_for_database(root, s, target=target))
    settings = _reader_settings(source, given)
    try:
        return _leaving_out(settings, lambda s: _propose_pipeline(root, s, target=target))
    except ReaderSettingError as error:
        raise ContractError(error.init_message) from None


def _leaving_out(settings: Settings, propose_: Callable[[Settings], str]) -> str:
    """Return the proposal for the columns that can be read, with the settings that choose them.

    Structs are flattened; other columns without single values are skipped.
    """
    while True:
        try:
            return propose_(settings)
        except UnreadableColumnsError as error:
            if error.structs:
                settings = settings.model_copy(update={"flatten": True})
                continue
            skipped = (*(settings.skip_columns or ()), *error.names)
            if skipped == settings.skip_columns:
                raise
            LOGGER.info("%s; skipped", str(error).partition(";")[0])
            settings = settings.model_copy(update={"skip_columns": tuple(dict.fromkeys(skipped))})


def _kind_of(source: str) -> Kind:
    try:
        return source_kind(source)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _database_settings(root: Path, source: str, given: Mapping[str, str]) -> Settings:
    is_chosen = not {"table", "query"}.isdisjoint(given)
    settings = _reader_settings(source, given if is_chosen else {**given, "table": "?"})
    if source_kind(source) == "postgresql" and not has_network():
        raise SourceError(
            f"{source}: this container has no network; give ingest one and type the command again:"
            " export COMPOSE_FILE=compose.yaml:deploy/sources.yaml"
        )
    if not is_chosen:
        settings = settings.model_copy(update={"table": _only_table(root, settings)})
    return settings


def _propose_for_database(root: Path, settings: Settings, *, target: str | None) -> str:
    try:
        with open_database(root, settings) as tables:
            files = align_files(tables, settings)
            proposal = propose(
                _rows((batch for _, batch in read_batches(files, None)), settings, files=1),
                files[0].schema,
                target=target,
            )
    except (ContractError, SettingsError) as error:
        if isinstance(error, AmbiguousTargetError | UnreadableColumnsError):
            raise
        if "[ingest]" not in str(error):
            raise
        raise type(error)(f"{error} (make init: QUERY=… or TABLE=…)") from None
    return _write(proposal, settings)


def _only_table(root: Path, settings: Settings) -> str:
    """Return the table of a database that has one table.

    Raises:
        ContractError: There is another number of tables; the message lists them.
    """
    tables = tables_of_database(root, settings)
    if len(tables) == 1:
        return next(iter(tables))
    if not tables:
        raise ContractError(f"{settings.source}: has no table that can be read")
    shown = [
        f"{table} ({', '.join(columns[:MAX_SHOWN_COLUMNS])}{_more(columns, MAX_SHOWN_COLUMNS)})"
        for table, columns in list(tables.items())[:MAX_SHOWN_TABLES]
    ]
    raise ContractError(
        f"{settings.source}: has {len(tables)} tables: {', '.join(shown)}"
        f"{_more(tables, MAX_SHOWN_TABLES)}; name one with --table (make init: TABLE=…), or write"
        " a --query (QUERY=…)"
    )


def _more(items: Collection[str], shown: int) -> str:
    return f" and {len(items) - shown} more" if len(items) > shown else ""


def _reader_settings(source: str, given: Mapping[str, str]) -> Settings:
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
        for table in tables:
            if not isinstance(table, _READERS.get(name, CsvFile)):
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
        if settings.header and _has_data_in_header(first):
            return _propose_pipeline(
                root, settings.model_copy(update={"header": False}), target=target
            )
        total = sum(file.bytes for file in source.files)
        proposal = propose(
            _rows((batch for _, batch in read_batches(files, total)), settings, files=len(files)),
            files[0].schema,
            target=target,
        )
    if isinstance(first, WorkbookFile) and len(files) == 1:
        settings = settings.model_copy(update={"sheet": first.sheet.name})
    return _write(proposal, settings, csv=csv, is_one_file=len(files) == 1)


def _has_data_in_header(table: Table) -> bool:
    return isinstance(table, CsvFile | WorkbookFile) and looks_like_data(table.columns.written)


def _write(
    proposal: Proposal, settings: Settings, *, csv: CsvFile | None = None, is_one_file: bool = True
) -> str:
    _log_proposal(proposal, settings)
    # Each of several files may have its own encoding, which ingest detects.
    has_reason = csv is not None and csv.encoding.reason is not None and is_one_file
    given = settings.model_dump(include={*READER_OPTIONS} & settings.model_fields_set)
    if csv is None and not settings.header:
        given["header"] = False
    for name in ("flatten", "skip_columns"):
        if getattr(settings, name):
            given[name] = getattr(settings, name)
    if settings.credentials_file:
        given["credentials_file"] = str(settings.credentials_file)
    return write_pipeline(
        proposal,
        source=settings.source,
        dialect=csv.dialect if csv else None,
        encoding=csv.encoding.name if csv and has_reason else None,
        given=given,
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
        notes = [None if column is target.column else column.note, column.midnight_note]
        for note in filter(None, notes):
            LOGGER.info("%s: %s", quote(column.name), note)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ingest init",
        description="Read all rows of a table and print a complete, commented pipeline file.",
    )
    parser.add_argument(
        "file",
        metavar="SOURCE",
        help="a file, folder or glob below /data/in (./data), sqlite:///FILE below it, or"
        " postgresql://HOST/DATABASE",
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
