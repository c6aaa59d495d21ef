"""Rows as columns: whole arrays become the graph's inputs at once.

Valid columns are checked as arrays. Other columns are cleaned cell by cell with the rules for JSON,
which produce the error messages.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from serve.codecs.columns import Cells, Table
from serve.codecs.converters import Converter, compile_converter, limits
from serve.codecs.json_rows import too_many_rows
from serve.codecs.rows import Feed, Rows
from serve.problems import ErrorDetail, ErrorList
from serve.schema.cells import CellError, Rules
from serve.schema.signature import Signature
from serve.schema.values import Value


class _InputColumn(NamedTuple):
    """A column of an input of the graph."""

    name: str
    convert: Converter
    absent: Value
    """Value if a request has no such column."""


class ColumnRows:
    """Reads the columns of one model's requests."""

    def __init__(self, signature: Signature, rows: Rows, *, max_rows: int) -> None:
        self.max_rows = max_rows
        self._rows = rows
        is_utc = signature.timezone == "UTC"
        self._converters = {
            name: compile_converter(rules, is_utc=is_utc) for name, rules in rows.rules.items()
        }
        self._numbers, self._strings = (
            [
                _InputColumn(each.name, self._converters[each.name], rows.rules[each.name].absent)
                for each in group
            ]
            for group in (signature.group("numbers"), signature.group("strings"))
        )
        numbers = [rows.rules[column.name] for column in self._numbers]
        bounds = [limits(rules) for rules in numbers]
        self._low = np.array([low for low, _ in bounds])
        self._high = np.array([high for _, high in bounds])
        self._required = np.array([rules.column.is_required for rules in numbers])
        self._enumerated = [
            (index, rules)
            for index, rules in enumerate(numbers)
            if rules.column.constraints.enum is not None
        ]

    def check_names(self, names: Sequence[str]) -> None:
        """Refuse unknown, repeated and missing columns.

        Raises:
            RequestError: Lists those columns.
        """
        errors = ErrorList()
        self._rows.check_names(names, errors)
        errors.raise_if_any()

    def check_rows(self, rows: int) -> None:
        """Refuse zero rows and too many rows.

        Raises:
            RequestError: The number of rows is out of range.
        """
        if rows > self.max_rows:
            raise too_many_rows(self.max_rows)
        if rows == 0:
            errors = ErrorList()
            errors.add(ErrorDetail(expected="at least one row"))
            errors.raise_if_any()

    def reads(self, name: str) -> bool:
        """Return whether the model reads a column of this name."""
        return name in self._converters

    def feed(self, table: Table) -> Feed:
        """Return the graph's inputs.

        Raises:
            RequestError: A row breaks a rule; lists the errors.
        """
        self.check_rows(table.rows)
        try:
            return self.pack(table)
        except CellError:
            return self._rows.clean(self._as_rows(table.columns, table.rows), Rules.from_json)

    def pack(self, table: Table) -> Feed:
        """Return the graph's inputs for any number of rows.

        Raises:
            CellError: A cell may be invalid.
        """
        feed: Feed = {}
        if self._numbers:
            numbers = np.empty((table.rows, len(self._numbers)))
            self._fill(numbers, self._numbers, table.columns)
            self._check_numbers(numbers)
            feed["numbers"] = numbers
        if self._strings:
            strings = np.empty((table.rows, len(self._strings)), np.object_)
            self._fill(strings, self._strings, table.columns)
            feed["strings"] = strings
        return feed

    def _fill(
        self, group: NDArray[Any], inputs: Sequence[_InputColumn], columns: Mapping[str, Cells]
    ) -> None:
        for index, column in enumerate(inputs):
            cells = columns.get(column.name)
            group[:, index] = column.absent if cells is None else column.convert(cells)

    def _check_numbers(self, numbers: NDArray[np.float64]) -> None:
        """Check all numeric cells at once."""
        # Comparisons with NaN are false.
        if ((numbers < self._low) | (numbers > self._high)).any():
            raise CellError("beyond a limit")
        if self._required.any() and (np.isnan(numbers) & self._required).any():
            raise CellError("missing")
        for index, rules in self._enumerated:
            values = set(numbers[:, index].tolist())
            if not all(math.isnan(value) or rules.allows(value) for value in values):
                raise CellError("not one of the values")

    def _as_rows(self, columns: Mapping[str, Cells], rows: int) -> Iterator[dict[str, Any]]:
        if not columns:
            return iter([{}] * rows)
        values = [cells.objects() for cells in columns.values()]
        return (dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True))
