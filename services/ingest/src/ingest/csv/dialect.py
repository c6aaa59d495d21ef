"""CSV dialect detection, from the first bytes and the settings."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingest.files.setting_errors import ReaderSettingError
from ingest.files.text_stream import MAX_ROW_BYTES, skip_lines
from ingest.settings import Settings

DELIMITERS = "\t|;,"
"""Delimiters, rarest in texts and numbers first."""

_SEP_LINE = r'"?sep=([^\r\n\0])"?[\r\n]'
"""The line in which Excel declares the delimiter."""


@dataclass(frozen=True)
class Dialect:
    """The dialect of a CSV file."""

    encoding: str
    delimiter: str
    quote: str
    header: bool
    escape: str = ""
    skip: int = 0
    """Lines before the table."""

    @property
    def is_ascii(self) -> bool:
        """Whether the characters that structure the file are ASCII."""
        return (self.delimiter + self.quote + self.escape).isascii()

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Yield the rows of these lines; a blank line is an empty row."""
        return _rows(lines, self.delimiter, self.quote, self.escape)

    def facts(self) -> dict[str, object]:
        """Return the dialect for source.json; unusual keys only where they are used."""
        unusual = {"escape": self.escape, "skip": self.skip}
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "quote": self.quote,
            "header": self.header,
            **{name: value for name, value in unusual.items() if value},
        }


def find_dialect(text: str, settings: Settings, *, encoding: str, name: str) -> Dialect:
    """Return the dialect of a file that starts with `text`; settings take precedence.

    Raises:
        ContractError: The first row cannot be the header of the following rows.
    """
    sep_line = None if settings.skip else re.match(_SEP_LINE, text)
    if sep_line and sep_line[1] in {settings.quote, settings.escape}:
        sep_line = None
    skip = 1 if sep_line else settings.skip
    delimiter = settings.delimiter or (sep_line[1] if sep_line else None)
    if delimiter is None:
        # The last line of the sample is incomplete, unless it is the only one.
        whole = text[: text.rfind("\n") + 1] or text
        table = skip_lines(whole, skip) or ""
        delimiter = _find_delimiter(table, settings, name)
    return Dialect(encoding, delimiter, settings.quote, settings.header, settings.escape, skip)


def _find_delimiter(text: str, settings: Settings, name: str) -> str:
    """Return the delimiter that splits the first row, and most rows into as many cells.

    A table with one column counts as separated by commas.
    """
    widths = {
        delimiter: _widths(text, delimiter, settings.quote, settings.escape)
        for delimiter in DELIMITERS
        if delimiter not in {settings.quote, settings.escape}
    }
    splitting = [delimiter for delimiter, cells in widths.items() if cells[0] > 1]
    for delimiter, (_, *others) in widths.items():
        if not splitting and len(others) > 1 and set(others) == {max(others)} != {1}:
            raise ReaderSettingError(
                f"{name}: the first row has one cell, those after it have {others[0]}, separated"
                f" by '{delimiter}'; ",
                remedy="set in [ingest] skip = 1 if the first line is a title, or a delimiter that"
                " is not in the file if there is one column",
                init_remedy="set SKIP=1 if the first line is a title, or a DELIMITER that is not in"
                " the file if there is one column",
            )
    return max(splitting or [","], key=lambda delimiter: _share_of_regular_rows(widths[delimiter]))


def _widths(text: str, delimiter: str, quote: str, escape: str) -> list[int]:
    rows = _rows(io.StringIO(text, newline=""), delimiter, quote, escape)
    return [len(row) for row in rows if row] or [0]


def _share_of_regular_rows(widths: list[int]) -> float:
    """Return the share of rows with as many cells as the first."""
    return widths.count(widths[0]) / len(widths)


def _rows(lines: Iterable[str], delimiter: str, quote: str, escape: str) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_ROW_BYTES)
    return csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=escape or None,
    )
