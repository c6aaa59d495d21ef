"""Parquet reader: the parts of a table, batch by batch, with rows numbered from 1."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet
from stage_contract import Artifact, ContractError

from clean.parsing.arrays import to_frame
from clean.parsing.arrow_types import is_text, native_type

BATCH_ROWS = 131_072
BATCH_BYTES = 20 << 20
"""Approximate bytes of a batch on each core; bounds the memory."""

_SAMPLED_ROWS = 1_024
"""Number of rows that the average row size is computed from."""


@dataclass(frozen=True)
class Part:
    """One Parquet file of a table."""

    path: Path
    schema: pa.Schema
    first_row: int
    rows: int
    batch_rows: int

    def frames(self, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the part, or some of its columns, batch by batch.

        The index holds row numbers of the whole table.
        """
        first = self.first_row
        with _open(self.path, read_dictionary=_dictionary_columns(self.path)) as file:
            for batch in file.iter_batches(self.batch_rows, columns=columns):
                for piece in _split_to_batch_size(batch):
                    yield to_frame(piece, pd.RangeIndex(first, first + piece.num_rows))
                    first += piece.num_rows


@dataclass(frozen=True)
class Table:
    """The parts of a table, which have the same columns."""

    parts: tuple[Part, ...]

    @property
    def schema(self) -> pa.Schema:
        return self.parts[0].schema

    @property
    def rows(self) -> int:
        return sum(part.rows for part in self.parts)

    def frames(self, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
        """Yield the table batch by batch; see `Part.frames`."""
        for part in self.parts:
            yield from part.frames(columns)


def open_table(source: Artifact) -> Table:
    """Open the table of a raw-data artifact.

    Raises:
        ContractError: The table has no rows, its parts differ, or a column has an unknown type.
    """
    parts: list[Part] = []
    paths = source.files("table")
    batch_rows = _batch_rows(paths)
    for path in paths:
        first_row = parts[-1].first_row + parts[-1].rows if parts else 1
        with _open(path) as file:
            schema = file.schema_arrow.remove_metadata()
            rows_per_read = min(batch_rows, _rows_per_read(file.metadata))
            parts.append(Part(path, schema, first_row, file.metadata.num_rows, rows_per_read))
    table = Table(tuple(parts))
    if not table.rows or not table.schema.names:
        raise ContractError(f"{source.path}: table/ has no rows; check the source and ingest")
    _check_names(table)
    _check_types(table)
    _check_parts(table)
    return table


def _batch_rows(paths: Sequence[Path]) -> int:
    """Return the rows per batch, from the first rows: equal tables have equal batches."""
    for path in paths:
        with _open(path) as file:
            for rows in file.iter_batches(_SAMPLED_ROWS):
                rows_per_read = BATCH_BYTES * rows.num_rows // max(1, rows.nbytes)
                return max(1, min(BATCH_ROWS, int(rows_per_read)))
    return 1


def _rows_per_read(metadata: parquet.FileMetaData) -> int:
    """Return how many rows can be read at once anywhere in a part, from its row group sizes.

    The first rows do not show the size of later rows, and a read continues across row groups.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    rows = np.cumsum([0, *(group.num_rows for group in groups)])
    ends = np.cumsum([0, *(group.total_byte_size for group in groups)])
    # For each first row group: the row, interpolated within a group, where the bytes are too many.
    full = ends + BATCH_BYTES
    starts = full <= ends[-1]
    rows_per_read = np.interp(full[starts], ends, rows) - rows[starts]
    return max(1, int(rows_per_read.min(initial=BATCH_ROWS)))


def _split_to_batch_size(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in pieces of bounded size, counting a repeated text each time.

    The file metadata gives the length of a repeated text, but not how often it repeats.
    """
    if not batch.num_rows:
        return
    sizes = np.zeros(batch.num_rows)
    for column in batch.columns:
        sizes += _cell_bytes(column)
    ends = np.cumsum(sizes)
    count = max(1, int(ends[-1] // BATCH_BYTES))
    # Equal sizes, at most double the limit: a batch slightly above it leaves no small rest.
    cuts = [0, *np.searchsorted(ends, ends[-1] * np.arange(1, count) / count), batch.num_rows]
    for start, end in pairwise(map(int, cuts)):
        if end > start:
            yield batch.slice(start, end - start)


def _cell_bytes(cells: pa.Array) -> npt.NDArray[np.float64] | float:
    """Return the bytes of each cell, with dictionary texts decoded."""
    if pa.types.is_dictionary(cells.type):
        lengths = pc.binary_length(cells.dictionary).take(cells.indices)
    elif is_text(cells.type):
        lengths = pc.binary_length(cells)
    else:
        return float(cells.nbytes / len(cells))
    sizes: npt.NDArray[np.float64] = pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False)
    return sizes


def _dictionary_columns(path: Path) -> list[str]:
    """Return the text columns that the file stores as dictionaries."""
    with _open(path) as file:
        if not file.num_row_groups:
            return []
        group = file.metadata.row_group(0)
        return [
            field.name
            for index, field in enumerate(file.schema_arrow)
            if is_text(field.type) and group.column(index).has_dictionary_page
        ]


@contextmanager
def _open(path: Path, read_dictionary: Sequence[str] = ()) -> Iterator[parquet.ParquetFile]:
    try:
        with parquet.ParquetFile(path, read_dictionary=read_dictionary) as file:
            yield file
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise ContractError(
            f"{path}: can't be read as Parquet ({reason}); run the stage that wrote it again"
        ) from None


def _check_names(table: Table) -> None:
    if "" in table.schema.names:
        raise ContractError(f"{table.parts[0].path}: a column has no name; name it in the source")
    twice = [name for name, count in Counter(table.schema.names).items() if count > 1]
    if twice:
        raise ContractError(
            f"{table.parts[0].path}: column '{twice[0]}' appears twice; rename one in the source"
        )


def _check_types(table: Table) -> None:
    for field in table.schema:
        if native_type(field.type) is None:
            raise ContractError(
                f"{table.parts[0].path}: column '{field.name}' is {field.type}; expected texts,"
                " numbers, booleans, dates or timestamps, so leave it out with skip_columns in"
                " [ingest], or convert it in the source"
            )


def _check_parts(table: Table) -> None:
    for part in table.parts:
        if part.schema != table.schema:
            differing = sorted({*part.schema} ^ {*table.schema}, key=str)
            raise ContractError(
                f"{part.path}: columns differ from {table.parts[0].path.name}"
                f" ({differing[0].name if differing else 'in another order'});"
                " every part needs the same columns, run the stage that wrote it again"
            )
