"""Checking for text after a closing quote."""

import re

from stage_contract import ContractError


class QuoteCheck:
    """Reads a text chunk by chunk, and rejects text after a closing quote.

    CSV readers drop such quotes silently, which changes the cell.
    """

    def __init__(
        self, name: str, *, delimiter: str, quote: str, escape: str, first_line: int
    ) -> None:
        self._name = name
        self._quote = quote
        self._escape = escape
        self._line = first_line
        self._text = ""
        q, e, d = (re.escape(character) for character in (quote, escape, delimiter))
        escaped = rf"|{e}[\s\S]" if escape else ""
        open_source = rf"{q}(?:[^{q}{e}]++|{q}{q}{escaped})*+"
        quoted = rf"{open_source}{q}(?=[{d}\r\n]|\Z)"
        if escape:
            # Match cell by cell, because a delimiter may be escaped.
            cell = rf"(?:{quoted}|(?!{q})(?:[^{d}\r\n{e}]++{escaped})*+)"
            right = rf"(?:{cell}[{d}\r\n])*+(?:{cell}\Z)?"
        else:
            at_start, inside = rf"(?<![^{d}\r\n])", rf"(?<=[^{d}\r\n])"
            right = rf"(?:[^{q}]++|{at_start}{quoted}|{inside}{q})*+"
        self._right = re.compile(right)
        self._still_open = re.compile(rf"{open_source}\Z")

    def add(self, text: str, *, is_last: bool) -> None:
        """Add the next part of the text.

        Raises:
            ContractError: text follows a closing quote.
        """
        self._text += text
        end = whole = len(self._text) if is_last else self._end_of_lines()
        if self._quote in self._text:
            right = self._right.match(self._text, 0, whole)
            end = right.end() if right else 0
            if end < whole and not self._still_open.match(self._text, end, whole):
                self._refuse(end)
        self._line += self._lines_before(end)
        self._text = self._text[end:]

    def _end_of_lines(self) -> int:
        return max(self._text.rfind("\n"), self._text.rfind("\r")) + 1

    def _lines_before(self, end: int) -> int:
        return self._text.count("\n", 0, end) or self._text.count("\r", 0, end)

    def _refuse(self, start: int) -> None:
        line = self._line + self._lines_before(start)
        escape = "" if self._escape else ' escape = "\\\\" if backslashes escape them, or'
        raise ContractError(
            f"{self._name}: text follows a closing quote in a cell of line {line}; double the"
            f' quotes inside it, or set in [ingest]{escape} quote = "" if quotes mean nothing'
        )
