"""Tables as Parquet parts: clean-data is read in batches, matrices are written in parts."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
from pyarrow import parquet
from stage_contract import Artifact, ContractError, Progress

from features.data.columns import ARROW_TYPES, Column, read_columns

BATCH_ROWS = 65_536
ROWS_PER_PART = 1_000_000


@dataclass(frozen=True)
class CleanTable:
    """The table of clean-data, which can be read several times, batch by batch."""

    parts: Sequence[Path]
    columns: tuple[Column, ...]
    schema_document: dict[str, Any]
    """Content of schema.json."""
    rows: int

    @property
    def schema(self) -> pa.Schema:
        """The table's types."""
        return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in self.columns])

    def batches(
        self, activity: str, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[slice, pa.RecordBatch]]:
        """Yield each batch with its row positions, and log progress, as `rows {activity}`."""
        progress = Progress(f"rows {activity}", total=self.rows)
        start = 0
        for part in self.parts:
            with parquet.ParquetFile(part) as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                    kinds = pa.schema([self.schema.field(name) for name in batch.schema.names])
                    yield slice(start, start + batch.num_rows), batch.cast(kinds)
                    start += batch.num_rows
                    progress.add(batch.num_rows)


def open_clean_table(source: Artifact) -> CleanTable:
    """Open the table of a clean-data artifact.

    Raises:
        ContractError: There are no rows, or a part does not match schema.json.
    """
    document = json.loads(source.file("schema.json").read_bytes())
    parts = source.files("table")
    rows = sum(parquet.read_metadata(part).num_rows for part in parts)
    if not rows:
        raise ContractError(f"{source.path}: clean-data without rows; look at rejects/ of clean")
    columns = [read_columns(document, parquet.read_schema(part)) for part in parts]
    return CleanTable(parts, columns[0], document, rows)


class TableWriter:
    """Writes batches of one schema to part-00000.parquet and so on."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._folder = folder
        self._schema = schema
        self._parts = 0
        self._rows_in_part = 0
        self._writer: parquet.ParquetWriter | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch; a new part starts when the current one is full."""
        if not batch.num_rows:
            return
        if self._writer is None or self._rows_in_part >= ROWS_PER_PART:
            self._writer = self._start_part()
        self._writer.write_batch(batch)
        self._rows_in_part += batch.num_rows

    def _start_part(self) -> parquet.ParquetWriter:
        self._close()
        path = self._folder / f"part-{self._parts:05}.parquet"
        self._parts += 1
        self._rows_in_part = 0
        # Readers in other languages cannot use the Arrow schema in the metadata.
        return parquet.ParquetWriter(path, self._schema, compression="zstd", store_schema=False)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()
