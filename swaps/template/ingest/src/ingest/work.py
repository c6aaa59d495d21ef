"""Reads a CSV file row by row and writes raw-data: every cell as the text that it is."""

import csv
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import batched
from typing import Final

import pyarrow as pa
from pyarrow import parquet
from stage_contract import ContractError, Draft, Progress, Rejects
from stage_contract.artifacts.publishing import write_json

from ingest.settings import Settings
from ingest.source import Source

_ROWS_A_BATCH: Final = 50_000


class Lines(Iterator[str]):
    """The lines of a file, of which those of the row that is being read are remembered."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.number = 0
        self.of_row: list[str] = []

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self.of_row.append(line)
        return line


def ingest(source: Source, draft: Draft, settings: Settings) -> None:
    """Fill the draft with table/, source.json and the malformed lines in rejects/."""
    # No cell is too long to be data.
    csv.field_size_limit(sys.maxsize)
    with source.path.open(encoding="utf-8-sig", newline="") as file, Rejects(draft.path) as rejects:
        lines = Lines(file)
        rows = csv.reader(lines, delimiter=settings.delimiter, strict=True)
        try:
            names = _read_header(source, rows)
            draft.rows = _write(draft, names, _right_rows(names, rows, lines, rejects))
        except UnicodeDecodeError:
            raise ContractError(
                f"{source.name}: line {lines.number + 1} or one soon after is not UTF-8"
            ) from None
        except csv.Error as error:
            raise ContractError(f"{source.name}: line {lines.number}: {error}") from None
        draft.rejected = rejects.count
    if not draft.rows:
        raise ContractError(f"{source.name}: no rows; expected a table with a header")
    columns = draft.columns = [{"name": name, "type": "string"} for name in names]
    file_facts = {"source": source.name, "format": "csv", "delimiter": settings.delimiter}
    write_json(draft.path / "source.json", {"files": [file_facts], "columns": columns})


def _read_header(source: Source, rows: Iterator[list[str]]) -> list[str]:
    names = next((row for row in rows if row), [])
    if not all(names) or len(set(names)) < max(1, len(names)):
        raise ContractError(f"{source.name}: {names!r:.100}: expected a header of different names")
    return names


def _right_rows(
    names: list[str], rows: Iterator[list[str]], lines: Lines, rejects: Rejects
) -> Iterator[list[str]]:
    """Yield the rows that have as many cells as the header; the others go to rejects/."""
    lines.of_row.clear()
    for row in rows:
        text = "".join(lines.of_row).rstrip("\r\n")
        first = lines.number - len(lines.of_row) + 1
        lines.of_row.clear()
        if len(row) == len(names):
            yield row
        elif row:
            expected = f"{len(names)} cells"
            rejects.add(row=first, reason=f"{len(row)} cells", record=text, expected=expected)


def _write(draft: Draft, names: list[str], rows: Iterator[list[str]]) -> int:
    schema = pa.schema([(name, pa.string()) for name in names])
    path = draft.folder("table") / "part-00000.parquet"
    progress = Progress("rows read")
    written = 0
    with closing(parquet.ParquetWriter(path, schema, store_schema=False)) as writer:
        for batch in batched(rows, _ROWS_A_BATCH, strict=False):
            columns = [pa.array(cells, pa.string()) for cells in zip(*batch, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            written += len(batch)
            progress.add(len(batch))
    return written
