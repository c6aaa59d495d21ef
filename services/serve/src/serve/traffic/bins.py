"""Counts of answered rows by the fixed bins of reference.json."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from stage_contract import LOGGER

from serve.schema.model_json import Description
from serve.schema.signature import Column

type Counts = NDArray[np.int64]


class Bins(msgspec.Struct, frozen=True):
    """The bins of a column or of the predictions, without the counts of training.

    A number v is in bin i if edges[i-1] < v <= edges[i]; the ends are open. After the bins of
    values comes one for all other texts. The last bin of a column holds missing values.
    """

    edges: tuple[float, ...] | None = None
    values: tuple[str | bool | int | float, ...] | None = None


class BinCounts:
    """Counts by bin of one model, over all rows since it was loaded."""

    def __init__(
        self, description: Description, *, columns: Mapping[str, Bins], predictions: Bins | None
    ) -> None:
        """Prepare the counts; columns without usable bins are logged and not counted."""
        signature = description.signature
        self._numbers = [_Numbers.of(each, columns) for each in signature.group("numbers")]
        self._strings = [_Texts.of(each, columns) for each in signature.group("strings")]
        self._edges: NDArray[np.float64] | None = None
        self._classes = 0
        self._predictions: Counts | None = None
        if description.classes is not None:
            if predictions is not None and len(predictions.values or ()) == len(
                description.classes
            ):
                self._classes = len(description.classes)
                self._predictions = np.zeros(self._classes, np.int64)
        elif predictions is not None and _are_ascending(predictions.edges):
            self._edges = np.array(predictions.edges, np.float64)
            self._predictions = np.zeros(len(self._edges) + 1, np.int64)

    def add_numbers(self, numbers: NDArray[np.float64]) -> None:
        """Count the graph's numbers, [N, columns]; NaN is missing."""
        for column, values in zip(self._numbers, numbers.T, strict=True):
            if column is not None:
                column.add(values)

    def add_texts(self, index: int, rows: Mapping[str, int]) -> None:
        """Count the rows by text of one of the graph's texts; an empty text is missing."""
        if (column := self._strings[index]) is not None:
            column.add(rows)

    def add_predictions(self, predictions: NDArray[Any]) -> None:
        """Count class indexes [N], numbers [N], or numbers in the first column of [N, Q]."""
        if self._predictions is None:
            return
        first = predictions if predictions.ndim == 1 else predictions[:, 0]
        places = first if self._edges is None else np.searchsorted(self._edges, first)
        self._predictions += np.bincount(places, minlength=len(self._predictions))

    def columns(self) -> dict[str, Counts]:
        """Return the counts by column, in the order of the reference's bins."""
        counted = [*self._numbers, *self._strings]
        return {each.name: each.counts.copy() for each in counted if each is not None}

    def predictions(self) -> Counts | None:
        """Return the counts of predictions; None without bins."""
        return None if self._predictions is None else self._predictions.copy()


class _Numbers:
    """Counts of one column of the graph's numbers."""

    def __init__(self, name: str, edges: Sequence[float] | None) -> None:
        """Prepare counts by `edges`; None counts only present and missing values."""
        self.name = name
        self._edges = None if edges is None else np.array(edges, np.float64)
        self.counts = np.zeros(2 if edges is None else len(edges) + 2, np.int64)

    @classmethod
    def of(cls, column: Column, columns: Mapping[str, Bins]) -> "_Numbers | None":
        """Return the counts of a column; None if the reference has no bins for it."""
        if (bins := columns.get(column.name)) is None:
            return None
        if column.private or bins == Bins():
            return cls(column.name, None)
        if not _are_ascending(bins.edges):
            _warn_of(column, "expected edges in ascending order")
            return None
        return cls(column.name, bins.edges)

    def add(self, values: NDArray[np.float64]) -> None:
        # searchsorted sorts NaN after every edge.
        missing = int(np.count_nonzero(values != values))  # noqa: PLR0124  # NaN
        if self._edges is None:
            self.counts += (len(values) - missing, missing)
            return
        places = np.searchsorted(self._edges, values)
        self.counts += np.bincount(places, minlength=len(self.counts))
        if missing:
            self.counts[-2:] += (-missing, missing)


class _Texts:
    """Counts of one column of the graph's texts."""

    def __init__(self, name: str, values: Sequence[str] | None) -> None:
        """Prepare counts by `values`; None counts only present and missing texts."""
        self.name = name
        self._places = {value: place for place, value in enumerate(values or ())}
        self._other = len(self._places)
        self.counts = np.zeros(self._other + 2, np.int64)

    @classmethod
    def of(cls, column: Column, columns: Mapping[str, Bins]) -> "_Texts | None":
        """Return the counts of a column; None if the reference has no bins for it."""
        if (bins := columns.get(column.name)) is None:
            return None
        if column.private or bins == Bins():
            return cls(column.name, None)
        values = [value for value in bins.values or () if isinstance(value, str)]
        if bins.values is None or len(set(values)) != len(bins.values):
            _warn_of(column, "expected different texts as values")
            return None
        return cls(column.name, values)

    def add(self, rows: Mapping[str, int]) -> None:
        missing_place = self._other + 1
        for text, count in rows.items():
            place = self._places.get(text, self._other) if text else missing_place
            self.counts[place] += count


def _are_ascending(edges: Sequence[float] | None) -> bool:
    return edges is not None and all(low < high for low, high in pairwise(edges))


def _warn_of(column: Column, expected: str) -> None:
    LOGGER.warning(
        "reference.json: bins of column %r: %s; the column is not counted for monitoring",
        column.name,
        expected,
        extra={"column": column.name},
    )
