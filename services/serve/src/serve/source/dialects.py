"""Detect the dialect of a CSV text: its header must name columns of the model."""

import csv
import io
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Final, NamedTuple, Self

from serve.problems import ErrorDetail, RequestError
from serve.source.file_formats import Dialect, SourceFormat
from serve.source.headers import Headers

csv.field_size_limit(sys.maxsize)  # The size of a body is limited separately.

DELIMITERS: Final = ",;\t|"
_DECLARED_DELIMITER: Final = re.compile(r'"?sep=([^\r\n\0])"?(?:\r\n|\r|\n)')
"""The first line by which Excel declares the delimiter, such as sep=;"""
_CACHE_SIZE: Final = 64
_MAX_CACHED_LINE: Final = 10_000
"""Maximum length of a cached line, in characters."""

SPARE_CELLS: Final = 100
"""Maximum number of excess cells that are parsed in a row or header."""

_SPARE_CHARACTERS: Final = 1 << 16
_LINE: Final = r"(?>[^\r\n]*+(?:\r\n|\n|\r(?!\Z)))"


class HeaderLimits(NamedTuple):
    """Limits of the header of a CSV request; a longer header is not parsed."""

    columns: int
    """Number of column names that the model knows."""
    cells: int
    """Maximum number of cells."""
    characters: int
    """Maximum length, including the lines before the header."""

    @classmethod
    def of(cls, known: Collection[str], formats: Iterable[SourceFormat]) -> Self:
        """Return the limits for a model; spare cells let an error name an unknown column."""
        names = sum(map(_length_quoted, known))
        renamed = [sum(_length_quoted(name.written) for name in each.renamed) for each in formats]
        characters = _SPARE_CHARACTERS + names + max(renamed, default=0)
        return cls(len(known), len(known) + SPARE_CELLS, characters)

    def error(self) -> RequestError:
        """Return the error for a header beyond the limits."""
        expected = (
            f"a header of at most {self.cells:,} cells, within the first {self.characters:,}"
            f" characters: the model has {self.columns:,} columns, see GET /model"
        )
        return RequestError(
            HTTPStatus.UNPROCESSABLE_CONTENT,
            f"expected {expected}",
            errors=[ErrorDetail(expected=expected)],
        )


@dataclass(frozen=True)
class DetectedFormat:
    """The detected format of a CSV text."""

    dialect: Dialect
    skip: int
    """Number of lines before the table."""
    header: Sequence[str] | None
    """The header as written; None if the table has no header."""
    names: Sequence[str]
    """Column names of the model; an unknown name stays as written."""
    is_certain: bool = False
    """Whether every cell of the header names a known column."""

    def reader(self, lines: Iterable[str]) -> Any:
        """Return a CSV reader of the table's lines; a blank line is an empty row."""
        return csv.reader(lines, csv_module_dialect(self.dialect))


class CsvDialects:
    """Detects the dialect of CSV texts that are sent to one model."""

    def __init__(
        self,
        headers: Headers,
        known: Collection[str],
        formats: Sequence[SourceFormat],
        *,
        limits: HeaderLimits | None = None,
    ) -> None:
        """Create a detector for the columns of a model; untrusted texts need `limits`."""
        self._headers = headers
        self._known = known
        self._limits = limits
        self._dialects = [*dict.fromkeys(each.dialect for each in formats if each.dialect)]
        self._default_names = _count_default_names(known)
        self._by_line: dict[str, DetectedFormat] = {}
        """Cache by first line, because clients repeat their header."""
        self.encodings = [*dict.fromkeys(each.encoding for each in formats if each.dialect)]

    def find(
        self, text: str, *, delimiter: str | None = None, others: Collection[str] = ()
    ) -> DetectedFormat:
        """Return the dialect in which the first row of a text names known columns.

        Try the source's dialect first, then RFC 4180 with a comma, semicolon, tab or pipe. If no
        dialect matches all cells, return the dialect with the most known names. `others` are
        additional known names.

        Raises:
            RequestError: the header exceeds the limits.
        """
        line = text[: max(text.find("\n", 0, _MAX_CACHED_LINE), 0)]
        if delimiter is None and not others and line in self._by_line:
            return self._by_line[line]
        found = self._search(text, delimiter, others)
        if line and delimiter is None and not others and _is_determined_by(line, found):
            if len(self._by_line) == _CACHE_SIZE:
                self._by_line.clear()
            self._by_line[line] = found
        return found

    def _search(self, text: str, delimiter: str | None, others: Collection[str]) -> DetectedFormat:
        declared = _DECLARED_DELIMITER.match(text)
        start = 1 if declared else 0
        if declared and delimiter is None:
            delimiter = declared[1]
        skips = dict.fromkeys([start, *(each.skip for each in self._dialects)])
        best: DetectedFormat | None = None
        best_count = -1
        is_too_long = False
        for skip in skips:
            table = without_lines(text, skip)
            for dialect in self._candidates(delimiter):
                try:
                    header = _first_row(table, dialect, self._limits)
                except _LimitError:
                    is_too_long = True
                    continue
                if header is None:
                    continue
                names = self._headers.resolve(header)
                count = sum(name in self._known or name in others for name in {*names})
                if count == len(names):
                    return DetectedFormat(dialect, skip, header, names, is_certain=True)
                if count > best_count:
                    best, best_count = DetectedFormat(dialect, skip, header, names), count
        headerless = self._without_header(text, delimiter)
        if headerless is None and is_too_long and self._limits is not None:
            raise self._limits.error()
        return headerless or best or _empty_format(start)

    def _candidates(self, delimiter: str | None) -> Iterator[Dialect]:
        """Yield the dialects to try; a source without a header is tried with a header, too."""
        delimiters = [delimiter] if delimiter else DELIMITERS
        source_dialects = [each for each in self._dialects if delimiter in {None, each.delimiter}]
        candidates = [
            *(Dialect(d.delimiter, d.quote_char, d.escape_char) for d in source_dialects),
            *map(Dialect, delimiters),
        ]
        yield from dict.fromkeys(candidates)

    def _without_header(self, text: str, delimiter: str | None) -> DetectedFormat | None:
        """Return the format of a text without a header, if the source has no header either.

        The first row must have as many cells as the source has columns.
        """
        for dialect in self._dialects:
            if dialect.header or delimiter not in {None, dialect.delimiter}:
                continue
            try:
                row = _first_row(without_lines(text, dialect.skip), dialect, self._limits)
            except _LimitError:
                continue
            if row is not None and len(row) == self._default_names:
                names = [f"column_{number}" for number in range(1, self._default_names + 1)]
                return DetectedFormat(dialect, dialect.skip, None, names, is_certain=True)
        return None


def _is_determined_by(line: str, found: DetectedFormat) -> bool:
    """Return whether the first line alone determines the result."""
    return (
        found.is_certain
        and found.skip == 0
        and "\r" not in line.removesuffix("\r")
        and found.header is not None
        and _first_row(line, found.dialect) == found.header
    )


@cache
def csv_module_dialect(dialect: Dialect) -> Any:
    """Return the dialect for Python's csv module, validated once."""
    return csv.reader(
        (),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote_char or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote_char else csv.QUOTE_NONE,
        escapechar=dialect.escape_char or None,
        strict=True,
    ).dialect


def without_lines(text: str, count: int) -> str:
    """Return the text without its first lines."""
    if not count:
        return text
    lines = re.match(f"{_LINE}{{{count}}}", text)
    return text[lines.end() :] if lines else ""


class _LimitError(Exception):
    """The first row is too long, or has too many cells."""


def _first_row(text: str, dialect: Dialect, limits: HeaderLimits | None = None) -> list[str] | None:
    """Return the first row that is not empty, or None.

    Raises:
        _LimitError: the row exceeds the limits.
    """
    head = text if limits is None else text[: limits.characters]
    lines = io.StringIO(head, newline="")
    row: list[str] | None = None
    with suppress(csv.Error):
        row = next((row for row in csv.reader(lines, csv_module_dialect(dialect)) if row), None)
    if limits is not None:
        is_cut = len(head) < len(text) and lines.tell() == len(head)
        if is_cut or (row is not None and len(row) > limits.cells):
            raise _LimitError
    return row


def _length_quoted(name: str) -> int:
    """Return the maximum length of a name as a quoted cell, with its delimiter."""
    return 2 * len(name) + 3


def _count_default_names(known: Collection[str]) -> int:
    """Return the number of columns with default names: column_1, column_2 and so on."""
    count = 0
    while f"column_{count + 1}" in known:
        count += 1
    return count


def _empty_format(skip: int) -> DetectedFormat:
    return DetectedFormat(Dialect(), skip, [], [])
