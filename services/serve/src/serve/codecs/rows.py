"""Conversion of rows to the graph's inputs, cell by cell, with complete error messages.

`serve.codecs.packing` is the fast way for valid JSON.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serve.problems import ErrorDetail, ErrorList, showable, unknown_name
from serve.schema.cells import CellError, Rules, compile_rules
from serve.schema.signature import Signature
from serve.schema.values import Value
from serve.source.file_formats import SourceFormat
from serve.source.headers import Headers

type Feed = dict[str, NDArray[Any]]
"""The graph's inputs: `numbers` double[N,k] and `strings` of texts [N,m]; an empty input is
omitted."""


class Rows:
    """Cleans rows by a model's signature."""

    def __init__(self, signature: Signature, formats: Sequence[SourceFormat] = ()) -> None:
        self.rules = {column.name: compile_rules(column, signature) for column in signature.fields}
        self.known = dict.fromkeys(signature.names)
        self.headers = Headers(self.known, formats)
        self._groups = {
            group: [column.name for column in signature.group(group)]
            for group in ("numbers", "strings")
        }

    def check_names(self, names: Iterable[str], errors: ErrorList) -> None:
        """Report unknown, repeated and missing columns of a table."""
        seen: set[str] = set()
        for name in names:
            if name not in self.known:
                errors.add(self._unknown(name))
            elif name in seen:
                errors.add(ErrorDetail(expected="this column only once", column=name))
            seen.add(name)
        for name, rules in self.rules.items():
            if rules.column.is_required and name not in seen:
                expected = "this column in the table: it is required"
                errors.add(ErrorDetail(expected=expected, column=name))

    def clean(self, rows: Iterable[object], read: Callable[[Rules, Any], Value]) -> Feed:
        """Return the graph's inputs.

        Raises:
            RequestError: A row breaks a rule; lists the errors.
        """
        errors = ErrorList()
        cleaned: dict[str, list[Value]] = {name: [] for name in self.rules}
        unknown: set[str] = set()
        for number, row in enumerate(rows, 1):
            if not isinstance(row, Mapping):
                expected = "an object of columns and values"
                errors.add(ErrorDetail(expected=expected, row=number, value=showable(row)))
                continue
            for name in row:
                if name not in self.known and name not in unknown:
                    unknown.add(name)
                    errors.add(self._unknown(name, row=number))
            for name, rules in self.rules.items():
                value = row.get(name)
                try:
                    cleaned[name].append(read(rules, value))
                except CellError as error:
                    errors.add(_error_detail(rules, value, row=number, expected=str(error)))
        errors.raise_if_any()
        return self.pack(cleaned)

    def _unknown(self, name: str, *, row: int | None = None) -> ErrorDetail:
        """Return the error for an unknown name, which may be the source's name of a column."""
        return unknown_name(name, self.known, row=row, candidates=self.headers.candidates(name))

    def pack(self, columns: Mapping[str, Sequence[Value]]) -> Feed:
        """Return the graph's inputs for cleaned columns."""
        kinds: dict[str, Any] = {"numbers": np.float64, "strings": np.object_}
        return {
            group: np.ascontiguousarray(
                np.array([columns[name] for name in names], dtype=kinds[group]).T
            )
            for group, names in self._groups.items()
            if names
        }


def _error_detail(rules: Rules, value: object, *, row: int, expected: str) -> ErrorDetail:
    if rules.column.private:
        return ErrorDetail(expected=expected, row=row, column=rules.column.name)
    return ErrorDetail(expected=expected, row=row, column=rules.column.name, value=showable(value))
