"""Faithful: raw-data from CSV holds every cell as it is in the file."""

import csv
from pathlib import Path

import pyarrow as pa

from conformance.harness.faults import Fault
from conformance.validity.published import Published

_FIX = "read every column as text, and change nothing: no types, no trimming, no missing values"


def check_faithful(artifact: Published, path: Path) -> None:
    """Compare the table with the CSV that it was made from, cell by cell."""
    names, *rows = _read(path)
    table = artifact.table("table")
    if table.schema.names != names:
        raise Fault(f"table has the columns {table.schema.names}, the file {names}", _FIX)
    for field in table.schema:
        if not pa.types.is_string(field.type):
            raise Fault(f"table: column {field.name!r} is {field.type}, expected string", _FIX)
    columns = [column.to_pylist() for column in table.columns]
    found = [list(row) for row in zip(*columns, strict=True)]
    expected = [row for row in rows if len(row) == len(names)]
    if len(found) != len(expected):
        raise Fault(f"table has {len(found)} rows, the file {len(expected)}", _FIX)
    for number, (row, cells) in enumerate(zip(found, expected, strict=True), start=1):
        for name, value, cell in zip(names, row, cells, strict=True):
            if (value or "") != cell:
                raise Fault(
                    f"table: row {number}, column {name!r} is not what the file has",
                    _FIX,
                    row=cells,
                    expected=cell,
                    found=value,
                )


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        # A blank line is not a row.
        return [row for row in csv.reader(file, strict=True) if row]
