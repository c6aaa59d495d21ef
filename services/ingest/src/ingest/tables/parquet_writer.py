"""Parquet writer: a table as parts of bounded size, encoded in a thread of its own."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

ROWS_PER_PART = 1_000_000

GROUP_BYTES = 16 << 20
"""Bytes per row group; one group is filled while the previous one is written."""

MEMORY_BYTES = 7 * GROUP_BYTES
"""Memory of reading and writing: two row groups, pages and blocks of text."""

MAX_GROUP_ROWS = 1 << 17
"""Maximum rows per row group; readers load a row group at once."""


class TableWriter:
    """Writes batches of one schema to part-00000.parquet and so on.

    Row groups and parts depend only on the batches: equal tables give equal bytes.
    """

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._parts = _Parts(folder, schema)
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._writing: Future[None] | None = None
        self._group: list[pa.RecordBatch] = []
        self._group_bytes = self._group_rows = 0
        self.rows = 0
        """Rows written so far."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch, or raise the error of an earlier write."""
        if not batch.num_rows:
            return
        self._group.append(batch)
        self._group_bytes += batch.nbytes
        self._group_rows += batch.num_rows
        self.rows += batch.num_rows
        if self._group_bytes >= GROUP_BYTES or self._group_rows >= MAX_GROUP_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        self._wait()
        self._writing = self._thread.submit(self._parts.write, self._group)
        self._group = []
        self._group_bytes = self._group_rows = 0

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None and self._group:
                self._write_group()
            if error is None:
                self._wait()
        finally:
            self._thread.shutdown()
            self._parts.close()


class _Parts:
    """The part files of a table; a new file starts when the current one is full."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._dictionary: list[str] | None = None
        self._writer: parquet.ParquetWriter | None = None
        self._count = self._rows_in_part = 0

    def write(self, group: list[pa.RecordBatch]) -> None:
        """Append batches as one row group."""
        table = pa.Table.from_batches(group, self._schema)
        if self._dictionary is None:
            self._dictionary = _dictionary_columns(table)
        if self._writer is None or self._rows_in_part >= ROWS_PER_PART:
            self.close()
            self._writer = self._open_next()
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._rows_in_part += table.num_rows

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _open_next(self) -> parquet.ParquetWriter:
        path = self._folder / f"part-{self._count:05}.parquet"
        self._count += 1
        self._rows_in_part = 0
        return parquet.ParquetWriter(
            path,
            self._schema,
            compression="zstd",
            use_dictionary=self._dictionary,
            # A stored Arrow schema helps no reader in another language.
            store_schema=False,
        )


def _dictionary_columns(table: pa.Table) -> list[str]:
    """Return the columns to dictionary-encode: all but texts that hardly repeat."""
    return [
        field.name
        for field in table.schema
        if not pa.types.is_string(field.type)
        or 2 * pc.count_distinct(table[field.name]).as_py() < table.num_rows
    ]
