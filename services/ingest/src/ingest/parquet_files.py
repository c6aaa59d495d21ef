"""Reading Parquet: batches with plain types, as written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet
from stage_contract import ContractError

from ingest.batches import Batch

BATCH_CELLS = 1 << 18
"""Bounds the memory, together with the buffer through which column chunks are read."""

_BUFFER_BYTES = 1 << 20
_ERRORS = (pa.ArrowException, OSError)


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file whose columns are known."""

    path: Path
    name: str
    schema: pa.Schema
    """With the plain types that the values have, whatever their encoding was."""

    def facts(self) -> dict[str, object]:
        """Return how it was read, for source.json."""
        return {"format": "parquet"}

    def batches(self) -> Iterator[Batch]:
        """Yield batches of the plain schema.

        Raises:
            ContractError: the file is torn.
        """
        try:
            with _open(self.path) as file:
                total, size, done = file.metadata.num_rows, self.path.stat().st_size, 0
                for batch in file.iter_batches(max(1, BATCH_CELLS // len(self.schema))):
                    done += batch.num_rows
                    yield Batch(batch.cast(self.schema), position=size * done // total)
        except _ERRORS as error:
            raise ContractError(_unreadable(self.name, error)) from None


def inspect_parquet(path: Path, name: str) -> ParquetFile:
    """Read the schema of a file.

    Raises:
        ContractError: it is no Parquet file, or a column is nested.
    """
    try:
        with _open(path) as file:
            schema = file.schema_arrow
    except _ERRORS as error:
        raise ContractError(_unreadable(name, error)) from None
    if not schema.names:
        raise ContractError(f"{name}: the file has no columns; expected a table")
    return ParquetFile(path, name, pa.schema([_plain(field, name) for field in schema]))


def _open(path: Path) -> parquet.ParquetFile:
    return parquet.ParquetFile(
        path, pre_buffer=False, buffer_size=_BUFFER_BYTES, page_checksum_verification=True
    )


def _unreadable(name: str, error: Exception) -> str:
    return f"{name}: can't be read as Parquet: {error}; write the file again"


def _plain(field: pa.Field, name: str) -> pa.Field:
    kind = _plain_type(field.type)
    if pa.types.is_nested(kind):
        raise ContractError(
            f"{name}: column '{field.name}' is nested ({kind}); expected one value a cell,"
            " flatten it before"
        )
    return pa.field(field.name, kind)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that any reader knows for these values."""
    if isinstance(kind, pa.BaseExtensionType):
        return _plain_type(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return _plain_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return pa.binary()
    return kind
