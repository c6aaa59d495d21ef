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
    """A table in the types of clean-data, and the fields of the columns that are added."""

    table: pa.Table
    more: dict[str, str] = field(default_factory=dict)
    """Type by name of each added column."""

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def with_column(
        self, name: str, values: Sequence[Any], type_: str, kind: pa.DataType
    ) -> "Houses":
        """Return the houses with one column more."""
        table = self.table.append_column(name, pa.array(values, kind))
        return Houses(table, self.more | {name: type_})

    def replaced(self, name: str, values: Any) -> "Houses":
        """Return the houses with other values in one column: a list, or an Arrow array."""
        at = self.table.schema.get_field_index(name)
        column = self.table.schema.field(at)
        is_array = isinstance(values, pa.Array | pa.ChunkedArray)
        array = values.cast(column.type) if is_array else pa.array(values, column.type)
        return Houses(self.table.set_column(at, column, array), self.more)

    def first(self, rows: int) -> "Houses":
        """Return the first of them."""
        return Houses(self.table.slice(0, rows), self.more)

    def values(self, name: str) -> list[Any]:
        """Return the values of one column."""
        values: list[Any] = self.table.column(name).to_pylist()
        return values


@cache
def houses() -> Houses:
    """Return the houses as the example's clean-data holds them: no copies, nothing wrong."""
    volume = EXAMPLES / "clean-data"
    parts = sorted((volume / str(input_manifest(volume)["id"]) / "table").glob("*.parquet"))
    return Houses(pa.concat_tables([parquet.ParquetFile(part).read() for part in parts]))


def many(rows: int, seed: int) -> Houses:
    """Return this many houses, each a little different from one of the example's."""
    chance = np.random.default_rng(seed)
    table = houses().table.take(pa.array(chance.integers(houses().table.num_rows, size=rows)))
    ids = compute.binary_join_element_wise("n", pa.array(np.arange(rows)).cast(pa.string()), "")
    larger = pa.array(chance.integers(1000, size=rows))
    metres = compute.divide(larger.cast(pa.float64()), 100)
    return (
        Houses(table)
        .replaced("id", ids)
        .replaced("size", compute.round(compute.add(table.column("size"), metres), 2))
        .replaced("price", compute.add(table.column("price"), larger))
    )
