"""Parquet files: typed cells, as they stand there."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from stage_contract import ContractError

from serve.batch.arguments import Job
from serve.batch.chunks import Chunk, OnMalformed
from serve.batch.parquet_batches import open_parquet, read_batches
from serve.source.headers import Headers

MAGIC: Final = b"PAR1"


class ParquetTable:
    """A Parquet file."""

    def __init__(self, job: Job, headers: Headers) -> None:
        """Read the columns.

        Raises:
            ContractError: the file is torn.
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
        # Of equal names none can be read by its name; they are refused.
        is_plain = len(set(stored)) == len(stored)
        self.names: Sequence[str] = headers.resolve(stored) if is_plain else stored

    def schema(self, names: Sequence[str]) -> pa.Schema:
        fields = [self._schema.field(self.names.index(name)) for name in names]
        return pa.schema(map(_plain, fields)) if fields else pa.schema([])

    def chunks(
        self,
        names: Sequence[str],
        on_malformed: OnMalformed,  # noqa: ARG002  # only a CSV file has lines that are no rows
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
    """Return the field with the type of its values in place of a dictionary."""
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    return pa.field(field.name, kind)
