"""Cleaning chunks by the rules of the API, column by column.

Valid columns are converted as arrays. Other columns are cleaned cell by cell with the functions of
the API, once per distinct text.
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
class Rejection:
    """Why a row is rejected; the exception itself would keep its column in memory."""

    column: str
    reason: str
    expected: str


@dataclass(frozen=True)
class CleanChunk:
    """The valid rows of a chunk as inputs of the graph, and the invalid rows."""

    feed: Feed
    is_right: NDArray[np.bool_]
    rejections: Mapping[int, Rejection]
    """First rejection of each row, by index in the chunk, ascending."""


type Rejections = dict[int, Rejection]
"""Rejections by index in the chunk."""


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
        """Apply the rules to all columns of the model; an absent column is missing."""
        names = set(batch.schema.names)
        columns: dict[str, NDArray[Any]] = {}
        rejections: dict[int, Rejection] = {}
        for name, column in self._columns.items():
            if name not in names:
                columns[name] = column.absent(batch.num_rows)
                continue
            columns[name], wrong = column.clean(batch.column(name))
            for place, rejection in wrong.items():
                rejections.setdefault(place, rejection)
        is_right = np.ones(batch.num_rows, np.bool_)
        is_right[[*rejections]] = False
        return CleanChunk(
            feed={group: _stack(columns, names, is_right) for group, names in self._filled()},
            is_right=is_right,
            rejections=dict(sorted(rejections.items())),
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
        """Return the values of a column that is absent from the table."""
        return self._filled([self._rules.absent] * count)

    def clean(self, array: pa.Array) -> tuple[NDArray[Any], Rejections]:
        """Return the values, and the errors by index; the value of an invalid cell is undefined."""
        if is_text(array.type):
            return self._clean_texts(pc.cast(array, pa.string()))
        return self._clean_typed(array)

    def _clean_texts(self, texts: pa.Array) -> tuple[NDArray[Any], Rejections]:
        if self._reads_as_double:
            doubles = self._as_doubles(texts)
            if doubles is not None:
                return doubles, {}
        # Each distinct text is parsed once, because texts repeat.
        encoded = pc.fill_null(texts, "").dictionary_encode()
        values, wrong = self._one_by_one(encoded.dictionary.to_pylist(), self._rules.from_text)
        places: NDArray[Any] = encoded.indices.to_numpy()
        if not wrong:
            return values[places], {}
        hit = np.flatnonzero(np.isin(places, [*wrong]))
        return values[places], {int(row): wrong[int(places[row])] for row in hit}

    def _as_doubles(self, texts: pa.Array) -> NDArray[Any] | None:
        """Return numbers that are all valid; None if the cells must be checked one by one."""
        missing = pc.or_(pc.is_null(texts), pc.is_in(texts, value_set=self._missing_texts))
        try:
            # Arrow parses a subset of the contract's numbers, and also inf and nan.
            cast = pc.cast(pc.if_else(missing, pa.scalar(None, pa.string()), texts), pa.float64())
        except pa.ArrowInvalid:
            return None
        doubles: NDArray[Any] = cast.to_numpy(zero_copy_only=False)
        strays = np.isnan(doubles).sum() != cast.null_count
        if strays or (cast.null_count and self._rules.column.is_required):
            return None
        return doubles if self._is_within(doubles) else None

    def _clean_typed(self, array: pa.Array) -> tuple[NDArray[Any], Rejections]:
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
        """Whether all values are certainly valid; cells of a strings input were already checked."""
        if not self._is_number:
            return True
        if self._rules.column.constraints.enum is not None:
            return False
        is_complete = not self._rules.column.is_required or not np.isnan(values).any()
        return is_complete and self._is_within(values)

    def _is_within(self, values: NDArray[Any]) -> bool:
        return not ((values < self._low) | (values > self._high)).any()

    def _one_by_one(
        self, cells: Any, read: Callable[[Any], Value]
    ) -> tuple[NDArray[Any], Rejections]:
        values: list[Value] = []
        wrong: Rejections = {}
        for place, cell in enumerate(cells):
            try:
                values.append(read(cell))
            except CellError as error:
                values.append(self._rules.absent)
                wrong[place] = _rejection(self._rules.column.name, error)
        return self._filled(values), wrong

    def _filled(self, values: Any) -> NDArray[Any]:
        return np.array(values, np.float64 if self._is_number else np.object_)


def _stack(
    columns: Mapping[str, NDArray[Any]], names: list[str], is_right: NDArray[np.bool_]
) -> NDArray[Any]:
    stacked = np.column_stack([columns[name] for name in names])
    return np.ascontiguousarray(stacked if is_right.all() else stacked[is_right])


def _rejection(column: str, error: CellError) -> Rejection:
    reason = "constraint" if isinstance(error, CellConstraintError) else "type"
    return Rejection(column, reason, str(error))
