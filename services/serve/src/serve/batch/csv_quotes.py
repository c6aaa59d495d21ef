"""Quotes that are never closed, or closed inside a cell, which the API refuses as well.

Arrow accepts such a file silently: an open quote swallows all rows below it.
"""

import re
from typing import Final

import numpy as np
from stage_contract import ContractError

_LINE_FEED, _RETURN = b"\n\r"
_MAX_CELL_BYTES: Final = 64 << 20
"""Maximum length of a quoted cell: a longer one most likely lacks its closing quote. ingest has the
same limit."""


class QuoteCheck:
    """Checks the bytes of a text part by part, as UTF-8; delimiter and quote are ASCII."""

    def __init__(
        self, name: str, *, delimiter: str, quote: str = '"', escape: str = "", first_line: int = 1
    ) -> None:
        self._name = name
        self._text = b""
        self._line = first_line
        self._quote = quote.encode()
        self._escape = escape
        self._neighbours = np.zeros(256, np.bool_)
        self._neighbours[[*f"{delimiter}\r\n{quote}".encode()]] = True
        d, q, e = (re.escape(each.encode()) for each in (delimiter, quote, escape))
        escaped = rb"|%b[\s\S]" % e if escape else b""
        opened = rb"%b(?:[^%b%b]++|%b%b%b)*+" % (q, q, e, q, q, escaped)
        quoted = rb"%b%b(?=[%b\r\n]|\Z)" % (opened, q, d)
        if escape:
            # Cell by cell, because a delimiter may be escaped.
            cell = rb"(?:%b|(?!%b)(?:[^%b\r\n%b]++%b)*+)" % (quoted, q, d, e, escaped)
            right = rb"(?:%b[%b\r\n])*+(?:%b\Z)?" % (cell, d, cell)
        else:
            at_start = rb"(?<![^%b\r\n])" % d
            right = rb"(?:[^%b]++|%b%b|(?<=[^%b\r\n])%b)*+" % (q, at_start, quoted, d, q)
        self._right = re.compile(right)
        self._still_open = re.compile(opened + rb"\Z")

    def add(self, text: bytes, *, is_last: bool) -> None:
        """Check the next part of the text.

        Raises:
            ContractError: Text follows a closing quote, or a quote is not closed in time.
        """
        self._text += text
        end = whole = len(self._text) if is_last else self._end_of_lines()
        if not self._is_plainly_right(whole):
            right = self._right.match(self._text, 0, whole)
            end = right.end() if right else 0
            if end < whole:
                self._look_at(end, whole, is_last=is_last)
        self._line += self._lines_before(end)
        self._text = self._text[end:]

    def _is_plainly_right(self, whole: int) -> bool:
        """Whether all quotes come in pairs with a delimiter or line break outside.

        Seven times as fast as the regular expression, which also allows a quote inside an unquoted
        cell.
        """
        if self._quote not in self._text:
            return True
        if self._escape:
            return False
        text = np.frombuffer(self._text, np.uint8, whole)
        quotes = np.flatnonzero(text == self._quote[0])
        opening, closing = quotes[::2], quotes[1::2]
        if len(opening) != len(closing):
            return False
        before = self._neighbours[text[opening - 1]] | (opening == 0)
        after = self._neighbours[text[(closing + 1) % whole]] | (closing + 1 == whole)
        return bool(before.all() and after.all())

    def _end_of_lines(self) -> int:
        return max(self._text.rfind(b"\n"), self._text.rfind(b"\r")) + 1

    def _lines_before(self, end: int) -> int:
        text = np.frombuffer(self._text, np.uint8, end)
        return int(np.count_nonzero(text == _LINE_FEED) or np.count_nonzero(text == _RETURN))

    def _look_at(self, start: int, whole: int, *, is_last: bool) -> None:
        """Refuse the cell that starts here, unless its end may still follow."""
        place = f"{self._name}: line {self._line + self._lines_before(start)}"
        if not self._still_open.match(self._text, start, whole):
            raise ContractError(
                f"{place}: text follows a closing quote; double the quotes inside a cell"
            )
        if is_last:
            raise ContractError(f"{place}: a quote is opened there and never closed; close it")
        if whole - start > _MAX_CELL_BYTES:
            raise ContractError(
                f"{place}: a quote is opened there and not closed within"
                f" {_MAX_CELL_BYTES >> 20} MiB, the longest cell that is read; close it"
            )
