"""The dialect of a CSV file, found in its first bytes where the settings leave it open."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingest.settings import Settings

LONGEST_ROW_BYTES = 64 << 20
"""A longer row is most likely a quote that was never closed."""

DELIMITERS = "\t|;,"
"""The rarer in texts and numbers first."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV file writes its table."""

    encoding: str
    delimiter: str
    quote: str
    header: bool

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Return the rows of these lines, read one by one; a blank line is an empty row."""
        return _rows(lines, self.delimiter, self.quote)


def find_dialect(text: str, settings: Settings, *, encoding: str) -> Dialect:
    """Return the dialect of a file that starts with `text`; settings outrank what is found."""
    # The last line of the sample is cut somewhere, unless it is the only one.
    whole = text[: text.rfind("\n") + 1] or text
    delimiter = settings.delimiter or find_delimiter(whole, quote=settings.quote)
    return Dialect(encoding, delimiter, settings.quote, settings.header)


def find_delimiter(text: str, *, quote: str) -> str:
    """Return the delimiter that splits the first row, and most rows into as many cells.

    A table of one column counts as separated by commas.
    """
    widths = {delimiter: _widths(text, delimiter, quote) for delimiter in DELIMITERS}
    splitting = [delimiter for delimiter in DELIMITERS if widths[delimiter][0] > 1]
    return max(splitting or DELIMITERS[::-1], key=lambda delimiter: _evenness(widths[delimiter]))


def _widths(text: str, delimiter: str, quote: str) -> list[int]:
    rows = _rows(io.StringIO(text, newline=""), delimiter, quote)
    return [len(row) for row in rows if row] or [0]


def _evenness(widths: list[int]) -> float:
    """Return the share of rows that are as wide as the first."""
    return widths.count(widths[0]) / len(widths)


def _rows(lines: Iterable[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST_ROW_BYTES)
    if not quote:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=delimiter, quotechar=quote)
