"""Reads CSV files as serve does, for the tests: as a body of the API, and as a file to score.

Runs on serve's own Python. Each line of standard input names a file, its lineage and its columns;
each line of standard output has the rows that are right, and how many are not.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from serve.batch.arguments import Job
from serve.batch.csv_tables import CsvTable
from serve.codecs.csv_rows import CsvRows
from serve.codecs.rows import Rows
from serve.problems import RequestError
from serve.schema.signature import Signature
from serve.source.file_formats import SourceFormat, read_formats
from stage_contract import ContractError

type Forms = tuple[SourceFormat, ...]


def as_body(path: Path, rows: Rows, forms: Forms) -> Mapping[str, Any]:
    """Return what POST /predict reads."""
    reader = CsvRows(rows, forms, max_rows=10_000_000)
    text, found = reader._find(path.read_bytes(), None)  # noqa: SLF001  # before rules of columns
    table = reader._parse(text, found)  # noqa: SLF001
    right = [row for row in table.rows if len(row) == len(table.names)]
    wrong = len(table.rows) - len(right)
    return {"names": [*table.names], "rows": right, "wrong": wrong}


def as_file(path: Path, rows: Rows, forms: Forms) -> Mapping[str, Any]:
    """Return what `make score` reads."""
    table = CsvTable(Job(path, path), rows, forms)
    wrong: list[int] = []
    right: list[list[str]] = []
    names = [*table.names]
    for chunk in table.chunks(names, lambda number, _expected, _text: wrong.append(number)):
        right += [[*row.values()] for row in chunk.batch.to_pylist()]
    return {"names": names, "rows": right, "wrong": len(wrong)}


def read(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what each reader makes of a file, of the very one and of one that is like it."""
    forms = read_formats({"lineage": call["lineage"]})
    rows = Rows(Signature((), (), "UTC", ignored=tuple(call["columns"])), forms)
    alike = read_formats({"lineage": [each | {"sha256": "0" * 64} for each in call["lineage"]]})
    path = Path(call["file"])
    return {
        "body": _tried(as_body, path, rows, forms),
        "same file": _tried(as_file, path, rows, forms),
        "file like it": _tried(as_file, path, rows, alike),
    }


def _tried(
    reader: Callable[[Path, Rows, Forms], Mapping[str, Any]], path: Path, rows: Rows, forms: Forms
) -> Mapping[str, Any]:
    try:
        return reader(path, rows, forms)
    except (ContractError, RequestError) as error:
        return {"refused": str(error)}


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(read(json.loads(line)))}\n")
        sys.stdout.flush()
