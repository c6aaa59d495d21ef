"""Rows as a CSV table: UTF-8, commas, a header; the answer is the same table with predictions."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from serve.cells import CellError, Rules
from serve.json_rows import too_many_rows
from serve.packing import Memory
from serve.problems import Complaint, Complaints, RequestError
from serve.rows import Feed, Rows
from serve.values import Value

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Table:
    """A table of texts as it was sent."""

    header: list[str]
    rows: list[list[str]]

    def with_columns(self, names: Sequence[str], columns: Sequence[Sequence[str]]) -> bytes:
        """Return the table as CSV with further columns at its right."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.header, *names])
        added = zip(*columns, strict=True) if columns else [()] * len(self.rows)
        writer.writerows([*row, *cells] for row, cells in zip(self.rows, added, strict=True))
        return text.getvalue().encode()


class CsvRows:
    """Reads the tables of one model's requests."""

    def __init__(self, rows: Rows, *, max_rows: int) -> None:
        self._rows = rows
        self._max_rows = max_rows
        self._clean = {name: _cleaning(rules) for name, rules in rows.rules.items()}

    def read(self, body: bytes, *, may_have_index: bool = False) -> tuple[Table, Feed]:
        """Return the table and the graph's inputs; pandas writes an index without a name.

        Raises:
            RequestError: the body is no such table, or a row breaks a rule.
        """
        table = _parse(body, self._max_rows)
        if may_have_index and table.header[:1] == [""]:
            table = Table(table.header[1:], [row[1:] for row in table.rows])
        self._check_form(table)
        try:
            return table, self._rows.pack(self._columns(table))
        except CellError:
            rows = (dict(zip(table.header, row, strict=True)) for row in table.rows)
            return table, self._rows.clean(rows, _read_cell)

    def _columns(self, table: Table) -> dict[str, Sequence[Value]]:
        """Return the cleaned columns, each worked through at once."""
        texts = dict(zip(table.header, zip(*table.rows, strict=True), strict=True))
        return {
            name: [*map(clean, texts[name])]
            if name in texts
            else [self._rows.rules[name].absent] * len(table.rows)
            for name, clean in self._clean.items()
        }

    def _check_form(self, table: Table) -> None:
        """Refuse unknown, repeated and missing columns, and rows of another length."""
        complaints = Complaints()
        self._rows.check_names(table.header, complaints)
        if not table.rows:
            complaints.add(Complaint(expected="at least one row below the header"))
        for number, row in enumerate(table.rows, 1):
            if len(row) != len(table.header):
                expected = f"{len(table.header)} cells as in the header"
                complaints.add(Complaint(expected=expected, row=number, value=f"{len(row)} cells"))
        complaints.raise_if_any()


def _cleaning(rules: Rules) -> Callable[[str], Value]:
    """Return what cleans a cell; texts repeat, numbers seldom do."""
    return Memory(rules.from_text).__getitem__ if rules.is_text_in_json else rules.from_text


def _read_cell(rules: Rules, text: str | None) -> Value:
    return rules.from_text(text or "")


def _parse(body: bytes, max_rows: int) -> Table:
    try:
        text = body.removeprefix(_BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        detail = f"the body is not UTF-8: {error.reason} at byte {error.start}"
        raise RequestError(HTTPStatus.BAD_REQUEST, detail) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) > max_rows + 1:
                raise too_many_rows(max_rows)
    except csv.Error as error:
        detail = f"the body is not CSV: {error} (line {reader.line_num})"
        raise RequestError(HTTPStatus.BAD_REQUEST, detail) from None
    header, *below = rows or [[]]
    return Table(header, below)
