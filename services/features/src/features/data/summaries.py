"""Summary statistics of a column in the training rows, computed in bounded memory."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.data.columns import Column
from features.data.tensors import as_doubles
from features.data.values import Plain, as_plain, plain_to_json

QUANTILES = (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
MAX_CATEGORIES = 50
MIN_CATEGORY_ROWS = 5
MAX_COUNTED_VALUES = 20_000
MAX_COUNTED_CHARACTERS = 4_000_000


class ColumnSummary:
    """Statistics of one column.

    Only the first MAX_COUNTED_VALUES distinct values are counted, so each count is exact.
    """

    def __init__(self, column: Column) -> None:
        self.column = column
        self.rows = self.missing = 0
        self.minimum: float = math.inf
        self.maximum: float = -math.inf
        self._total = 0.0
        self._counts: dict[Plain, int] = {}
        self._characters = 0

    @property
    def has_all_values(self) -> bool:
        """Whether all distinct values were counted."""
        return len(self._counts) < MAX_COUNTED_VALUES and self._characters < MAX_COUNTED_CHARACTERS

    @property
    def is_constant(self) -> bool:
        """Whether all rows have the same value; missing counts as a value."""
        return len(self._counts) + (self.missing > 0) <= 1

    def add(self, array: pa.Array) -> None:
        """Count the cells of a batch."""
        self.rows += len(array)
        self.missing += array.null_count
        values = as_plain(array.drop_null())
        if not len(values):
            return
        # Frequencies of amounts are not needed, only the number of distinct values.
        if self.has_all_values or self.column.type in {"string", "integer"}:
            self._count(values)
        if self.column.type != "string":
            self._measure(values)

    def describe(self, sample: pa.ChunkedArray, *, as_category: bool) -> dict[str, Any]:
        """Return `observed` of schema.json; the quantiles are computed from the fit sample."""
        facts: dict[str, Any] = {"rows": self.rows, "missing": self.missing}
        if self.has_all_values:
            facts["distinct"] = len(self._counts)
        if self.column.is_private or self.rows == self.missing:
            return facts
        if self.column.type in {"number", "integer", "boolean"}:
            facts["mean"] = self._total / (self.rows - self.missing)
        if self.column.type not in {"string", "boolean"}:
            facts |= self._range(sample)
        if as_category or self.column.type == "boolean":
            facts["example"] = self._to_json(self._most_frequent()[0][0])
        if as_category:
            facts["categories"] = self._categories()
        return facts

    def frequent_texts(self, *, most: int) -> list[tuple[str, int]]:
        """Return the most frequent texts that are no rarity, with their rows; ties by text."""
        frequent = [item for item in self._most_frequent() if item[1] >= MIN_CATEGORY_ROWS]
        return [(str(value), rows) for value, rows in frequent[:most]]

    def _count(self, values: pa.Array) -> None:
        distinct, rows = (part.to_pylist() for part in pc.value_counts(values).flatten())
        for value, count in zip(distinct, rows, strict=True):
            if value in self._counts:
                self._counts[value] += count
            elif self.has_all_values:
                self._counts[value] = count
                self._characters += len(value) if isinstance(value, str) else 0

    def _measure(self, values: pa.Array) -> None:
        numbers = values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
        limits = pc.min_max(numbers).as_py()
        # Unsafe: a double cannot represent every microsecond after the year 2255.
        self._total += pc.sum(numbers.cast(pa.float64(), safe=False)).as_py()
        self.minimum = min(limits["min"], self.minimum)
        self.maximum = max(limits["max"], self.maximum)

    def _range(self, sample: pa.ChunkedArray) -> dict[str, Any]:
        """Return minimum, maximum, a middle value and the quantiles."""
        facts: dict[str, Any] = {
            "minimum": self._to_json(self.minimum),
            "maximum": self._to_json(self.maximum),
        }
        present = sample.drop_null()
        if len(present):
            ordered = np.sort(as_plain(present).to_numpy())
            facts["example"] = self._to_json(ordered[len(ordered) // 2].item())
            facts["quantiles"] = np.quantile(as_doubles(present), QUANTILES).tolist()
        return facts

    def _to_json(self, value: Plain) -> Plain:
        return plain_to_json(value, self.column.type)

    def _most_frequent(self) -> list[tuple[Plain, int]]:
        return sorted(self._counts.items(), key=lambda item: (-item[1], str(item[0])))

    def _categories(self) -> list[dict[str, Any]]:
        frequent = self.frequent_texts(most=MAX_CATEGORIES)
        return [{"value": value, "rows": rows} for value, rows in frequent]
