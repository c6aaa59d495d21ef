"""Reader of Parquet files: batches with plain types."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from stage_contract import ContractError
from stage_contract.parquet_pages import PageError

from ingest.readers.parquet_batches import Leaf, group_batches, leaves_of, open_parquet
from ingest.settings import Settings
from ingest.tables.batches import Batch
from ingest.tables.column_choice import SourceColumns, choose_columns
from ingest.tables.decoded_sizes import split_to_batch_size
from ingest.tables.plain_types import plain_schema
from ingest.tables.structs import fields_of_structs

_ERRORS = (pa.ArrowException, OSError, PageError)


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file whose columns are known."""

    path: Path
    name: str
    columns: SourceColumns
    schema: pa.Schema
    """Plain types of the values that are read, whatever their encoding."""
    leaves: Sequence[Leaf]
    """The stored columns that are read."""
    has_names = True

    def facts(self) -> dict[str, object]:
        """Return how the file was read, for source.json."""
        return {"format": "parquet"}

    def batches(self) -> Iterator[Batch]:
        """Yield batches of the plain schema.

        Raises:
            ContractError: The file is damaged.
        """
        try:
            with open_parquet(self.path) as file:
                metadata = file.metadata
            total, size, done = metadata.num_rows, self.path.stat().st_size, 0
            for group in range(metadata.num_row_groups):
                batches = group_batches(
                    self.path, metadata, group=group, leaves=self.leaves, columns=self.columns
                )
                for batch in batches:
                    for rows in split_to_batch_size(batch):
                        done += rows.num_rows
                        yield Batch(rows.cast(self.schema), position=size * done // total)
        except _ERRORS as error:
            raise ContractError(_unreadable(self.name, error)) from None


def inspect_parquet(path: Path, name: str, settings: Settings) -> ParquetFile:
    """Read the schema of a file.

    Raises:
        ContractError: The file is not Parquet, or a column that is read is nested.
    """
    try:
        with open_parquet(path) as file:
            schema = file.schema_arrow
    except _ERRORS as error:
        raise ContractError(_unreadable(name, error)) from None
    if not schema.names:
        raise ContractError(f"{name}: the file has no columns; expected a table")
    fields = fields_of_structs(schema, settings)
    columns = choose_columns(schema.names, settings, source=name, fields=fields)
    plain = plain_schema(schema, columns, name=name, settings=settings)
    return ParquetFile(path, name, columns, plain, leaves_of(schema, columns, plain))


def _unreadable(name: str, error: Exception) -> str:
    return f"{name}: can't be read as Parquet: {str(error).splitlines()[0]}; write the file again"
