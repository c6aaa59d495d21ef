"""CSV reader for a delimiter, quote or escape that is not ASCII, which Arrow does not support."""

import csv
from collections.abc import Iterator

import pyarrow as pa

from ingest.csv.arrow_csv import BlockTooSmallError, OpenQuoteError
from ingest.csv.dialect import Dialect
from ingest.files.text_stream import TextStream, text_lines
from ingest.tables.batches import BATCH_CELLS, Batch, MalformedLine
from ingest.tables.column_choice import SourceColumns

BATCH_CHARACTERS = 1 << 20
"""Characters per batch; bounds the memory, together with the cells of a batch."""


def read_rows(
    stream: TextStream, dialect: Dialect, columns: SourceColumns, *, end: str
) -> Iterator[Batch]:
    """Yield batches of strings; the text must end with the row `end`.

    Raises:
        OpenQuoteError: The row `end` is inside a quote.
        BlockTooSmallError: A cell is longer than the maximum row.
    """
    width = len(columns.written)
    rows: list[list[str]] = []
    malformed: list[MalformedLine] = []
    characters = 0
    is_short = False
    numbered_rows = _numbered_rows(stream, dialect)
    if dialect.header:
        next(numbered_rows)
    for line, text, cells in numbered_rows:
        if cells is None or text == end:
            break
        is_short = len(cells) < width
        if len(cells) == width:
            rows.append(cells)
        else:
            found = f"{len(cells)} cells"
            malformed.append(MalformedLine(line, text, found, f"{width} cells"))
        characters += len(text)
        if characters >= BATCH_CHARACTERS or len(rows) * width >= BATCH_CELLS:
            yield Batch(_record_batch(rows, columns), malformed, stream.position)
            rows, malformed, characters = [], [], 0
    else:
        raise OpenQuoteError
    yield Batch(_record_batch(rows, columns), malformed, stream.position)
    if cells is None:
        raise BlockTooSmallError
    if is_short:
        stream.warn_of_truncation()


def _numbered_rows(
    stream: TextStream, dialect: Dialect
) -> Iterator[tuple[int, str, list[str] | None]]:
    """Yield the first line, the text and the cells of each row that is not blank.

    If a row is too long, its cells are None and it is the last item.
    """
    row_lines: list[str] = []

    def lines() -> Iterator[str]:
        for line in text_lines(stream):
            row_lines.append(line)
            yield line

    first = dialect.skip + 1
    try:
        for cells in dialect.rows(lines()):
            if cells:
                yield first, "".join(row_lines).rstrip("\r\n"), cells
            first += len(row_lines)
            row_lines.clear()
    except csv.Error:
        yield first, "", None


def _record_batch(rows: list[list[str]], columns: SourceColumns) -> pa.RecordBatch:
    arrays = [pa.array([row[place] for row in rows], pa.string()) for place in columns.places]
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns.read])
