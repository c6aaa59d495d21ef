"""The four JSON formats in which MLflow's clients send rows, as columns."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from serve.codecs.column_rows import ColumnRows
from serve.codecs.columns import Table, cells_of
from serve.codecs.rows import Feed, Rows
from serve.problems import ErrorDetail, RequestError, showable
from serve.schema.cells import Rules

FORMS: Final = ("dataframe_split", "dataframe_records", "instances", "inputs")
_SPLIT: Final = ("columns", "data", "index")


class ScoringRows:
    """Reads the tables of one model's requests."""

    def __init__(self, rows: Rows, columns: ColumnRows) -> None:
        self._rows = rows
        self._columns = columns

    def read(self, form: str, table: Any) -> Feed:
        """Return the graph's inputs.

        Raises:
            RequestError: The table is malformed, or a row breaks a rule.
        """
        if form == "dataframe_split":
            return self._read_split(table)
        if form == "inputs" and isinstance(table, dict):
            return self._read_columns(table)
        return self._read_records(form, table)

    def _read_split(self, table: Any) -> Feed:
        if not isinstance(table, dict) or not table.keys() >= {"columns", "data"}:
            expected = 'dataframe_split as {"columns": [name, …], "data": [[value, …], …]}'
            raise wrong_form(expected, table)
        unknown = next((key for key in table if key not in _SPLIT), None)
        if unknown is not None:
            raise wrong_form("dataframe_split with columns, data and index", unknown)
        names, data = table["columns"], table["data"]
        if not _is_list_of(names, str):
            raise wrong_form("dataframe_split.columns as a list of names", names)
        if not _is_list_of(data, list):
            raise wrong_form("dataframe_split.data as a list of lists of values", data)
        self._columns.check_rows(len(data))
        for number, row in enumerate(data, 1):
            if len(row) != len(names):
                expected = f"{len(names)} values, one for each of columns"
                raise wrong_form(expected, f"{len(row)} values", row=number)
        self._columns.check_names(names)
        return self._feed(dict(zip(names, zip(*data, strict=True), strict=True)), len(data))

    def _read_columns(self, table: Mapping[str, Any]) -> Feed:
        """Read lists by column; single values are one row."""
        if not any(isinstance(values, list) for values in table.values()):
            table = {name: [value] for name, value in table.items()}
        lengths = {len(values) if isinstance(values, list) else -1 for values in table.values()}
        if len(lengths) != 1 or -1 in lengths:
            raise wrong_form("inputs with lists of one length for all columns", table)
        self._columns.check_names(list(table))
        return self._feed(table, lengths.pop())

    def _read_records(self, form: str, table: Any) -> Feed:
        if not isinstance(table, list) or not all(isinstance(row, dict) for row in table):
            raise wrong_form(f"{form} as a list of objects of columns and values", table)
        self._columns.check_rows(len(table))
        if self._rows.flattened:
            return self._rows.clean(map(self._rows.flatten, table), Rules.from_json)
        names = table[0].keys()
        if any(row.keys() != names for row in table):
            return self._rows.clean(table, Rules.from_json)
        self._columns.check_names(list(names))
        return self._feed({name: [row[name] for row in table] for name in names}, len(table))

    def _feed(self, table: Mapping[str, Sequence[Any]], rows: int) -> Feed:
        self._columns.check_rows(rows)
        read = {name: cells_of(v) for name, v in table.items() if self._columns.reads(name)}
        return self._columns.feed(Table(read, rows))


def wrong_form(expected: str, value: object, *, row: int | None = None) -> RequestError:
    """Return the error for JSON that is not a table."""
    error = ErrorDetail(row=row, value=showable(value), expected=expected)
    detail = f"expected {expected}"
    return RequestError(HTTPStatus.UNPROCESSABLE_CONTENT, detail, errors=[error])


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)
