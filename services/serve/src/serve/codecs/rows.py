"""Conversion of rows to the graph's inputs, cell by cell, with complete error messages.

`serve.codecs.packing` is the fast way for valid JSON.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from serve.problems import MAX_ERRORS, ErrorDetail, ErrorList, shortened, showable, unknown_name
from serve.schema.cells import CellError, Rules, compile_rules
from serve.schema.signature import Signature
from serve.schema.values import Value
from serve.source.file_formats import SourceFormat
from serve.source.headers import Headers

type Feed = dict[str, NDArray[Any]]
"""The graph's inputs: `numbers` double[N,k] and `strings` of texts [N,m]; an empty input is
omitted."""


_MAX_ERRORS_PER_ROW: Final = 5
"""Maximum number of errors listed for a row that is skipped."""


class ValidRows(NamedTuple):
    """The valid rows of a table, and what is wrong with the others."""

    feed: Feed
    """The graph's inputs; without meaning if no row is valid."""
    places: Sequence[int]
    """The index of each valid row in the table."""
    rows: int
    """Number of rows in the table."""
    errors: Sequence[ErrorDetail] = ()

    def spread[Item](self, values: Sequence[Item], *, absent: Item) -> list[Item]:
        """Return one item for each row of the table; `values` are those of the valid rows."""
        items = [absent] * self.rows
        for place, value in zip(self.places, values, strict=True):
            items[place] = value
        return items


def all_valid(feed: Feed) -> ValidRows:
    """Return a table in which all rows are valid."""
    count = len(next(iter(feed.values())))
    return ValidRows(feed, range(count), count)


class Rows:
    """Cleans rows by a model's signature."""

    def __init__(self, signature: Signature, formats: Sequence[SourceFormat] = ()) -> None:
        self.rules = {column.name: compile_rules(column, signature) for column in signature.fields}
        self.known = dict.fromkeys(signature.names)
        self.flattened = frozenset(name for each in formats for name in each.flattened)
        """Columns of the source whose fields are columns, called `a.b`."""
        self.headers = Headers({**self.known, **dict.fromkeys(self.flattened)}, formats)
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

    def flatten(self, row: object) -> object:
        """Return a JSON row with the fields of the structs that ingest flattened.

        If a column would occur twice, its error is returned in place of the row.
        """
        if not isinstance(row, Mapping) or self.flattened.isdisjoint(row):
            return row
        pairs = [*self._flat_pairs(row, "")]
        names = [name for name, _ in pairs]
        repeated = next((name for name in names if names.count(name) > 1), None)
        if repeated is not None:
            return ErrorDetail(expected="this column only once", column=repeated)
        return dict(pairs)

    def _flat_pairs(self, row: Mapping[str, Any], parent: str) -> Iterator[tuple[str, Any]]:
        for key, value in row.items():
            name = f"{parent}{key}"
            is_struct = name not in self.known and (parent or name in self.flattened)
            if is_struct and isinstance(value, Mapping):
                yield from self._flat_pairs(value, f"{name}.")
            elif not is_struct or value is not None:
                yield name, value

    def clean(self, rows: Iterable[object], read: Callable[[Rules, Any], Value]) -> Feed:
        """Return the graph's inputs.

        Raises:
            RequestError: A row breaks a rule; lists the errors.
        """
        errors = ErrorList()
        cleaned: list[list[Value]] = []
        unknown: set[str] = set()

        def report_once(name: str) -> ErrorDetail | None:
            if name in unknown:
                return None
            unknown.add(name)
            return self._unknown(name)

        for number, row in enumerate(rows, 1):
            values: list[Value] = []
            for error in self._clean_row(row, read, values, unknown=report_once):
                errors.add(replace(error, row=number))
            cleaned.append(values)
        errors.raise_if_any()
        return self._pack_rows(cleaned)

    def clean_valid(self, rows: Iterable[object], read: Callable[[Rules, Any], Value]) -> ValidRows:
        """Clean the rows that break no rule; the others are listed, in place of being refused.

        A row that could not be read at all is passed as its error.
        """
        cleaned: list[list[Value]] = []
        places: list[int] = []
        errors: list[ErrorDetail] = []
        unknown: dict[str, ErrorDetail] = {}
        count = 0

        def report(name: str) -> ErrorDetail:
            if name in unknown:
                return unknown[name]
            if len(unknown) == MAX_ERRORS:  # Suggestions for any number of names take too long.
                return unknown_name(name, ())
            return unknown.setdefault(name, self._unknown(name))

        for count, row in enumerate(rows, 1):
            values: list[Value] = []
            found = self._clean_row(row, read, values, unknown=report)
            listed = [*islice(found, _MAX_ERRORS_PER_ROW)]
            errors += [replace(error, row=count) for error in listed]
            if not listed:
                places.append(count - 1)
                cleaned.append(values)
        return ValidRows(self._pack_rows(cleaned), places, count, errors)

    def _clean_row(
        self,
        row: object,
        read: Callable[[Rules, Any], Value],
        values: list[Value],
        *,
        unknown: Callable[[str], ErrorDetail | None],
    ) -> Iterator[ErrorDetail]:
        """Add the cleaned values of a row, in the order of the rules; yield what is wrong."""
        if isinstance(row, ErrorDetail):
            yield row
            return
        if not isinstance(row, Mapping):
            yield ErrorDetail(expected="an object of columns and values", value=showable(row))
            return
        for name in row:
            if name not in self.known and (found := unknown(name)):
                yield found
        for name, rules in self.rules.items():
            value = row.get(name)
            try:
                values.append(read(rules, value))
            except CellError as error:
                yield _error_detail(rules, value, expected=str(error))

    def _pack_rows(self, rows: Sequence[Sequence[Value]]) -> Feed:
        columns = zip(*rows, strict=True) if rows else [()] * len(self.rules)
        return self.pack(dict(zip(self.rules, columns, strict=True)))

    def _unknown(self, name: str) -> ErrorDetail:
        """Return the error for an unknown name, which may be the source's name of a column."""
        if name in self.flattened:
            return _not_an_object(name, self.rules)
        candidates = [each for each in self.headers.candidates(name) if each in self.known]
        return unknown_name(name, self.known, candidates=candidates)

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


def _not_an_object(struct: str, inputs: Iterable[str]) -> ErrorDetail:
    """Return the error for a struct that was sent as a value; its fields are columns."""
    field = next((name for name in inputs if name.startswith(f"{struct}.")), None)
    example = f", such as {field}" if field else ""
    return ErrorDetail(
        expected=f"an object, or a column for each field{example}", column=shortened(struct)
    )


def _error_detail(rules: Rules, value: object, *, expected: str) -> ErrorDetail:
    if rules.column.private:
        return ErrorDetail(expected=expected, column=rules.column.name)
    return ErrorDetail(expected=expected, column=rules.column.name, value=showable(value))
