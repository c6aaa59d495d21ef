"""The dialect of a CSV text: the one by which its first row names columns of the model."""

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

from serve.problems import Complaint, RequestError
from serve.source.file_formats import Dialect, SourceFormat
from serve.source.headers import Headers

csv.field_size_limit(sys.maxsize)  # The body has a limit of its own.

DELIMITERS: Final = ",;\t|"
_TOLD_DELIMITER: Final = re.compile(r'"?sep=([^\r\n\0])"?(?:\r\n|\r|\n)')
"""The line with which Excel tells the delimiter."""
_LINES_KEPT: Final = 64
_LONGEST_LINE_KEPT: Final = 10_000
SPARE_CELLS: Final = 100
"""Cells of a row, or of a header, beyond those that are right; more are not worth a look."""
_SPARE_CHARACTERS: Final = 1 << 16
_LINE: Final = r"(?>[^\r\n]*+(?:\r\n|\n|\r(?!\Z)))"


class HeaderBound(NamedTuple):
    """What the header of a request may have; whatever is longer is not taken apart."""

    columns: int
    """That the model knows."""
    cells: int
    characters: int
    """With the lines before the header."""

    @classmethod
    def of(cls, known: Collection[str], forms: Iterable[SourceFormat]) -> Self:
        """Return the bound for a model; some cells more let a typing mistake be named."""
        names = sum(map(_length_quoted, known))
        written = [sum(_length_quoted(each.written) for each in form.renamed) for form in forms]
        characters = _SPARE_CHARACTERS + names + max(written, default=0)
        return cls(len(known), len(known) + SPARE_CELLS, characters)

    def error(self) -> RequestError:
        """Return the error for a header that is beyond the bound."""
        expected = (
            f"a header of at most {self.cells:,} cells, within the first {self.characters:,}"
            f" characters: the model knows {self.columns:,} columns, see GET /model"
        )
        return RequestError(
            HTTPStatus.UNPROCESSABLE_CONTENT,
            f"expected {expected}",
            errors=[Complaint(expected=expected)],
        )


@dataclass(frozen=True)
class Found:
    """How a text is read."""

    dialect: Dialect
    skip: int
    """Lines before the table."""
    header: Sequence[str] | None
    """As it is written; None if the table has none."""
    names: Sequence[str]
    """Of the columns; a name that is unknown stays as it is written."""
    is_certain: bool = False
    """Whether every cell of the header names a column."""

    def reader(self, lines: Iterable[str]) -> Any:
        """Return a reader of the table's lines; a blank line is an empty row."""
        return csv.reader(lines, in_python(self.dialect))


class CsvDialects:
    """Finds how the CSV that is sent to one model is written."""

    def __init__(
        self,
        headers: Headers,
        known: Collection[str],
        forms: Sequence[SourceFormat],
        *,
        bound: HeaderBound | None = None,
    ) -> None:
        """Take a model's columns; `bound` is for texts from somebody who is not trusted."""
        self._headers = headers
        self._known = known
        self._bound = bound
        self._dialects = [*dict.fromkeys(form.dialect for form in forms if form.dialect)]
        self._numbered = _count_numbered(known)
        self._by_line: dict[str, Found] = {}
        """What was found by a first line: clients send the same one again and again."""
        self.encodings = [*dict.fromkeys(form.encoding for form in forms if form.dialect)]

    def find(
        self, text: str, *, delimiter: str | None = None, others: Collection[str] = ()
    ) -> Found:
        """Return the dialect by which the first row of a text names known columns.

        That of the source comes first, then RFC 4180 with commas, semicolons, tabs and bars. If
        none does, it is the one by which most are known. `others` are names that are known too.

        Raises:
            RequestError: the header is beyond the bound.
        """
        line = text[: max(text.find("\n", 0, _LONGEST_LINE_KEPT), 0)]
        if delimiter is None and not others and line in self._by_line:
            return self._by_line[line]
        found = self._search(text, delimiter, others)
        if line and delimiter is None and not others and _shows(line, found):
            if len(self._by_line) == _LINES_KEPT:
                self._by_line.clear()
            self._by_line[line] = found
        return found

    def _search(self, text: str, delimiter: str | None, others: Collection[str]) -> Found:
        told = _TOLD_DELIMITER.match(text)
        start = 1 if told else 0
        if told and delimiter is None:
            delimiter = told[1]
        skips = dict.fromkeys([start, *(each.skip for each in self._dialects)])
        best: Found | None = None
        most = -1
        is_beyond = False
        for skip in skips:
            table = without_lines(text, skip)
            for dialect in self._candidates(delimiter):
                try:
                    header = _first_row(table, dialect, self._bound)
                except _BeyondError:
                    is_beyond = True
                    continue
                if header is None:
                    continue
                names = self._headers.resolve(header)
                count = sum(name in self._known or name in others for name in {*names})
                if count == len(names):
                    return Found(dialect, skip, header, names, is_certain=True)
                if count > most:
                    best, most = Found(dialect, skip, header, names), count
        rows_alone = self._without_header(text, delimiter)
        if rows_alone is None and is_beyond and self._bound is not None:
            raise self._bound.error()
        return rows_alone or best or _nothing(start)

    def _candidates(self, delimiter: str | None) -> Iterator[Dialect]:
        """Yield the dialects to try; one that is the source's is read with a header as well."""
        usual = [delimiter] if delimiter else DELIMITERS
        own = [each for each in self._dialects if delimiter in {None, each.delimiter}]
        candidates = [
            *(Dialect(d.delimiter, d.quote_char, d.escape_char) for d in own),
            *map(Dialect, usual),
        ]
        yield from dict.fromkeys(candidates)

    def _without_header(self, text: str, delimiter: str | None) -> Found | None:
        """Return how to read rows alone, as the source's are, if there are as many cells."""
        for dialect in self._dialects:
            if dialect.header or delimiter not in {None, dialect.delimiter}:
                continue
            try:
                row = _first_row(without_lines(text, dialect.skip), dialect, self._bound)
            except _BeyondError:
                continue
            if row is not None and len(row) == self._numbered:
                names = [f"column_{number}" for number in range(1, self._numbered + 1)]
                return Found(dialect, dialect.skip, None, names, is_certain=True)
        return None


def _shows(line: str, found: Found) -> bool:
    """Whether a first line alone leads to what was found."""
    return (
        found.is_certain
        and found.skip == 0
        and "\r" not in line.removesuffix("\r")
        and found.header is not None
        and _first_row(line, found.dialect) == found.header
    )


@cache
def in_python(dialect: Dialect) -> Any:
    """Return a dialect as the csv module takes it, checked once."""
    return csv.reader(
        (),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote_char or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote_char else csv.QUOTE_NONE,
        escapechar=dialect.escape_char or None,
        strict=True,
    ).dialect


def without_lines(text: str, count: int) -> str:
    """Return the text after its first lines."""
    if not count:
        return text
    lines = re.match(f"{_LINE}{{{count}}}", text)
    return text[lines.end() :] if lines else ""


class _BeyondError(Exception):
    """The first row does not end within the bound, or has too many cells."""


def _first_row(text: str, dialect: Dialect, bound: HeaderBound | None = None) -> list[str] | None:
    """Return the first row that is not empty; None if there is none.

    Raises:
        _BeyondError: it is beyond the bound.
    """
    head = text if bound is None else text[: bound.characters]
    lines = io.StringIO(head, newline="")
    row: list[str] | None = None
    with suppress(csv.Error):
        row = next((row for row in csv.reader(lines, in_python(dialect)) if row), None)
    if bound is not None:
        is_cut = len(head) < len(text) and lines.tell() == len(head)
        if is_cut or (row is not None and len(row) > bound.cells):
            raise _BeyondError
    return row


def _length_quoted(name: str) -> int:
    """Return how long a name is at most as a cell, with quotes and what follows it."""
    return 2 * len(name) + 3


def _count_numbered(known: Collection[str]) -> int:
    """Return how many columns there are that are called after their positions."""
    count = 0
    while f"column_{count + 1}" in known:
        count += 1
    return count


def _nothing(skip: int) -> Found:
    return Found(Dialect(), skip, [], [])
