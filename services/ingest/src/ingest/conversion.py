"""The command `convert FILE`, which prints a workbook as Parquet, as a run would read it."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn

import pyarrow as pa
from pyarrow import parquet
from pydantic import ValidationError
from stage_contract import LOGGER, ContractError, SettingsError

from ingest.commands import command, relative_source
from ingest.files.setting_errors import ReaderSettingError
from ingest.readers.reader_choice import inspect_file
from ingest.settings import Settings
from ingest.sources.source_files import find_files
from ingest.tables.batches import MalformedLine, Table
from ingest.work import align_files, no_rows_error, read_batches


def print_parquet(arguments: Sequence[str]) -> NoReturn:
    """Run the command as a process: Parquet to standard output, log lines to standard error.

    Exit codes: 0 success; 65 unreadable table; 78 invalid argument.
    """
    options = _parser().parse_args(arguments)
    root = Path(os.environ.get("STAGE_IN", "/data/in")).absolute()
    with command(root):
        settings = _settings(
            relative_source(root, options.file), sheet=options.sheet, skip=options.skip
        )
        convert(root, settings, sys.stdout.buffer)
    sys.exit(0)


def convert(root: Path, settings: Settings, sink: BinaryIO) -> None:
    """Write the rows of a file below the data folder as Parquet.

    Raises:
        SettingsError: There is no such file or sheet, or there are several files.
        ContractError: The file cannot be read, or has no rows.
    """
    source = find_files(root, settings.source)
    if len(source.files) != 1:
        raise SettingsError(f"{settings.source}: are {len(source.files)} files; expected one")
    try:
        with source.hold():
            file = source.files[0]
            _write(inspect_file(file.path, file.name, settings), settings, sink)
    except ReaderSettingError as error:
        raise ContractError(error.init_message) from None


def _write(table: Table, settings: Settings, sink: BinaryIO) -> None:
    files = align_files([table], settings)
    rows = count = 0
    first: MalformedLine | None = None
    with parquet.ParquetWriter(pa.PythonFile(sink, mode="w"), files[0].schema) as writer:
        for _, batch in read_batches(files, None):
            writer.write_batch(batch.rows)
            rows += batch.rows.num_rows
            count += len(batch.malformed)
            first = first or next(iter(batch.malformed), None)
    if not rows:
        raise no_rows_error(table.name, first, count)
    if first:
        LOGGER.warning(
            "%s: rows that are no data are left out: %s, the first is row %d, with %s",
            *(table.name, f"{count:,}", first.number, first.value),
        )


def _settings(source: str, *, sheet: str | None, skip: str | None) -> Settings:
    given = {"sheet": sheet, "skip": skip}
    try:
        return Settings.model_validate(
            {"source": source, **{name: text for name, text in given.items() if text}}
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "source"
        raise SettingsError(f"{name.upper()}={first['input']}: {first['msg']}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ingest convert", description="Print a workbook below /data/in (./data) as Parquet."
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--sheet", metavar="NAME", help="its sheet, if several have cells")
    parser.add_argument("--skip", metavar="N", help="rows above the header, if it is not found")
    return parser
