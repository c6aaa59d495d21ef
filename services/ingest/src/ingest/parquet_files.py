"""Reading Parquet: batches with plain types, as written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet
from stage_contract import ContractError

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file whose columns are known."""

    path: Path
    name: str
    schema: pa.Schema
    """Dictionary types are already replaced by the types of their values."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of the plain schema.

        Raises:
            ContractError: the file is torn.
        """
        try:
            with parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(BATCH_ROWS):
                    yield batch.cast(self.schema)
        except (pa.ArrowInvalid, OSError) as error:
            raise ContractError(f"{self.name}: can't be read as Parquet: {error}") from None


def inspect_parquet(path: Path, name: str) -> ParquetFile:
    """Read the schema of a file.

    Raises:
        ContractError: it is no Parquet file, or a column is nested.
    """
    try:
        schema = parquet.read_schema(path).remove_metadata()
    except (pa.ArrowInvalid, OSError) as error:
        raise ContractError(f"{name}: can't be read as Parquet: {error}") from None
    return ParquetFile(path, name, pa.schema([_plain(field, name) for field in schema]))


def _plain(field: pa.Field, name: str) -> pa.Field:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if pa.types.is_nested(kind):
        raise ContractError(
            f"{name}: column '{field.name}' is nested ({kind}); expected one value a cell,"
            " flatten it before"
        )
    return pa.field(field.name, kind)
