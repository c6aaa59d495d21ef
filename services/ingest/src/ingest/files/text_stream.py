"""A text file as a stream of UTF-8 bytes, whatever its compression and encoding."""

import codecs
import io
import re
from threading import Lock
from typing import TYPE_CHECKING, Literal, Protocol

from stage_contract import LOGGER, ContractError

from ingest.files.decompression import ByteStream
from ingest.files.setting_errors import ReaderSettingError

if TYPE_CHECKING:
    from collections.abc import Buffer

MAX_ROW_BYTES = 64 << 20
"""A longer row most likely has a quote that was never closed."""

_CHUNK_BYTES = 1 << 20


class TextCheck(Protocol):
    """Checks a text as it is read; may raise a ContractError."""

    def add(self, text: str, *, is_last: bool) -> None: ...


class TextStream(io.RawIOBase):
    """A stream that decodes strictly, drops the byte order mark and ends the last line.

    The first `skip` lines are left out. `end` is appended to the text, so that the parser's state
    at the end is visible. `check` sees the text without `end`.
    """

    def __init__(
        self,
        source: ByteStream,
        *,
        encoding: str,
        skip: int = 0,
        end: str = "",
        check: TextCheck | None = None,
    ) -> None:
        super().__init__()
        self._encoding = encoding
        self._skip = skip
        self._end = end
        self._check = check
        self._bytes = source
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._ready = bytearray()
        self._lines = 0
        self._ends_line = True
        self._head: str | None = ""
        self._is_at_end = False
        self._text_bytes = 0
        self._reading = Lock()

    @property
    def position(self) -> int:
        """Bytes of the stored file that were read so far."""
        return self._bytes.position

    def warn_of_truncation(self) -> None:
        """Log a warning if the last line, which is malformed, has no line end."""
        if not self._ends_line:
            LOGGER.warning(
                "%s: the last line is incomplete and has no line end, so the file may be truncated;"
                " if so, write it again",
                self._bytes.name,
            )

    def fits(self, size: int) -> bool:
        """Return whether the whole text was read and has at most `size` bytes."""
        return self._is_at_end and self._text_bytes <= size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill the buffer unless the text ends: Arrow parses one read as one block."""
        with self._reading:
            if self.closed:
                raise ValueError("the text is closed")
            view = memoryview(buffer)
            while len(self._ready) <= len(view) and not self._is_at_end:
                chunk = self._next_text().encode()
                self._ready += chunk
                self._text_bytes += len(chunk)
            count = min(len(view), len(self._ready))
            if self._ready[count - 1 : count + 1] == b"\r\n":
                # Arrow drops a line feed at the start of a block after \r, even inside quotes.
                count -= 1
            view[:count] = self._ready[:count]
            del self._ready[:count]
            return count

    def close(self) -> None:
        """Close the text after the read in progress: Arrow reads ahead in a thread of its own."""
        with self._reading:
            self._bytes.close()
            super().close()

    def _next_text(self) -> str:
        chunk = self._bytes.read(_CHUNK_BYTES)
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise self._encoding_error(error) from None
        self._lines += _count_lines(text)
        self._is_at_end = not chunk
        text = self._skip_head(text)
        if text:
            self._ends_line = text.endswith(("\n", "\r"))
        if self._check is not None:
            self._check.add(text, is_last=self._is_at_end)
        return text if chunk else text + ("" if self._ends_line else "\n") + self._end

    def _skip_head(self, text: str) -> str:
        """Leave out the byte order mark and the skipped lines, which may span chunks."""
        if self._head is None or not (text or self._is_at_end):
            return text
        self._head += text
        rest = skip_lines(self._head.removeprefix("\ufeff"), self._skip)
        if rest is None:
            if len(self._head) > MAX_ROW_BYTES:
                raise ContractError(
                    f"{self._bytes.name}: the first {self._skip} lines, which skip leaves out, are"
                    f" longer than {MAX_ROW_BYTES >> 20} MiB; skip fewer"
                )
            return ""
        self._head = None
        return rest

    def _encoding_error(self, error: UnicodeDecodeError) -> ContractError:
        before = error.object[: error.start].decode(self._encoding, errors="replace")
        line = self._lines + _count_lines(before) + 1
        byte = error.object[error.start : error.start + 1].hex()
        return ReaderSettingError(
            f"{self._bytes.name}: line {line} is not {self._encoding}: byte 0x{byte},"
            f" {error.reason}; ",
            remedy='set encoding in [ingest], for example encoding = "latin-1"',
            init_remedy="set another ENCODING, for example ENCODING=latin-1",
        )


def _count_lines(text: str) -> int:
    return text.count("\n") or text.count("\r")


def skip_lines(text: str, count: int) -> str | None:
    """Return the text after its first lines, or None if it has fewer."""
    lines = re.match(rf"(?>[^\r\n]*+(?:\r\n|\n|\r(?!\Z))){{{count}}}", text)
    return text[lines.end() :] if lines else None


def text_lines(stream: TextStream, *, newline: Literal["", "\n"] = "") -> io.TextIOWrapper:
    """Return the lines of a text; `newline` sets which line ends split it."""
    buffered = io.BufferedReader(stream, buffer_size=_CHUNK_BYTES)
    return io.TextIOWrapper(buffered, encoding="utf-8", newline=newline)
