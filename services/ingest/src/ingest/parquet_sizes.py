"""How many rows of a Parquet file make a batch: its metadata tells what they take encoded."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from ingest.batches import BATCH_BYTES, BATCH_CELLS
from ingest.decoded import longest_value

_BUFFER_BYTES = 1 << 20
"""Bounds the memory, together with the size of a batch."""

_MOST_TEXTS = 1 << 13
"""Rows of a batch with texts: of those that don't repeat only the average length is known."""


def open_parquet(path: Path, **options: Any) -> parquet.ParquetFile:
    """Open a file, so that it is read in blocks of bounded size and checked."""
    return parquet.ParquetFile(
        path,
        pre_buffer=False,
        buffer_size=_BUFFER_BYTES,
        page_checksum_verification=True,
        **options,
    )


def batch_rows(path: Path, metadata: parquet.FileMetaData, schema: pa.Schema, group: int) -> int:
    """Return how many rows of a row group may be read at once.

    Of a column of texts the dictionary, or else the first value, is read for it.
    """
    chunks = metadata.row_group(group)
    widths = [_fixed_bytes(kind) for kind in schema.types]
    texts = [index for index, width in enumerate(widths) if width is None]
    dictionaries = [index for index in texts if chunks.column(index).has_dictionary_page]
    row_bytes = sum(width for width in widths if width is not None)
    with open_parquet(path, metadata=metadata, read_dictionary=dictionaries) as file:
        for index in texts:
            average = chunks.column(index).total_uncompressed_size / max(1, chunks.num_rows)
            row_bytes += max(average, _longest(file, group, schema.names[index]))
    most_rows = min(_MOST_TEXTS if texts else BATCH_CELLS, BATCH_CELLS // len(schema))
    return max(1, min(most_rows, int(BATCH_BYTES // max(1, row_bytes))))


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
