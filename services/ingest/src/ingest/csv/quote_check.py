"""Check CSV text for a quoted cell that continues after its closing quote."""

import re

from ingest.files.setting_errors import ReaderSettingError


class QuoteCheck:
    """Reads a CSV file chunk by chunk, and rejects text after a closing quote.

    CSV readers drop such quotes silently, which changes the value of the cell.
    """

    def __init__(
        self, name: str, *, delimiter: str, quote: str, escape: str, first_line: int
    ) -> None:
        self._name = name
        self._quote = quote
        self._escape = escape
        self._line = first_line
        self._text = ""
        """The incomplete row at the end of the checked text."""
        self._pending: list[str] = []
        """Chunks added since the last check."""
        self._pending_size = 0
        q, e, d = (re.escape(character) for character in (quote, escape, delimiter))
        escaped = rf"|{e}[\s\S]" if escape else ""
        unclosed = rf"{q}(?:[^{q}{e}]++|{q}{q}{escaped})*+"
        quoted = rf"{unclosed}{q}(?=[{d}\r\n]|\Z)"
        if escape:
            # A delimiter may be escaped, so match cell by cell.
            cell = rf"(?:{quoted}|(?!{q})(?:[^{d}\r\n{e}]++{escaped})*+)"
            valid = rf"(?:{cell}[{d}\r\n])*+(?:{cell}\Z)?"
        else:
            # A quote opens a cell only at its start; inside an unquoted cell it is a character.
            at_start, inside = rf"(?<![^{d}\r\n])", rf"(?<=[^{d}\r\n])"
            valid = rf"(?:[^{q}]++|{at_start}{quoted}|{inside}{q})*+"
        self._valid = re.compile(valid)
        self._unclosed = re.compile(rf"{unclosed}\Z")

    def add(self, text: str, *, is_last: bool) -> None:
        """Check the next chunk of the text.

        Raises:
            ContractError: Text follows a closing quote.
        """
        self._pending.append(text)
        self._pending_size += len(text)
        if self._pending_size < len(self._text) and not is_last:
            return  # Checking a long row again for each chunk would take quadratic time.
        self._text = "".join([self._text, *self._pending])
        self._pending, self._pending_size = [], 0
        end = limit = len(self._text) if is_last else self._end_of_last_line()
        if self._quote in self._text:
            valid = self._valid.match(self._text, 0, limit)
            end = valid.end() if valid else 0
            if end < limit and not self._unclosed.match(self._text, end, limit):
                self._reject(end)
        self._line += self._count_lines(end)
        self._text = self._text[end:]

    def _end_of_last_line(self) -> int:
        return max(self._text.rfind("\n"), self._text.rfind("\r")) + 1

    def _count_lines(self, end: int) -> int:
        return self._text.count("\n", 0, end) or self._text.count("\r", 0, end)

    def _reject(self, start: int) -> None:
        line = self._line + self._count_lines(start)
        escape = "" if self._escape else ' escape = "\\\\" if backslashes escape them, or'
        init_escape = "" if self._escape else "ESCAPE=backslash if backslashes escape them, or "
        raise ReaderSettingError(
            f"{self._name}: text follows a closing quote in a cell of line {line}; double the"
            " quotes inside it, or set ",
            remedy=f'in [ingest]{escape} quote = "" if quotes mean nothing',
            init_remedy=f"{init_escape}QUOTE=none if quotes mean nothing",
        )
