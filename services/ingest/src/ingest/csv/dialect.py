"""The dialect of a CSV file, found in its first bytes where the settings leave it open."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stage_contract import ContractError

from ingest.files.text_stream import LONGEST_ROW_BYTES, without_lines
from ingest.settings import Settings

DELIMITERS = "\t|;,"
"""The rarer in texts and numbers first."""

_TOLD_DELIMITER = r'"?sep=([^\r\n\0])"?[\r\n]'
"""The line with which Excel tells itself."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV file writes its table."""

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
        """Return the rows of these lines, read one by one; a blank line is an empty row."""
        return _rows(lines, self.delimiter, self.quote, self.escape)

    def facts(self) -> dict[str, object]:
        """Return the dialect as source.json tells it: what is unusual only where it is used."""
        unusual = {"escape": self.escape, "skip": self.skip}
        return {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "quote": self.quote,
            "header": self.header,
            **{name: value for name, value in unusual.items() if value},
        }


def find_dialect(text: str, settings: Settings, *, encoding: str, name: str) -> Dialect:
    """Return the dialect of a file that starts with `text`; settings outrank what is found.

    Raises:
        ContractError: the first row is no header of those after it.
    """
    told = None if settings.skip else re.match(_TOLD_DELIMITER, text)
    if told and told[1] in {settings.quote, settings.escape}:
        told = None
    skip = 1 if told else settings.skip
    delimiter = settings.delimiter or (told[1] if told else None)
    if delimiter is None:
        # The last line of the sample is cut somewhere, unless it is the only one.
        whole = text[: text.rfind("\n") + 1] or text
        table = without_lines(whole, skip) or ""
        delimiter = _find_delimiter(table, settings, name)
    return Dialect(encoding, delimiter, settings.quote, settings.header, settings.escape, skip)


def _find_delimiter(text: str, settings: Settings, name: str) -> str:
    """Return the delimiter that splits the first row, and most rows into as many cells.

    A table of one column counts as separated by commas.
    """
    widths = {
        delimiter: _widths(text, delimiter, settings.quote, settings.escape)
        for delimiter in DELIMITERS
        if delimiter not in {settings.quote, settings.escape}
    }
    splitting = [delimiter for delimiter, found in widths.items() if found[0] > 1]
    for delimiter, (_, *others) in widths.items():
        if not splitting and len(others) > 1 and set(others) == {max(others)} != {1}:
            raise ContractError(
                f"{name}: the first row has one cell, those after it have {others[0]}, separated"
                f" by '{delimiter}'; set in [ingest] skip = 1 if the first line is a title, or a"
                " delimiter that is not in the file if there is one column"
            )
    return max(splitting or [","], key=lambda delimiter: _evenness(widths[delimiter]))


def _widths(text: str, delimiter: str, quote: str, escape: str) -> list[int]:
    rows = _rows(io.StringIO(text, newline=""), delimiter, quote, escape)
    return [len(row) for row in rows if row] or [0]


def _evenness(widths: list[int]) -> float:
    """Return the share of rows that are as wide as the first."""
    return widths.count(widths[0]) / len(widths)


def _rows(lines: Iterable[str], delimiter: str, quote: str, escape: str) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_ROW_BYTES)
    return csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        escapechar=escape or None,
    )
