"""The text of a CSV file as a stream of UTF-8, with its quotes checked."""

import codecs
import io
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from serve.batch.arguments import Job
from serve.batch.csv_quotes import QuoteCheck
from serve.source.dialects import DetectedFormat, without_lines

if TYPE_CHECKING:
    from collections.abc import Buffer

_READ_BYTES: Final = 1 << 20
_MARK: Final = "\ufeff".encode()
_PACKED: Final = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}


class CsvStream(io.RawIOBase):
    """Decompresses and decodes a file; drops the byte order mark and the skipped lines."""

    def __init__(self, job: Job, encoding: str, found: DetectedFormat) -> None:
        super().__init__()
        self.name = job.name
        self._source = open_bytes(job)
        is_utf8 = encoding == "utf-8"
        self._decoder = None if is_utf8 else codecs.getincrementaldecoder(encoding)()
        self._check = _quote_check(job, found)
        self._skip = found.skip
        self._ready = b""
        self._head: bytes | None = b""
        self._is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill the buffer unless the text ends: Arrow takes each read as one block.

        Raises:
            ContractError: A quote is invalid.
            UnicodeError: The file has another encoding.
        """
        view = memoryview(buffer)
        while len(self._ready) <= len(view) and not self._is_at_end:
            self._ready += self._next()
        count = min(len(view), len(self._ready))
        if self._ready[count - 1 : count + 1] == b"\r\n":
            # Arrow drops a line feed at the start of a block after \r, even inside a quoted cell.
            count -= 1
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        self._source.close()
        super().close()

    def _next(self) -> bytes:
        """Return the next part; it may be empty before the end of the text."""
        data: bytes = self._source.read(_READ_BYTES)
        self._is_at_end = not data
        if self._decoder is not None:
            data = self._decoder.decode(data, final=self._is_at_end).encode()
        data = self._without_head(data)
        if self._check is not None:
            self._check.add(data, is_last=self._is_at_end)
        return data

    def _without_head(self, data: bytes) -> bytes:
        """Drop the byte order mark and the skipped lines, which may span several parts."""
        if self._head is None:
            return data
        self._head += data
        if not (self._head or self._is_at_end):
            return b""
        text = self._head.removeprefix(_MARK).decode(errors="surrogateescape")
        rest = without_lines(text, self._skip)
        if self._skip and not rest and not self._is_at_end:
            return b""
        self._head = None
        return rest.encode(errors="surrogateescape")


def open_bytes(job: Job) -> pa.NativeFile:
    """Open the file; decompresses it if its first bytes are those of a known format."""
    file = pa.OSFile(str(job.source))
    head = file.read(4)
    file.seek(0)
    packed = next((name for mark, name in _PACKED.items() if head.startswith(mark)), None)
    return pa.CompressedInputStream(file, packed) if packed else file


def _quote_check(job: Job, found: DetectedFormat) -> QuoteCheck | None:
    dialect = found.dialect
    if not dialect.quote_char or not dialect.is_ascii:
        return None
    return QuoteCheck(
        job.name,
        delimiter=dialect.delimiter,
        quote=dialect.quote_char,
        escape=dialect.escape_char,
        first_line=found.skip + 1,
    )
