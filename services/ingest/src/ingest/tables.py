"""Writing a table as Parquet parts of bounded size."""

from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
from pyarrow import parquet

ROWS_PER_PART = 1_000_000

PENDING_BYTES = 1 << 20
"""Small batches are written together: each of its own costs memory until the part ends."""


class TableWriter:
    """Writes batches of one schema to part-00000.parquet and so on."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._parts = 0
        self._writer = self._next_part()
        self._rows_in_part = 0
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = self._pending_bytes = 0
        self.rows = 0
        """Rows taken so far."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch; a new part starts when the current one is full."""
        if not batch.num_rows:
            return
        self.rows += batch.num_rows
        self._pending.append(batch)
        self._pending_rows += batch.num_rows
        self._pending_bytes += batch.nbytes
        if self._pending_bytes >= PENDING_BYTES or self._pending_rows >= ROWS_PER_PART:
            self._write_pending()

    def _write_pending(self) -> None:
        if not self._pending:
            return
        if self._rows_in_part >= ROWS_PER_PART:
            self._writer.close()
            self._writer = self._next_part()
            self._rows_in_part = 0
        batch = pa.concat_batches(self._pending)
        self._pending = []
        self._pending_rows = self._pending_bytes = 0
        self._writer.write_batch(batch)
        self._rows_in_part += batch.num_rows

    def _next_part(self) -> parquet.ParquetWriter:
        path = self._folder / f"part-{self._parts:05}.parquet"
        self._parts += 1
        # The schema as Arrow metadata says nothing that a reader in another language could use.
        return parquet.ParquetWriter(path, self._schema, compression="zstd", store_schema=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._write_pending()
        finally:
            self._writer.close()
