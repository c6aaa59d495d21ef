"""The houses of the example as a typed table, from which other inputs are made."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute, parquet

from conformance.harness.subject import EXAMPLES
from conformance.validity.lineage import input_manifest


@dataclass(frozen=True)
class Houses:
    """A table in the types of clean-data, and the types of the columns that were added."""

    table: pa.Table
    added_types: dict[str, str] = field(default_factory=dict)
    """Type of each added column, by name."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def with_column(
        self, name: str, values: Sequence[Any], column_type: str, arrow_type: pa.DataType
    ) -> "Houses":
        """Return the houses with one more column."""
        table = self.table.append_column(name, pa.array(values, arrow_type))
        return Houses(table, self.added_types | {name: column_type})

    def with_values(self, name: str, values: Any) -> "Houses":
        """Return the houses with other values in a column; `values` is a list or an Arrow array."""
        index = self.table.schema.get_field_index(name)
        column = self.table.schema.field(index)
        is_array = isinstance(values, pa.Array | pa.ChunkedArray)
        array = values.cast(column.type) if is_array else pa.array(values, column.type)
        return Houses(self.table.set_column(index, column, array), self.added_types)

    def head(self, rows: int) -> "Houses":
        """Return the first `rows` houses."""
        return Houses(self.table.slice(0, rows), self.added_types)

    def values(self, name: str) -> list[Any]:
        """Return the values of one column."""
        values: list[Any] = self.table.column(name).to_pylist()
        return values


@cache
def houses() -> Houses:
    """Return the houses of the example's clean-data: no duplicates, no rejected rows."""
    volume = EXAMPLES / "clean-data"
    parts = sorted((volume / str(input_manifest(volume)["id"]) / "table").glob("*.parquet"))
    return Houses(pa.concat_tables([parquet.ParquetFile(part).read() for part in parts]))


def random_houses(rows: int, seed: int) -> Houses:
    """Return `rows` houses, each a slightly changed house of the example."""
    generator = np.random.default_rng(seed)
    table = houses().table.take(pa.array(generator.integers(houses().table.num_rows, size=rows)))
    ids = compute.binary_join_element_wise("n", pa.array(np.arange(rows)).cast(pa.string()), "")
    increase = pa.array(generator.integers(1000, size=rows))
    size_increase = compute.divide(increase.cast(pa.float64()), 100)
    return (
        Houses(table)
        .with_values("id", ids)
        .with_values("size", compute.round(compute.add(table.column("size"), size_increase), 2))
        .with_values("price", compute.add(table.column("price"), increase))
    )
