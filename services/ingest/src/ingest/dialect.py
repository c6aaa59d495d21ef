"""The dialect of a CSV file, found in its first bytes where the settings leave it open."""

import codecs
import csv
from collections import Counter
from dataclasses import dataclass

from ingest.settings import Settings

DELIMITERS = ",;\t|"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Dialect:
    """How a CSV file writes its table."""

    encoding: str
    delimiter: str
    quote: str
    header: bool


def find_dialect(head: bytes, settings: Settings) -> Dialect:
    """Return the dialect of a file that starts with `head`; settings outrank what is found."""
    encoding = settings.encoding or find_encoding(head)
    text = head.decode(encoding, errors="replace")
    # The last line of the sample is cut somewhere, unless it is the only one.
    whole = text[: text.rfind("\n") + 1] or text
    delimiter = settings.delimiter or find_delimiter(whole, quote=settings.quote)
    return Dialect(encoding, delimiter, settings.quote, settings.header)


def find_encoding(head: bytes) -> str:
    """Return the encoding that a byte order mark states, else utf-8."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def find_delimiter(text: str, *, quote: str) -> str:
    """Return the delimiter that gives most lines the same number of cells, more than one.

    A table of one column counts as separated by commas.
    """
    return max(DELIMITERS, key=lambda delimiter: _evenness(text, delimiter, quote))


def _evenness(text: str, delimiter: str, quote: str) -> tuple[bool, float, int]:
    """Return (splits at all, share of rows with the commonest width, that width)."""
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, quotechar=quote)
    widths = Counter(len(row) for row in rows if row)
    if not widths:
        return False, 0.0, 0
    width, count = widths.most_common(1)[0]
    return width > 1, count / widths.total(), width
