"""The number of rows per batch of a Parquet file, from its metadata."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from stage_contract.parquet_pages import decompressed_bytes

from ingest.files.text_stream import MAX_ROW_BYTES
from ingest.tables.batches import BATCH_BYTES, BATCH_CELLS
from ingest.tables.column_choice import SourceColumns
from ingest.tables.decoded_sizes import longest_value
from ingest.tables.structs import count_leaves, leaf_index, read_columns

_BUFFER_BYTES = 1 << 20
"""Size of the read buffer; bounds the memory, together with the batch size."""

_MAX_TEXT_ROWS = 1 << 13
"""Maximum rows of a batch with texts, of which only the average length is known."""

_MIN_ROWS = 1 << 6
"""Below this number of rows, a text column is read as a dictionary."""

_PROBE_BYTES = 256 << 20
_MIN_PROBE_ROWS = 4
"""Size of a read that looks for the longest value of a delta encoding, if each is the longest."""

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


@dataclass(frozen=True)
class Leaf:
    """A column that Parquet stores."""

    index: int
    type: pa.DataType
    """Plain type of its values."""


def leaves_of(stored: pa.Schema, columns: SourceColumns, plain: pa.Schema) -> list[Leaf]:
    """Return the stored column of each column that is read."""
    first = [0, *accumulate(map(count_leaves, stored.types))]
    indices = [
        first[column.place] + leaf_index(stored.types[column.place], column.path)
        for column in columns.read
    ]
    return [Leaf(index, kind) for index, kind in zip(indices, plain.types, strict=True)]


def group_batches(
    path: Path,
    metadata: parquet.FileMetaData,
    *,
    group: int,
    leaves: Sequence[Leaf],
    columns: SourceColumns,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a row group in batches that fit into memory; reads no other columns.

    A column with one very long value stays a dictionary, because few rows would fit otherwise. The
    batches still need `split_to_batch_size`.

    Raises:
        ArrowCapacityError: A value is longer than a row may be.
        PageError: A page is too large to be decoded.
    """
    rows, dictionaries = _batch_rows(path, metadata, leaves, group=group)
    indices = [leaf.index for leaf in leaves]
    with open_parquet(path, metadata=metadata, read_dictionary=dictionaries) as file:
        for batch in _iter_batches(file, indices, rows=rows, group=group):
            yield read_columns(batch, columns)


def _iter_batches(
    file: parquet.ParquetFile, indices: Sequence[int], *, rows: int, group: int
) -> Iterator[pa.RecordBatch]:
    """Yield batches of some stored columns; their names may be repeated, so they do not do."""
    batches: Iterator[pa.RecordBatch] = file.reader.iter_batches(
        rows, row_groups=[group], column_indices=indices, use_threads=True
    )
    return batches


def _batch_rows(
    path: Path, metadata: parquet.FileMetaData, leaves: Sequence[Leaf], *, group: int
) -> tuple[int, list[int]]:
    """Return the rows per read, and the columns to read as dictionaries.

    For each text column, its dictionary or its first value is read.
    """
    chunks = metadata.row_group(group)
    sizes = {leaf.index: decompressed_bytes(path, chunks.column(leaf.index)) for leaf in leaves}
    widths = {leaf.index: _fixed_bytes(leaf.type) for leaf in leaves}
    texts = [index for index, width in widths.items() if width is None]
    encoded = [
        index
        for index in texts
        if chunks.column(index).has_dictionary_page and not _is_delta(chunks.column(index))
    ]
    with open_parquet(path, metadata=metadata, read_dictionary=encoded) as file:
        longest = {
            index: _longest_value(
                file, index, group=group, chunk=chunks.column(index), size=sizes[index]
            )
            for index in texts
        }
    averages = {index: sizes[index] / max(1, chunks.num_rows) for index in texts}
    row_bytes = sum(width for width in widths.values() if width is not None)
    row_bytes += sum(max(averages[index], longest[index]) for index in texts)

    # The reader keeps all texts until the row group ends, also those of plain pages.
    bytes_left = 2 * max([BATCH_BYTES, *longest.values()])
    candidates = [
        index for index in encoded if _SIZED_ENCODINGS.issuperset(chunks.column(index).encodings)
    ]
    dictionaries = []
    for index in sorted(candidates, key=lambda index: -longest[index]):
        if row_bytes * _MIN_ROWS > BATCH_BYTES and sizes[index] <= bytes_left:
            dictionaries.append(index)
            bytes_left -= sizes[index]
            row_bytes -= max(0, longest[index] - averages[index])
    max_rows = min(_MAX_TEXT_ROWS if texts else BATCH_CELLS, BATCH_CELLS // len(leaves))
    return max(1, min(max_rows, int(BATCH_BYTES // max(1, row_bytes)))), dictionaries


def _longest_value(
    file: parquet.ParquetFile,
    index: int,
    *,
    group: int,
    chunk: parquet.ColumnChunkMetaData,
    size: int,
) -> int:
    """Return the longest value of a column's dictionary, or its first value without one.

    With a delta encoding, a value may repeat the start of the value before it, so a few bytes may
    be a long value. Such a column is read in full, but no value is longer than the column, which
    has `size` bytes.

    Raises:
        ArrowCapacityError: The value is longer than a row may be.
    """
    is_delta = _is_delta(chunk)
    probe = max(_MIN_PROBE_ROWS, min(_MAX_TEXT_ROWS, _PROBE_BYTES // max(1, size)))
    rows = probe if is_delta else 1
    reads = _iter_batches(file, [index], rows=rows, group=group)
    lengths = (longest_value(_innermost(read.column(0))) for read in reads)
    longest = max(lengths if is_delta else islice(lengths, 1), default=0)
    if longest > MAX_ROW_BYTES:
        raise pa.ArrowCapacityError(
            f"column '{chunk.path_in_schema}' has a value of {longest:,} bytes, expected at most"
            f" {MAX_ROW_BYTES:,}"
        )
    return longest


def _innermost(values: pa.Array) -> pa.Array:
    """Return the values of the field, if only one field of a struct was read."""
    return _innermost(values.field(0)) if pa.types.is_struct(values.type) else values


def _is_delta(chunk: parquet.ColumnChunkMetaData) -> bool:
    return "DELTA_BYTE_ARRAY" in chunk.encodings


def _fixed_bytes(kind: pa.DataType) -> float | None:
    """Return the bytes per value; None for types of variable size."""
    if pa.types.is_null(kind):
        return 1
    try:
        return float(kind.bit_width) / 8
    except ValueError:
        return None
