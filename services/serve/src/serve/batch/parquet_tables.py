"""Parquet files: typed cells, unchanged."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet
from stage_contract import ContractError

from serve.batch.arguments import Job
from serve.batch.chunks import Chunk, OnMalformed
from serve.source.headers import Headers

MAGIC: Final = b"PAR1"


class ParquetTable:
    """A Parquet file."""

    def __init__(self, job: Job, headers: Headers) -> None:
        """Read the columns.

        Raises:
            ContractError: The file is damaged.
        """
        self._job = job
        try:
            with open_parquet(job.source) as file:
                self.rows: int | None = file.metadata.num_rows
                self._schema = file.schema_arrow.remove_metadata()
        except (pa.ArrowException, OSError) as error:
            raise self._torn(error) from None
        self.header: Sequence[str] | None = self._schema.names
        stored = self._schema.names
        # Columns with equal names can't be selected by name; they are refused.
        is_plain = len(set(stored)) == len(stored)
        self.names: Sequence[str] = headers.resolve(stored) if is_plain else stored

    def schema(self, names: Sequence[str]) -> pa.Schema:
        fields = [self._schema.field(self.names.index(name)) for name in names]
        return pa.schema(map(_plain, fields)) if fields else pa.schema([])

    def chunks(
        self,
        names: Sequence[str],
        on_malformed: OnMalformed,  # noqa: ARG002  # only a CSV file has lines that are not rows
    ) -> Iterator[Chunk]:
        schema, start = self.schema(names), 1
        try:
            for batch in read_batches(self._job.source, schema):
                numbers = np.arange(start, start + batch.num_rows)
                yield Chunk(numbers, batch.rename_columns([*names]))
                start += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise self._torn(error) from None

    def _torn(self, error: Exception) -> ContractError:
        text = str(error).splitlines()[0]
        return ContractError(f"{self._job.name}: can't be read as Parquet: {text}")


def _plain(field: pa.Field) -> pa.Field:
    """Return the field with the type of its values instead of a dictionary."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    return pa.field(field.name, kind)


BATCH_ROWS: Final = 65_536
BATCH_BYTES: Final = 16 << 20
"""Maximum bytes of a batch, which bounds the memory: a few batches are in progress at a time."""
_MIN_ROWS: Final = 64
"""Minimum rows of a batch, so that one long text does not cause batches of a single row."""
_BUFFER_BYTES: Final = 1 << 20


def open_parquet(path: Path, **options: Any) -> parquet.ParquetFile:
    """Open a file so that it is read in blocks instead of whole row groups."""
    return parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES, **options)


def read_batches(path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the columns of the schema, with its types."""
    names = schema.names
    with open_parquet(path) as file:
        leaves = map(file.metadata.schema.column, range(file.metadata.num_columns))
        texts = [each.path for each in leaves if each.physical_type == "BYTE_ARRAY"]
        numbers = range(file.num_row_groups)
        with open_parquet(path, read_dictionary=texts) as encoded:
            fitting = [_rows_at_once(encoded, number, names) for number in numbers]
        for rows, groups in groupby(numbers, key=fitting.__getitem__):
            for batch in file.iter_batches(rows, row_groups=[*groups], columns=names):
                yield from _halved(batch.select(names).cast(schema))


def _halved(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order, in halves if they are too large: long texts may be adjacent."""
    if batch.num_rows > 1 and batch.nbytes > 2 * BATCH_BYTES:
        half = batch.num_rows // 2
        yield from _halved(batch.slice(0, half))
        yield from _halved(batch.slice(half))
    else:
        yield batch


def _rows_at_once(encoded: parquet.ParquetFile, group: int, names: Sequence[str]) -> int:
    """Return the number of rows of a row group to read at once.

    The metadata gives the size of a column, but a text that is stored once, in a dictionary, may
    occur in every row.
    """
    chunks = encoded.metadata.row_group(group)
    stored: Counter[str] = Counter()
    repeating = []
    for chunk in map(chunks.column, range(chunks.num_columns)):
        place = ""
        for part in chunk.path_in_schema.split("."):
            place = f"{place}.{part}".removeprefix(".")
            stored[place] += chunk.total_uncompressed_size
        if place in names and chunk.has_dictionary_page and chunk.physical_type == "BYTE_ARRAY":
            repeating.append(place)
    # Small groups need no check: they stay small even with one text in all rows.
    most = chunks.num_rows * sum(stored[name] for name in repeating)
    longest = _longest(encoded, group, repeating) if most > BATCH_BYTES else {}
    row_bytes = sum(
        max(stored[name] / max(1, chunks.num_rows), longest.get(name, 0)) for name in names
    )
    return max(_MIN_ROWS, min(BATCH_ROWS, int(BATCH_BYTES / max(1, row_bytes))))


def _longest(encoded: parquet.ParquetFile, group: int, names: list[str]) -> dict[str, int]:
    """Return the bytes of the longest text in the dictionary of each column."""
    read = encoded.iter_batches(1, row_groups=[group], columns=names, use_threads=False)
    first = next(read, None)
    if first is None:
        return {}
    return {name: _longest_text(first.column(name).dictionary) for name in names}


def _longest_text(texts: pa.Array) -> int:
    return pc.max(pc.binary_length(pc.cast(texts, pa.large_binary()))).as_py() or 0
