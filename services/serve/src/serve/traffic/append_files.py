"""Append-only files of JSON lines, with limits of size and age; one writer for each file."""

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from serve.traffic.retention import remove_old_files

FILE_BYTES = 16 * 1024 * 1024
"""Size from which a file is closed and another one begun."""
FILE_SECONDS = 24 * 3600
"""Age from which a file is closed and another one begun."""
_NEW = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class AppendFile:
    """The file that one worker appends lines of a kind to."""

    def __init__(self, folder: Path, kind: str, *, worker: int) -> None:
        """Prepare; the file is created with its first line."""
        self._folder = folder
        self._kind = kind
        self._worker = worker
        self._path = folder
        self._file: int | None = None
        self._bytes = 0
        self._opened = 0.0

    def append(self, line: bytes) -> None:
        """Write a line, all of it or nothing.

        Raises:
            OSError: The folder is missing, not writable, or full. The next line begins a new file.
        """
        if self._file is not None and self._is_done(self._file):
            self.close()
        if self._file is None:
            self._open()
        try:
            self._write(line + b"\n")
        except OSError:
            self._take_back()
            raise

    def close(self) -> None:
        """Close the file; another line begins a new one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> None:
        # A container that shares the folder may have a worker of the same number.
        start = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        remove_old_files(self._folder)
        self._path = self._folder / f"{self._kind}-{self._worker}-{start}.jsonl"
        self._file = os.open(self._path, _NEW, 0o644)
        self._bytes, self._opened = 0, time.monotonic()

    def _write(self, line: bytes) -> None:
        assert self._file is not None  # noqa: S101  # append opens it
        written = os.write(self._file, line)
        if written < len(line):
            # The second call says why: the disk is full.
            written += os.write(self._file, line[written:])
            if written < len(line):
                raise OSError(f"{written} of {len(line)} bytes were written")
        self._bytes += len(line)

    def _take_back(self) -> None:
        """Remove the part of a line that was written, or the empty file."""
        if self._file is None:
            return
        with suppress(OSError):
            if self._bytes:
                os.ftruncate(self._file, self._bytes)
            else:
                self._path.unlink()
        self.close()

    def _is_done(self, file: int) -> bool:
        return (
            self._bytes >= FILE_BYTES
            or time.monotonic() - self._opened >= FILE_SECONDS
            or os.fstat(file).st_nlink == 0  # Somebody removed it.
        )
