"""Writers for batch results; a file appears under its name only when it is complete."""

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
DELIMITER_BY_EXTENSION: Final = {".csv": ",", ".tsv": "\t"}
_BINARY_TYPE_TESTS: Final = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_binary_view,
)


class Writer(Protocol):
    """Writes batches of one schema to a file."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""

    def close(self) -> None:
        """Write the buffered rows, and close the file."""


class CsvWriter:
    """Writes CSV like the API: quotes only where needed, an empty cell for null."""

    def __init__(
        self, path: Path, schema: pa.Schema, *, delimiter: str, header: Sequence[str]
    ) -> None:
        """Write the header.

        Raises:
            ContractError: A column has a type that cannot be written to CSV.
        """
        for field in schema:
            if not _is_writable_as_text(field.type):
                raise ContractError(
                    f"column {field.name}: {field.type} cannot be written to CSV; name the result"
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
        cells = [_quote(_as_texts(column), self._delimiter) for column in batch.columns]
        lines = pc.binary_join_element_wise(*cells, self._delimiter)
        one_list = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
        self._file.write(pc.binary_join(one_list, "\n")[0].as_buffer())
        self._file.write(b"\n")

    def close(self) -> None:
        self._file.close()


class ParquetWriter:
    """Writes Parquet; bounds the rows and bytes of a row group, because it is buffered."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = parquet.ParquetWriter(path, schema, compression="zstd")
        self._buffered: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._buffered.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= ROWS_PER_GROUP or self._bytes >= BYTES_PER_GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._buffered:
            self._writer.write_table(pa.Table.from_batches(self._buffered))
            self._buffered = []
            self._rows = self._bytes = 0


@contextmanager
def replace_on_success(target: Path) -> Iterator[Path]:
    """Yield a temporary path; on success, replace `target` with that file atomically.

    If the file is empty, remove `target`. If the caller removed the file, keep `target`.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        if temporary.exists():
            _replace_target(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def open_writer(
    path: Path, schema: pa.Schema, *, delimiter: str | None = None, header: Sequence[str] = ()
) -> Iterator[Writer]:
    """Yield a writer of CSV if there is a delimiter, else of Parquet; close it at the end."""
    writer: Writer = (
        CsvWriter(path, schema, delimiter=delimiter, header=header)
        if delimiter
        else ParquetWriter(path, schema)
    )
    try:
        yield writer
    finally:
        writer.close()


def _replace_target(temporary: Path, target: Path) -> None:
    sync(temporary)
    if temporary.stat().st_size:
        temporary.chmod(0o644)
        temporary.replace(target)
    else:
        target.unlink(missing_ok=True)
    sync(target.parent)


def _is_writable_as_text(data_type: pa.DataType) -> bool:
    """Return whether values can be written as text; bytes cannot: they may not be UTF-8."""
    is_extension = isinstance(data_type, pa.BaseExtensionType)
    storage_type = data_type.storage_type if is_extension else data_type
    if any(is_binary(storage_type) for is_binary in _BINARY_TYPE_TESTS):
        return False
    try:
        _as_texts(pa.nulls(0, data_type))
    except pa.ArrowNotImplementedError:
        return False
    return True


def _as_texts(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return pc.fill_null(pa.array(datetimes_of(column).objects(), pa.string()), "")
    return pc.fill_null(pc.cast(column, pa.string()), "")


def _quote(texts: pa.Array, delimiter: str) -> pa.Array:
    needs_quotes = pc.match_substring_regex(texts, pattern=f'["\r\n{delimiter}]')
    if not pc.any(needs_quotes).as_py():
        return texts
    escaped = pc.replace_substring(texts, pattern='"', replacement='""')
    quote = pa.scalar('"')
    return pc.if_else(needs_quotes, pc.binary_join_element_wise(quote, escaped, quote, ""), texts)
