"""How many rows of a Parquet file make a batch: its metadata tells what they take encoded."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from ingest.tables.batches import BATCH_BYTES, BATCH_CELLS
from ingest.tables.decoded_sizes import longest_value

_BUFFER_BYTES = 1 << 20
"""Bounds the memory, together with the size of a batch."""

_MOST_TEXTS = 1 << 13
"""Rows of a batch with texts: of those that don't repeat only the average length is known."""

_FEWEST_ROWS = 1 << 6
"""With fewer a batch takes longer than its rows: one value of 9 MB would make a batch of each."""

_STORED_AS_IT_IS = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"}
"""What delta encodings unfold to, the metadata does not tell."""


def open_parquet(path: Path, **options: Any) -> parquet.ParquetFile:
    """Open a file, so that it is read in blocks of bounded size and checked."""
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
    """Yield the rows of a row group, so many at once as fit into a batch with plain types.

    A column with a value so long that hardly any would fit stays a dictionary: that one value does
    not stand for all rows, so the batches are yet to be `bounded`.
    """
    rows, dictionaries = _batch_rows(path, metadata, schema, group)
    with open_parquet(path, metadata=metadata, read_dictionary=dictionaries) as file:
        yield from file.iter_batches(rows, row_groups=[group])


def _batch_rows(
    path: Path, metadata: parquet.FileMetaData, schema: pa.Schema, group: int
) -> tuple[int, list[int]]:
    """Return how many rows may be read at once, and which columns as dictionaries.

    Of a column of texts the dictionary, or else the first value, is read for it.
    """
    chunks = metadata.row_group(group)
    widths = [_fixed_bytes(kind) for kind in schema.types]
    texts = [index for index, width in enumerate(widths) if width is None]
    encoded = [index for index in texts if chunks.column(index).has_dictionary_page]
    with open_parquet(path, metadata=metadata, read_dictionary=encoded) as file:
        longest = {index: _longest(file, group, schema.names[index]) for index in texts}
    averages = {
        index: chunks.column(index).total_uncompressed_size / max(1, chunks.num_rows)
        for index in texts
    }
    row_bytes = sum(width for width in widths if width is not None)
    row_bytes += sum(max(averages[index], longest[index]) for index in texts)

    # Until the row group ends the reader keeps all texts that it met, also those of plain pages.
    room = 2 * max([BATCH_BYTES, *longest.values()])
    candidates = [
        index for index in encoded if _STORED_AS_IT_IS.issuperset(chunks.column(index).encodings)
    ]
    dictionaries = []
    for index in sorted(candidates, key=lambda index: -longest[index]):
        size = chunks.column(index).total_uncompressed_size
        if row_bytes * _FEWEST_ROWS > BATCH_BYTES and size <= room:
            dictionaries.append(index)
            room -= size
            row_bytes -= max(0, longest[index] - averages[index])
    most_rows = min(_MOST_TEXTS if texts else BATCH_CELLS, BATCH_CELLS // len(schema))
    return max(1, min(most_rows, int(BATCH_BYTES // max(1, row_bytes)))), dictionaries


def _longest(file: parquet.ParquetFile, group: int, name: str) -> int:
    """Return the longest value of a column's dictionary, or its first value if it has none."""
    first = next(file.iter_batches(1, row_groups=[group], columns=[name]), None)
    # A name may be there twice.
    return 0 if first is None else max(map(longest_value, first.columns))


def _fixed_bytes(kind: pa.DataType) -> float | None:
    """Return what each value takes, None if that differs."""
    if pa.types.is_null(kind):
        return 1
    try:
        return float(kind.bit_width) / 8
    except ValueError:
        return None
