"""CSV that Arrow can't parse: delimiters or quotes beyond ASCII, and very long rows."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from stage_contract import ContractError

from serve.batch.chunks import Chunk, OnMalformed
from serve.batch.csv_stream import CsvStream
from serve.source.dialects import DetectedFormat

BATCH_CELLS: Final = 1 << 18
BATCH_CHARACTERS: Final = 1 << 20
"""Limits of a chunk, which bound the memory."""


def read_slowly(
    stream: CsvStream,
    found: DetectedFormat,
    names: Sequence[str],
    *,
    after: int,
    on_malformed: OnMalformed,
) -> Iterator[Chunk]:
    """Yield some columns of the rows after the first `after`.

    Raises:
        ContractError: A quote is invalid.
    """
    places = [found.names.index(name) for name in names]
    rows: list[list[str]] = []
    numbers: list[int] = []
    characters = 0
    for number, text, cells in _numbered(stream, found):
        if number <= after:
            continue
        if len(cells) == len(found.names):
            rows.append([cells[place] for place in places])
            numbers.append(number)
        else:
            on_malformed(number, f"{len(found.names)} cells, found {len(cells)}", text)
        characters += len(text)
        if characters >= BATCH_CHARACTERS or len(rows) * len(found.names) >= BATCH_CELLS:
            yield _chunk(numbers, rows, names)
            rows, numbers, characters = [], [], 0
    yield _chunk(numbers, rows, names)


def _numbered(stream: CsvStream, found: DetectedFormat) -> Iterator[tuple[int, str, list[str]]]:
    """Yield number, text and cells of each row below the header that is not blank."""
    taken: list[str] = []

    def lines() -> Iterator[str]:
        buffered = io.BufferedReader(stream, buffer_size=1 << 20)
        for line in io.TextIOWrapper(buffered, encoding="utf-8", newline=""):
            taken.append(line)
            yield line

    number = 0 if found.header is None else -1
    reader = found.reader(lines())
    try:
        for cells in reader:
            if cells:
                number += 1
                if number:
                    yield number, "".join(taken).rstrip("\r\n"), cells
            taken.clear()
    except csv.Error as error:
        line = found.skip + reader.line_num
        raise ContractError(
            f"{stream.name}: can't be read as CSV: {error} (line {line}); double the quotes inside"
            " a cell, and close them"
        ) from None


def _chunk(numbers: list[int], rows: list[list[str]], names: Sequence[str]) -> Chunk:
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    arrays = [pa.array(column, pa.string()) for column in columns]
    schema = pa.schema([(name, pa.string()) for name in names])
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    return Chunk(np.array(numbers, np.int64), batch)
