"""Cleaning chunks by the rules of the API, column by column.

Right columns are read as arrays. What is odd is read cell by cell by the very rules of the API,
each distinct text once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from serve.batch.arrow_cells import cells_of, is_text
from serve.codecs.columns import Datetimes
from serve.codecs.converters import compile_converter, limits
from serve.codecs.rows import Feed
from serve.schema.cells import CellConstraintError, CellError, Rules
from serve.schema.number_formats import has_number_keys
from serve.schema.signature import Signature
from serve.schema.values import Value


@dataclass(frozen=True)
class Fault:
    """What is wrong with a cell, not the error itself: that would keep its column in memory."""

    column: str
    reason: str
    expected: str


@dataclass(frozen=True)
class CleanChunk:
    """The rows of a chunk that are right, as the graph takes them, and those that are not."""

    feed: Feed
    is_right: NDArray[np.bool_]
    faults: Mapping[int, Fault]
    """The first of each row, by its place in the chunk, in that order."""


type Wrong = dict[int, Fault]
"""By place in the chunk."""


class Cleaner:
    """Cleans the chunks of one table by the rules of one model."""

    def __init__(self, signature: Signature, rules: Mapping[str, Rules]) -> None:
        self._groups = {
            group: [column.name for column in signature.group(group)]
            for group in ("numbers", "strings")
        }
        is_utc = signature.timezone == "UTC"
        self._columns = {name: _Column(each, is_utc=is_utc) for name, each in rules.items()}

    def clean(self, batch: pa.RecordBatch) -> CleanChunk:
        """Apply the rules to all columns of the model; one that is not there is missing."""
        names = set(batch.schema.names)
        columns: dict[str, NDArray[Any]] = {}
        faults: dict[int, Fault] = {}
        for name, column in self._columns.items():
            if name not in names:
                columns[name] = column.absent(batch.num_rows)
                continue
            columns[name], wrong = column.clean(batch.column(name))
            for place, fault in wrong.items():
                faults.setdefault(place, fault)
        is_right = np.ones(batch.num_rows, np.bool_)
        is_right[[*faults]] = False
        return CleanChunk(
            feed={group: _stack(columns, names, is_right) for group, names in self._filled()},
            is_right=is_right,
            faults=dict(sorted(faults.items())),
        )

    def _filled(self) -> Iterator[tuple[str, list[str]]]:
        return ((group, names) for group, names in self._groups.items() if names)


class _Column:
    """Cleans the cells of one column."""

    def __init__(self, rules: Rules, *, is_utc: bool) -> None:
        self._rules = rules
        self._is_number = rules.column.input.group == "numbers"
        self._reads_as_double = (
            rules.column.type == "number"
            and not rules.column.constraints.enum
            and not has_number_keys(rules.column)
        )
        self._convert = compile_converter(rules, is_utc=is_utc)
        self._low, self._high = limits(rules) if self._is_number else (0.0, 0.0)
        self._missing_texts = pa.array(sorted(rules.missing_values), pa.string())

    def absent(self, count: int) -> NDArray[Any]:
        """Return the values of a column that the table does not have."""
        return self._filled([self._rules.absent] * count)

    def clean(self, array: pa.Array) -> tuple[NDArray[Any], Wrong]:
        """Return the values, and what is wrong by place; the value there means nothing."""
        if is_text(array.type):
            return self._clean_texts(pc.cast(array, pa.string()))
        return self._clean_typed(array)

    def _clean_texts(self, texts: pa.Array) -> tuple[NDArray[Any], Wrong]:
        if self._reads_as_double:
            doubles = self._as_doubles(texts)
            if doubles is not None:
                return doubles, {}
        # Tables repeat themselves: each distinct text is read once.
        encoded = pc.fill_null(texts, "").dictionary_encode()
        values, wrong = self._one_by_one(encoded.dictionary.to_pylist(), self._rules.from_text)
        places: NDArray[Any] = encoded.indices.to_numpy()
        if not wrong:
            return values[places], {}
        hit = np.flatnonzero(np.isin(places, [*wrong]))
        return values[places], {int(row): wrong[int(places[row])] for row in hit}

    def _as_doubles(self, texts: pa.Array) -> NDArray[Any] | None:
        """Return numbers that are right as a whole; None if a cell must be looked at."""
        missing = pc.or_(pc.is_null(texts), pc.is_in(texts, value_set=self._missing_texts))
        try:
            # Arrow reads a subset of what the contract calls a number, and inf and nan.
            cast = pc.cast(pc.if_else(missing, pa.scalar(None, pa.string()), texts), pa.float64())
        except pa.ArrowInvalid:
            return None
        doubles: NDArray[Any] = cast.to_numpy(zero_copy_only=False)
        strays = np.isnan(doubles).sum() != cast.null_count
        if strays or (cast.null_count and self._rules.column.is_required):
            return None
        return doubles if self._is_within(doubles) else None

    def _clean_typed(self, array: pa.Array) -> tuple[NDArray[Any], Wrong]:
        cells = cells_of(array)
        try:
            taken = self._filled(self._convert(cells))
        except CellError:
            taken = None
        if taken is not None and self._is_right(taken):
            return taken, {}
        as_days = self._rules.column.type == "date"
        objects = (
            cells.objects(as_days=as_days) if isinstance(cells, Datetimes) else cells.objects()
        )
        return self._one_by_one(objects, self._rules.from_json)

    def _is_right(self, values: NDArray[Any]) -> bool:
        """Whether taken values are certainly right; those of a strings group were looked at."""
        if not self._is_number:
            return True
        if self._rules.column.constraints.enum is not None:
            return False
        is_complete = not self._rules.column.is_required or not np.isnan(values).any()
        return is_complete and self._is_within(values)

    def _is_within(self, values: NDArray[Any]) -> bool:
        return not ((values < self._low) | (values > self._high)).any()

    def _one_by_one(self, cells: Any, read: Callable[[Any], Value]) -> tuple[NDArray[Any], Wrong]:
        values: list[Value] = []
        wrong: Wrong = {}
        for place, cell in enumerate(cells):
            try:
                values.append(read(cell))
            except CellError as error:
                values.append(self._rules.absent)
                wrong[place] = _fault(self._rules.column.name, error)
        return self._filled(values), wrong

    def _filled(self, values: Any) -> NDArray[Any]:
        return np.array(values, np.float64 if self._is_number else np.object_)


def _stack(
    columns: Mapping[str, NDArray[Any]], names: list[str], is_right: NDArray[np.bool_]
) -> NDArray[Any]:
    stacked = np.column_stack([columns[name] for name in names])
    return np.ascontiguousarray(stacked if is_right.all() else stacked[is_right])


def _fault(column: str, error: CellError) -> Fault:
    reason = "constraint" if isinstance(error, CellConstraintError) else "type"
    return Fault(column, reason, str(error))
