"""Shared state: memory shared by all workers, in which each one publishes its counters.

It is anonymous memory, allocated before the workers are forked, so nothing is left of it and a
read-only root file system suffices. Each worker writes to its own slot; the replacement of a dead
worker continues its counters.
"""

import fcntl
import mmap
import os
import struct
import zlib

from serve.runtime.clock import SteadyClock

_READY, _CONNECTIONS, _NEWEST = (struct.Struct("<Q") for _ in range(3))
_NOTE = struct.Struct("<QI")
_NOTES_AT = _READY.size + _CONNECTIONS.size + _NEWEST.size
_NOTE_BYTES = 512 * 1024
_WORKER_BYTES = 2 * _NOTE_BYTES + 4096
"""Size of a slot: two notes, of which one is always complete. Untouched pages take no memory."""


class SharedState:
    """Slots for the workers and the admission process; every process reads all of them."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.admission = workers
        """The slot of the admission process."""
        self.clock = SteadyClock()
        """The clock of all processes."""
        self._memory = mmap.mmap(-1, (workers + 1) * _WORKER_BYTES)
        self._loading = os.memfd_create("loading")

    def begin_loading(self) -> bool:
        """Return whether this worker may load a model now; one worker loads at a time.

        So the additional memory of loading is needed only once. The lock of a worker that dies is
        released.
        """
        try:
            fcntl.lockf(self._loading, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def end_loading(self) -> None:
        """Let another worker load."""
        fcntl.lockf(self._loading, fcntl.LOCK_UN)

    def mark_ready(self, worker: int, *, ready: bool) -> None:
        """Set whether a worker accepts requests."""
        _READY.pack_into(self._memory, worker * _WORKER_BYTES, ready)

    def is_ready(self, worker: int) -> bool:
        return bool(_READY.unpack_from(self._memory, worker * _WORKER_BYTES)[0])

    def set_connections(self, worker: int, count: int) -> None:
        """Set a worker's number of connections."""
        _CONNECTIONS.pack_into(self._memory, worker * _WORKER_BYTES + _READY.size, count)

    def connections(self, worker: int) -> int:
        count: int = _CONNECTIONS.unpack_from(self._memory, worker * _WORKER_BYTES + _READY.size)[0]
        return count

    def write(self, worker: int, note: bytes) -> None:
        """Replace a worker's note.

        Raises:
            ValueError: It is too long.
        """
        if len(note) > _NOTE_BYTES - _NOTE.size:
            raise ValueError(f"a note of {len(note)} bytes does not fit a slot")
        other = 1 - self._newest(worker)
        start = self._start(worker, other)
        self._memory[start + _NOTE.size : start + _NOTE.size + len(note)] = note
        _NOTE.pack_into(self._memory, start, len(note), zlib.crc32(note))
        _NEWEST.pack_into(
            self._memory, worker * _WORKER_BYTES + _READY.size + _CONNECTIONS.size, other
        )

    def read(self, worker: int) -> bytes:
        """Return a worker's note; empty if nothing was written yet."""
        while True:
            start = self._start(worker, self._newest(worker))
            length, digest = _NOTE.unpack_from(self._memory, start)
            note = self._memory[start + _NOTE.size : start + _NOTE.size + length]
            # They differ only if two newer notes were written in the meantime.
            if zlib.crc32(note) == digest:
                return note

    def digest(self, worker: int) -> int:
        """Return the CRC-32 of a worker's note."""
        digest: int = _NOTE.unpack_from(self._memory, self._start(worker, self._newest(worker)))[1]
        return digest

    def _newest(self, worker: int) -> int:
        at = worker * _WORKER_BYTES + _READY.size + _CONNECTIONS.size
        newest: int = _NEWEST.unpack_from(self._memory, at)[0]
        return newest

    def _start(self, worker: int, note: int) -> int:
        return worker * _WORKER_BYTES + _NOTES_AT + note * _NOTE_BYTES
