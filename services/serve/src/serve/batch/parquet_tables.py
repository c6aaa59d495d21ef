"""Parquet files: typed cells, unchanged."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet
from stage_contract import ContractError
from stage_contract.parquet_pages import PageError, decompressed_bytes

from serve.batch.arguments import Job
from serve.batch.chunks import Chunk, OnMalformed
from serve.codecs.rows import Rows

MAGIC: Final = b"PAR1"
_ERRORS: Final = (pa.ArrowException, OSError, PageError)


class ParquetTable:
    """A Parquet file."""

    def __init__(self, job: Job, rows: Rows) -> None:
        """Read the columns.

        Raises:
            ContractError: The file is damaged.
        """
        self._job = job
        try:
            with open_parquet(job.source) as file:
                self.rows: int | None = file.metadata.num_rows
                schema = file.schema_arrow.remove_metadata()
        except _ERRORS as error:
            raise self._torn(error) from None
        stored = schema.names
        # Columns with equal names can't be selected by name; they are refused.
        is_plain = len(set(stored)) == len(stored)
        names = rows.headers.resolve(stored) if is_plain else stored
        columns = [
            column
            for field, name in zip(schema, names, strict=True)
            for column in _columns_of(field, name, rows)
        ]
        self._stored = [pa.field(column.place, column.type) for column in columns]
        self.header: Sequence[str] | None = [column.place for column in columns]
        self.names: Sequence[str] = [column.name for column in columns]

    def schema(self, names: Sequence[str]) -> pa.Schema:
        fields = [self._stored[self.names.index(name)] for name in names]
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
        except _ERRORS as error:
            raise self._torn(error) from None

    def _torn(self, error: Exception) -> ContractError:
        text = str(error).splitlines()[0]
        return ContractError(f"{self._job.name}: can't be read as Parquet: {text}")


class _Column(NamedTuple):
    """A column of the table: a column of the file, or a field of a struct."""

    place: str
    """Its name in the file; that of a field follows the struct's, after a dot."""
    name: str
    type: pa.DataType


def _columns_of(field: pa.Field, name: str, rows: Rows, parent: str = "") -> Iterator[_Column]:
    """Yield a column, or the fields of a struct if ingest read the source so."""
    place = f"{parent}{field.name}"
    is_flattened = name not in rows.known and (parent or name in rows.flattened)
    if not is_flattened or not pa.types.is_struct(field.type):
        yield _Column(place, name, field.type)
        return
    for index in range(field.type.num_fields):
        inner = field.type.field(index)
        yield from _columns_of(inner, f"{name}.{inner.name}", rows, parent=f"{place}.")


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
_PROBE_BYTES: Final = 64 << 20
_MIN_PROBE_ROWS: Final = 4
_MAX_PROBE_ROWS: Final = 1 << 13
"""Size of a read that looks for the longest text of a delta encoding, if each is the longest."""
_MAX_CELL_BYTES: Final = 64 << 20
"""As in a CSV file."""


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
            fitting = [_rows_at_once(encoded, number, path=path, names=names) for number in numbers]
        for rows, groups in groupby(numbers, key=fitting.__getitem__):
            for batch in file.iter_batches(rows, row_groups=[*groups], columns=names):
                columns = [_values(batch, name) for name in names]
                rows_read = pa.RecordBatch.from_arrays(columns, names=names)
                yield from _halved(rows_read.cast(schema))


def _values(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column, or a field of a struct, which is null where the struct is null."""
    if name in batch.schema.names:
        return batch.column(name)
    parents = [each for each in batch.schema.names if name.startswith(f"{each}.")]
    struct = batch.column(max(parents, key=len))
    fields = pa.RecordBatch.from_arrays(struct.flatten(), names=[each.name for each in struct.type])
    return _values(fields, name[len(max(parents, key=len)) + 1 :])


def _halved(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order, in halves if they are too large: long texts may be adjacent."""
    if batch.num_rows > 1 and batch.nbytes > 2 * BATCH_BYTES:
        half = batch.num_rows // 2
        yield from _halved(batch.slice(0, half))
        yield from _halved(batch.slice(half))
    else:
        yield batch


def _rows_at_once(
    encoded: parquet.ParquetFile, group: int, *, path: Path, names: Sequence[str]
) -> int:
    """Return the number of rows of a row group to read at once.

    The pages give the size of a column, but a text that is stored once, in a dictionary or as the
    start of the texts after it, may occur in every row.

    Raises:
        ArrowCapacityError: A text is longer than a cell may be.
        PageError: A page is too large to be decoded.
    """
    chunks = encoded.metadata.row_group(group)
    stored: Counter[str] = Counter()
    repeating, delta = [], []
    for chunk in map(chunks.column, range(chunks.num_columns)):
        parts = chunk.path_in_schema.split(".")
        places = [".".join(parts[: end + 1]) for end in range(len(parts))]
        if not any(place in names for place in places):
            continue
        size = decompressed_bytes(path, chunk)
        for place in places:
            stored[place] += size
        is_delta = "DELTA_BYTE_ARRAY" in chunk.encodings
        is_text = places[-1] in names and chunk.physical_type == "BYTE_ARRAY"
        if is_text and (is_delta or chunk.has_dictionary_page):
            repeating.append(places[-1])
            delta += places[-1:] if is_delta else []
    # Small groups need no check: they stay small even with one text in all rows.
    most = chunks.num_rows * sum(stored[name] for name in repeating)
    longest = {}
    if most > BATCH_BYTES:
        longest = _longest(encoded, group, [name for name in repeating if name not in delta])
        for name in delta:
            longest[name] = _longest_of_delta(path, group, name, size=stored[name])
    _check_cells(longest)
    row_bytes = sum(
        max(stored[name] / max(1, chunks.num_rows), longest.get(name, 0)) for name in names
    )
    return max(_MIN_ROWS, min(BATCH_ROWS, int(BATCH_BYTES / max(1, row_bytes))))


def _check_cells(longest: Mapping[str, int]) -> None:
    for name, size in longest.items():
        if size > _MAX_CELL_BYTES:
            raise pa.ArrowCapacityError(
                f"column '{name}' has a text of {size:,} bytes,"
                f" expected at most {_MAX_CELL_BYTES:,}"
            )


def _longest(encoded: parquet.ParquetFile, group: int, names: list[str]) -> dict[str, int]:
    """Return the bytes of the longest text in the dictionary of each column."""
    if not names:
        return {}
    read = encoded.iter_batches(1, row_groups=[group], columns=names, use_threads=False)
    first = next(read, None)
    if first is None:
        return {}
    return {name: _longest_text(_values(first, name).dictionary) for name in names}


def _longest_of_delta(path: Path, group: int, name: str, *, size: int) -> int:
    """Return the bytes of the longest text of a column of `size` bytes; reads all its rows."""
    rows = max(_MIN_PROBE_ROWS, min(_MAX_PROBE_ROWS, _PROBE_BYTES // max(1, size)))
    with open_parquet(path) as file:
        reads = file.iter_batches(rows, row_groups=[group], columns=[name], use_threads=False)
        return max((_longest_text(_values(read, name)) for read in reads), default=0)


def _longest_text(texts: pa.Array) -> int:
    return pc.max(pc.binary_length(pc.cast(texts, pa.large_binary()))).as_py() or 0
