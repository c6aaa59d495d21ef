"""Shared state: memory of all workers, in which each one reports its counters.

It is made before the workers are forked and has no name, so nothing is left of it, and a read-only
root file system is no obstacle. Each worker writes to its own slot; the successor of a dead worker
counts on from there.
"""

import fcntl
import mmap
import os
import struct
import zlib

_READY, _CONNECTIONS, _NEWEST = (struct.Struct("<Q") for _ in range(3))
_NOTE = struct.Struct("<QI")
_NOTES_AT = _READY.size + _CONNECTIONS.size + _NEWEST.size
_NOTE_BYTES = 512 * 1024
_WORKER_BYTES = 2 * _NOTE_BYTES + 4096
"""Size of a slot: two notes, of which one is always whole. Untouched pages take no memory."""


class SharedState:
    """Slots for workers and one for the admission process; every process reads all of them."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.admission = workers
        """The slot of the admission process."""
        self._memory = mmap.mmap(-1, (workers + 1) * _WORKER_BYTES)
        self._loading = os.memfd_create("loading")

    def begin_loading(self) -> bool:
        """Return whether this worker may load a model now: one does at a time.

        So the memory that loading takes beyond what the model keeps is taken once. A worker that
        dies meanwhile leaves nothing locked.
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
        """Say whether a worker takes requests."""
        _READY.pack_into(self._memory, worker * _WORKER_BYTES, ready)

    def is_ready(self, worker: int) -> bool:
        return bool(_READY.unpack_from(self._memory, worker * _WORKER_BYTES)[0])

    def set_connections(self, worker: int, count: int) -> None:
        """Say how many connections a worker has."""
        _CONNECTIONS.pack_into(self._memory, worker * _WORKER_BYTES + _READY.size, count)

    def connections(self, worker: int) -> int:
        count: int = _CONNECTIONS.unpack_from(self._memory, worker * _WORKER_BYTES + _READY.size)[0]
        return count

    def write(self, worker: int, note: bytes) -> None:
        """Replace a worker's note.

        Raises:
            ValueError: it is too long.
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
        """Return a worker's note; it is empty if nothing was written yet."""
        while True:
            start = self._start(worker, self._newest(worker))
            length, digest = _NOTE.unpack_from(self._memory, start)
            note = self._memory[start + _NOTE.size : start + _NOTE.size + length]
            # They differ only if two newer ones were written in the meantime.
            if zlib.crc32(note) == digest:
                return note

    def _newest(self, worker: int) -> int:
        at = worker * _WORKER_BYTES + _READY.size + _CONNECTIONS.size
        newest: int = _NEWEST.unpack_from(self._memory, at)[0]
        return newest

    def _start(self, worker: int, note: int) -> int:
        return worker * _WORKER_BYTES + _NOTES_AT + note * _NOTE_BYTES
