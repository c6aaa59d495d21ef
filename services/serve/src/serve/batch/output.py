"""Writing the result: under another name until it is whole."""

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet
from stage_contract import ContractError
from stage_contract.artifacts.volumes import sync

from serve.batch.arrow_cells import datetimes_of

ROWS_PER_GROUP: Final = 65_536
BYTES_PER_GROUP: Final = 64 << 20
DELIMITERS: Final = {".csv": ",", ".tsv": "\t"}
"""Of a result that is a text, by the end of its name."""
_ARE_BYTES: Final = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_binary_view,
)


class Writer(Protocol):
    """Takes batches of one schema."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write what is left."""


class CsvWriter:
    """Writes CSV as the API does: quotes only where needed, nothing for null."""

    def __init__(
        self, path: Path, schema: pa.Schema, *, delimiter: str, header: Sequence[str]
    ) -> None:
        """Write the header.

        Raises:
            ContractError: a column has a type that no cell of CSV can hold.
        """
        for field in schema:
            if not _has_texts(field.type):
                raise ContractError(
                    f"column {field.name}: {field.type} has no place in CSV; name the result"
                    " .parquet, or leave the column out of KEEP"
                )
        self._delimiter = delimiter
        self._file = path.open("wb")
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(header)
        self._file.write(line.getvalue().encode())

    def write(self, batch: pa.RecordBatch) -> None:
        if not batch.num_rows:
            return
        cells = [_quoted(_as_texts(column), self._delimiter) for column in batch.columns]
        lines = pc.binary_join_element_wise(*cells, self._delimiter)
        whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
        self._file.write(pc.binary_join(whole, "\n")[0].as_buffer())
        self._file.write(b"\n")

    def close(self) -> None:
        self._file.close()


class ParquetWriter:
    """Writes Parquet in groups of rows that take little memory."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = parquet.ParquetWriter(path, schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= ROWS_PER_GROUP or self._bytes >= BYTES_PER_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting = []
            self._rows = self._bytes = 0


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield another name to write to; at the end the file gets its own at once.

    An empty file takes what stood under its name away; one that is gone leaves it there.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    os.close(descriptor)
    begun = Path(name)
    try:
        yield begun
        if begun.exists():
            _place(begun, target)
    finally:
        begun.unlink(missing_ok=True)


@contextmanager
def open_writer(
    path: Path, schema: pa.Schema, *, delimiter: str | None = None, header: Sequence[str] = ()
) -> Iterator[Writer]:
    """Yield what writes a table, as Parquet unless there is a delimiter; it is whole at the end."""
    writer: Writer = (
        CsvWriter(path, schema, delimiter=delimiter, header=header)
        if delimiter
        else ParquetWriter(path, schema)
    )
    try:
        yield writer
    finally:
        writer.close()


def _place(begun: Path, target: Path) -> None:
    sync(begun)
    if begun.stat().st_size:
        begun.chmod(0o644)
        begun.replace(target)
    else:
        target.unlink(missing_ok=True)
    sync(target.parent)


def _has_texts(kind: pa.DataType) -> bool:
    """Whether the values can be written as texts; bytes may or may not be one."""
    stored = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    if any(is_bytes(stored) for is_bytes in _ARE_BYTES):
        return False
    try:
        _as_texts(pa.nulls(0, kind))
    except pa.ArrowNotImplementedError:
        return False
    return True


def _as_texts(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_timestamp(kind):
        return pc.fill_null(pa.array(datetimes_of(column).objects(), pa.string()), "")
    return pc.fill_null(pc.cast(column, pa.string()), "")


def _quoted(texts: pa.Array, delimiter: str) -> pa.Array:
    needed = pc.match_substring_regex(texts, pattern=f'["\r\n{delimiter}]')
    if not pc.any(needed).as_py():
        return texts
    inner = pc.replace_substring(texts, pattern='"', replacement='""')
    quote = pa.scalar('"')
    return pc.if_else(needed, pc.binary_join_element_wise(quote, inner, quote, ""), texts)
