"""The text of a CSV file as a stream of UTF-8, its quotes looked at on the way."""

import codecs
import io
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from serve.batch.arguments import Job
from serve.batch.quotes import QuoteCheck

if TYPE_CHECKING:
    from collections.abc import Buffer

_READ_BYTES: Final = 1 << 20
_MARK: Final = "\ufeff".encode()


class CsvStream(io.RawIOBase):
    """Unpacks and decodes a file; a byte order mark is left out."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._source = pa.input_stream(str(job.source), compression="detect")
        is_utf8 = job.encoding == "utf-8"
        self._decoder = None if is_utf8 else codecs.getincrementaldecoder(job.encoding)()
        self._check = QuoteCheck(job.name, delimiter=job.delimiter)
        self._ready = b""
        self._is_at_start = True
        self._is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill the buffer unless the text ends: Arrow takes what it gets as one block.

        Raises:
            ContractError: a quote is wrong.
            UnicodeError: the file has another encoding.
        """
        view = memoryview(buffer)
        while len(self._ready) <= len(view) and not self._is_at_end:
            self._ready += self._next()
        count = min(len(view), len(self._ready))
        if self._ready[count - 1 : count + 1] == b"\r\n":
            # Arrow drops a line feed at the start of a block after \r, even inside a quote.
            count -= 1
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        self._source.close()
        super().close()

    def _next(self) -> bytes:
        """Return what comes next; it may be nothing, though the text goes on."""
        data: bytes = self._source.read(_READ_BYTES)
        self._is_at_end = not data
        if self._decoder is not None:
            data = self._decoder.decode(data, final=self._is_at_end).encode()
        if self._is_at_start and data:
            data = data.removeprefix(_MARK)
            self._is_at_start = False
        self._check.add(data, is_last=self._is_at_end)
        return data
