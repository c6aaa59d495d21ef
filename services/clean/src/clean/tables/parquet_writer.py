"""Parquet writer: a part of the table, encoded in a thread of its own."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pyarrow as pa
from pyarrow import parquet


class PartWriter:
    """Writes batches in order; the next batch is prepared while one is encoded."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        # A stored Arrow schema helps no reader in another language.
        self._file = parquet.ParquetWriter(path, schema, compression="zstd", store_schema=False)
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._writing: Future[None] | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch, or raise the error of the previous write."""
        self._wait()
        self._writing = self._thread.submit(self._file.write_batch, batch)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self._wait()
        finally:
            self._thread.shutdown()
            self._file.close()
