"""The houses of the example as a typed table, from which other inputs are made."""

import random
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from conformance.subject import EXAMPLES
from conformance.validity.lineage import input_manifest


@dataclass(frozen=True)
class Houses:
    """A table in the types of clean-data, and the fields of the columns that are added."""

    table: pa.Table
    more: dict[str, str] = field(default_factory=dict)
    """Type by name of each added column."""

    def with_column(self, name: str, values: list[Any], kind: pa.DataType, type_: str) -> "Houses":
        """Return the houses with one column more."""
        table = self.table.append_column(name, pa.array(values, kind))
        return Houses(table, self.more | {name: type_})

    def replaced(self, name: str, values: list[Any]) -> "Houses":
        """Return the houses with other values in one column."""
        at = self.table.schema.get_field_index(name)
        array = pa.array(values, self.table.schema.field(at).type)
        return Houses(self.table.set_column(at, name, array), self.more)

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
    """Return this many houses, each a little different from the example's."""
    chance = random.Random(seed)  # noqa: S311  # not for secrets
    few = houses()
    picks = [chance.randrange(few.table.num_rows) for _ in range(rows)]
    table = few.table.take(pa.array(picks))
    sizes = few.values("size")
    prices = few.values("price")
    larger = [chance.randrange(1000) for _ in picks]
    return (
        Houses(table)
        .replaced("id", [f"n{number}" for number in range(rows)])
        .replaced(
            "size",
            [
                None if sizes[pick] is None else round(sizes[pick] + more / 100, 2)
                for pick, more in zip(picks, larger, strict=True)
            ],
        )
        .replaced(
            "price",
            [
                None if prices[pick] is None else prices[pick] + more
                for pick, more in zip(picks, larger, strict=True)
            ],
        )
    )
