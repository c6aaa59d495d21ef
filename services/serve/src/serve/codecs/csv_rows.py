"""Rows as CSV, in the source's format or by RFC 4180; the response adds the predictions."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from msgspec.structs import replace

from serve.codecs.json_rows import too_many_rows
from serve.codecs.packing import ValueCache
from serve.codecs.rows import Feed, Rows, ValidRows, all_valid
from serve.problems import ErrorDetail, ErrorList, RequestError
from serve.schema.cells import CellError, Rules
from serve.schema.values import Value
from serve.source.dialects import (
    SPARE_CELLS,
    CsvDialects,
    DetectedFormat,
    HeaderLimits,
    without_lines,
)
from serve.source.encodings import AmbiguousTextError, bom_encoding, decode, decodings
from serve.source.file_formats import Dialect, SourceFormat

_LINES_PER_ROW = 100
"""Maximum number of lines per allowed row; more are an attempt to use up time."""


@dataclass(frozen=True)
class Table:
    """The CSV table of a request, with all cells as texts."""

    header: Sequence[str] | None
    """The header as written; None without one."""
    names: Sequence[str]
    """Names of the columns."""
    rows: list[list[str]]

    def with_columns(self, names: Sequence[str], columns: Sequence[Sequence[str]]) -> bytes:
        """Return the table as CSV with additional columns on the right."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if self.header is not None:
            writer.writerow([*self.header, *names])
        added = zip(*columns, strict=True) if columns else [()] * len(self.rows)
        writer.writerows([*row, *cells] for row, cells in zip(self.rows, added, strict=True))
        return text.getvalue().encode()


class _Lines:
    """The lines of a table; a line with far more cells than columns is not parsed."""

    def __init__(self, lines: Iterable[str], found: DetectedFormat) -> None:
        self._lines = lines
        self._delimiter = found.dialect.delimiter
        self._columns = len(found.names)
        self._dialect = found.dialect
        self.begins_row = True
        """Whether the next line starts a row; otherwise it continues a quoted cell."""

    def __iter__(self) -> Iterator[str]:
        most = self._columns + SPARE_CELLS
        for number, line in enumerate(self._lines, 1):
            if (
                len(line) > most
                and line.count(self._delimiter) >= most
                and self._count_cells(line) > most
            ):
                expected = f"{self._columns} cells as in the header"
                detail = f"line {number:,} has more than {most:,} cells, expected {expected}"
                errors = [ErrorDetail(expected=expected, value=f"more than {most:,} cells")]
                raise RequestError(HTTPStatus.UNPROCESSABLE_CONTENT, detail, errors=errors)
            self.begins_row = False
            yield line

    def _count_cells(self, line: str) -> int:
        """Return the number of cells in a line, without delimiters that are quoted or escaped."""
        quote = self._dialect.quote_char
        if quote and not self.begins_row:
            line = quote + line
        return _quoted(self._dialect).sub("", line).count(self._delimiter) + 1


@cache
def _quoted(dialect: Dialect) -> re.Pattern[str]:
    """Return a pattern of escaped characters, and of text in quotes that start a cell."""
    delimiter, quote, escape = map(
        re.escape, (dialect.delimiter, dialect.quote_char, dialect.escape_char)
    )
    escaped = f"{escape}." if escape else "(?!)"
    if not quote:
        return re.compile(escaped, re.DOTALL)
    # A pattern that starts with a literal is the fastest to search.
    inside = f"(?:[^{quote}{escape}]++|{quote}{quote}|{escaped})*+"
    start = f"{escaped}|" if escape else ""
    return re.compile(f"{start}{quote}(?<![^{delimiter}]{quote}){inside}(?:{quote}|\\Z)", re.DOTALL)


class CsvRows:
    """Reads the CSV tables of one model's requests."""

    def __init__(self, rows: Rows, formats: Sequence[SourceFormat] = (), *, max_rows: int) -> None:
        self._rows = rows
        limits = HeaderLimits.of(rows.known, formats)
        self._dialects = CsvDialects(rows.headers, rows.known, formats, limits=limits)
        self._max_rows = max_rows
        self._clean = {name: _cleaning(rules) for name, rules in rows.rules.items()}

    def read(
        self, body: bytes, *, encoding: str | None = None, may_have_index: bool = False
    ) -> tuple[Table, Feed]:
        """Return the table and the graph's inputs.

        `encoding` is the declared encoding; by default it is inferred from the body. With
        `may_have_index`, a first column without a name is dropped: pandas writes its index so.

        Raises:
            RequestError: The body is not a table of the model's columns, or a row breaks a rule.
        """
        text, found = self._find(body, encoding)
        table = self._parse(text, found)
        if may_have_index and table.names[:1] == [""]:
            table = Table(table.names[1:], table.names[1:], [row[1:] for row in table.rows])
        self._check_table(table)
        if found.header is None and found.skip:
            self._check_skipped(text, found)
        return table, self._clean_table(table)

    def read_valid(
        self, body: bytes, *, encoding: str | None = None, skips_errors: bool
    ) -> tuple[Table, ValidRows]:
        """Return the table and its valid rows; without `skips_errors`, all rows must be valid.

        A row with another number of cells is invalid; in the table it is filled or cut.

        Raises:
            RequestError: The body is not a table of the model's columns, or a row breaks a rule.
        """
        if not skips_errors:
            table, feed = self.read(body, encoding=encoding)
            return table, all_valid(feed)
        text, found = self._find(body, encoding)
        table = self._parse(text, found)
        self._table_errors(table).raise_if_any()
        if found.header is None and found.skip:
            self._check_skipped(text, found)
        return _fitted(table), self._clean_valid(table)

    def _clean_valid(self, table: Table) -> ValidRows:
        width = len(table.names)
        with suppress(CellError):
            if all(len(row) == width for row in table.rows):
                return all_valid(self._rows.pack(self._columns(table)))
        rows = (
            dict(zip(table.names, row, strict=True))
            if len(row) == width
            else _wrong_length(row, width)
            for row in table.rows
        )
        return self._rows.clean_valid(rows, _read_cell)

    def _find(self, body: bytes, encoding: str | None) -> tuple[str, DetectedFormat]:
        """Return the text and its format: the one whose header names columns of the model."""
        first: tuple[str, DetectedFormat] | None = None
        if encoding is None and body.isascii():
            # Fast path for the usual body, without a generator.
            found = self._dialects.find(text := body.decode())
            if found.is_certain and found.header is not None:
                return text, found
        for text in _texts(body, encoding or bom_encoding(body), self._dialects.encodings):
            found = self._dialects.find(text)
            if found.is_certain:
                return text, found
            first = first or (text, found)
        return first or ("", self._dialects.find(""))

    def _parse(self, text: str, found: DetectedFormat) -> Table:
        text = without_lines(text, found.skip)
        self._check_lines(text)
        rows: list[list[str]] = []
        lines = _Lines(io.StringIO(text, newline=""), found)
        reader = found.reader(lines)
        try:
            for row in reader:
                lines.begins_row = True
                if row:
                    rows.append(row)
                if len(rows) > self._max_rows + 1:
                    raise too_many_rows(self._max_rows)
        except csv.Error as error:
            detail = f"the body is not CSV: {error} (line {found.skip + reader.line_num})"
            raise RequestError(HTTPStatus.BAD_REQUEST, detail) from None
        below = rows if found.header is None else rows[1:]
        if len(below) > self._max_rows:
            raise too_many_rows(self._max_rows)
        return Table(found.header, found.names, below)

    def _check_lines(self, text: str) -> None:
        """Refuse a text with so many lines, most of them empty, that it would use up time."""
        most = _LINES_PER_ROW * self._max_rows + 1000
        if len(text) <= most:
            return
        if text.count("\n") + text.count("\r") - text.count("\r\n") > most:
            detail = f"more than {most:,} lines; leave empty ones out"
            raise RequestError(HTTPStatus.CONTENT_TOO_LARGE, detail, limit="rows")

    def _clean_table(self, table: Table) -> Feed:
        try:
            return self._rows.pack(self._columns(table))
        except CellError:
            rows = (dict(zip(table.names, row, strict=True)) for row in table.rows)
            return self._rows.clean(rows, _read_cell)

    def _check_skipped(self, text: str, found: DetectedFormat) -> None:
        """Refuse rows without a header if the lines that ingest skips may be rows."""
        skipped = text.removesuffix(without_lines(text, found.skip))
        try:
            table = self._parse(skipped, DetectedFormat(found.dialect, 0, None, found.names))
            self._check_table(table)
            self._clean_table(table)
        except RequestError:
            return
        expected = (
            f"a header, {','.join(found.names[:2])},…: the first line is one that ingest skips, or"
            " a row"
        )
        errors = ErrorList()
        errors.add(ErrorDetail(expected=expected))
        errors.raise_if_any()

    def _columns(self, table: Table) -> dict[str, Sequence[Value]]:
        """Return the cleaned columns, each cleaned in one pass."""
        texts = dict(zip(table.names, zip(*table.rows, strict=True), strict=True))
        return {
            name: [*map(clean, texts[name])]
            if name in texts
            else [self._rows.rules[name].absent] * len(table.rows)
            for name, clean in self._clean.items()
        }

    def _check_table(self, table: Table) -> None:
        """Refuse unknown, repeated and missing columns, and rows of a different length."""
        errors, width = self._table_errors(table), len(table.names)
        for number, row in enumerate(table.rows, 1):
            if len(row) != width:
                errors.add(replace(_wrong_length(row, width), row=number))
        errors.raise_if_any()

    def _table_errors(self, table: Table) -> ErrorList:
        """Return what is wrong with the columns, or that there are no rows."""
        errors = ErrorList()
        self._rows.check_names(table.names, errors)
        if not table.rows:
            errors.add(ErrorDetail(expected="at least one row below the header"))
        return errors


def _wrong_length(row: Sequence[str], width: int) -> ErrorDetail:
    return ErrorDetail(expected=f"{width} cells as in the header", value=f"{len(row)} cells")


def _fitted(table: Table) -> Table:
    """Return a table whose rows have as many cells as there are columns."""
    width = len(table.names)
    rows = [[*row[:width], *[""] * (width - len(row))] for row in table.rows]
    return Table(table.header, table.names, rows)


def _cleaning(rules: Rules) -> Callable[[str], Value]:
    """Return the function that cleans a cell; it caches texts, which repeat more than numbers."""
    return ValueCache(rules.from_text).__getitem__ if rules.is_text_in_json else rules.from_text


def _read_cell(rules: Rules, text: str | None) -> Value:
    return rules.from_text(text or "")


def _texts(body: bytes, encoding: str | None, others: Sequence[str]) -> Iterator[str]:
    """Yield the possible texts of a body, the most likely first.

    Raises:
        RequestError: The encoding is ambiguous, or the body is in another one.
    """
    try:
        if encoding is None:
            yield from decodings(body, others)
        else:
            yield decode(body, encoding)
    except UnicodeDecodeError as error:
        name = "UTF-8" if error.encoding == "utf-8" else error.encoding
        detail = f"the body is not {name}: {error.reason} at byte {error.start}"
        remedy = (
            "" if encoding else "; say its encoding, such as Content-Type: text/csv; charset=cp1252"
        )
        raise RequestError(HTTPStatus.BAD_REQUEST, detail + remedy) from None
    except AmbiguousTextError as error:
        detail = (
            f"the body may be UTF-8, and {error} as the source; say which, such as"
            " Content-Type: text/csv; charset=utf-8"
        )
        raise RequestError(HTTPStatus.BAD_REQUEST, detail) from None
