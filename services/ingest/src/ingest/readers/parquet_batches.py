"""The number of rows per batch of a Parquet file, from its metadata."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from ingest.tables.batches import BATCH_BYTES, BATCH_CELLS
from ingest.tables.decoded_sizes import longest_value

_BUFFER_BYTES = 1 << 20
"""Size of the read buffer; bounds the memory, together with the batch size."""

_MAX_TEXT_ROWS = 1 << 13
"""Maximum rows of a batch with texts, of which only the average length is known."""

_MIN_ROWS = 1 << 6
"""Below this number of rows, a text column is read as a dictionary."""

_SIZED_ENCODINGS = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"}
"""Encodings whose decoded size is in the metadata; delta encodings are not."""


def open_parquet(path: Path, **options: Any) -> parquet.ParquetFile:
    """Open a file with bounded read buffers and checksum verification."""
    return parquet.ParquetFile(
        path,
        pre_buffer=False,
        buffer_size=_BUFFER_BYTES,
        page_checksum_verification=True,
        **options,
    )


def group_batches(
    path: Path, metadata: parquet.FileMetaData, schema: pa.Schema, group: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a row group in batches that fit into memory.

    A column with one very long value stays a dictionary, because few rows would fit otherwise. The
    batches still need `split_to_batch_size`.
    """
    rows, dictionaries = _batch_rows(path, metadata, schema, group)
    with open_parquet(path, metadata=metadata, read_dictionary=dictionaries) as file:
        yield from file.iter_batches(rows, row_groups=[group])


def _batch_rows(
    path: Path, metadata: parquet.FileMetaData, schema: pa.Schema, group: int
) -> tuple[int, list[int]]:
    """Return the rows per read, and the columns to read as dictionaries.

    For each text column, its dictionary or its first value is read.
    """
    chunks = metadata.row_group(group)
    widths = [_fixed_bytes(kind) for kind in schema.types]
    texts = [index for index, width in enumerate(widths) if width is None]
    encoded = [index for index in texts if chunks.column(index).has_dictionary_page]
    with open_parquet(path, metadata=metadata, read_dictionary=encoded) as file:
        longest = {index: _longest_value(file, group, schema.names[index]) for index in texts}
    averages = {
        index: chunks.column(index).total_uncompressed_size / max(1, chunks.num_rows)
        for index in texts
    }
    row_bytes = sum(width for width in widths if width is not None)
    row_bytes += sum(max(averages[index], longest[index]) for index in texts)

    # The reader keeps all texts until the row group ends, also those of plain pages.
    bytes_left = 2 * max([BATCH_BYTES, *longest.values()])
    candidates = [
        index for index in encoded if _SIZED_ENCODINGS.issuperset(chunks.column(index).encodings)
    ]
    dictionaries = []
    for index in sorted(candidates, key=lambda index: -longest[index]):
        size = chunks.column(index).total_uncompressed_size
        if row_bytes * _MIN_ROWS > BATCH_BYTES and size <= bytes_left:
            dictionaries.append(index)
            bytes_left -= size
            row_bytes -= max(0, longest[index] - averages[index])
    max_rows = min(_MAX_TEXT_ROWS if texts else BATCH_CELLS, BATCH_CELLS // len(schema))
    return max(1, min(max_rows, int(BATCH_BYTES // max(1, row_bytes)))), dictionaries


def _longest_value(file: parquet.ParquetFile, group: int, name: str) -> int:
    """Return the longest value of a column's dictionary, or its first value without one."""
    first = next(file.iter_batches(1, row_groups=[group], columns=[name]), None)
    # A name may be repeated.
    return 0 if first is None else max(map(longest_value, first.columns))


def _fixed_bytes(kind: pa.DataType) -> float | None:
    """Return the bytes per value; None for types of variable size."""
    if pa.types.is_null(kind):
        return 1
    try:
        return float(kind.bit_width) / 8
    except ValueError:
        return None
