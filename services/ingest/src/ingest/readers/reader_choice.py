"""The choice of the reader for a file."""

from pathlib import Path

from stage_contract import ContractError

from ingest.csv.csv_files import inspect_csv
from ingest.files.decompression import read_head
from ingest.files.file_signatures import (
    Format,
    find_text_format,
    find_typed_format,
    find_unsupported_format,
)
from ingest.readers.arrow_files import inspect_arrow
from ingest.readers.json_lines import inspect_json_lines
from ingest.readers.parquet_files import inspect_parquet
from ingest.settings import Settings
from ingest.tables.batches import Table
from ingest.workbooks.workbook_files import inspect_workbook

_HEAD_BYTES = 1 << 10


def inspect_file(path: Path, name: str, settings: Settings) -> Table:
    """Return the file as a table whose columns are known.

    Raises:
        ContractError: The file is damaged, or its format is not supported.
    """
    match settings.format or _find_format(path, name):
        case "parquet":
            return inspect_parquet(path, name, settings)
        case "arrow":
            return inspect_arrow(path, name, settings)
        case "jsonl":
            return inspect_json_lines(path, name, settings)
        case "xlsx" | "xls" | "ods":
            return inspect_workbook(path, name, settings)
        case "csv":
            return inspect_csv(path, name, settings)


def _find_format(path: Path, name: str) -> Format:
    with path.open("rb") as stream:
        typed = find_typed_format(stream.read(_HEAD_BYTES))
    if typed:
        return typed
    head = read_head(path, name, _HEAD_BYTES)
    if other := find_unsupported_format(head):
        raise ContractError(f"{name}: is {other}")
    return find_text_format(head, name)
