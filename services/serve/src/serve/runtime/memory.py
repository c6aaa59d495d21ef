"""Memory of this process: how much it is, and giving back what is free."""

import ctypes
import math
import resource
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_STATUS: Final = Path("/proc/self/status")
_PAGE_BYTES: Final = resource.getpagesize()
_LIBC: Final = ctypes.CDLL(None)
_OUT_OF_MEMORY: Final = ("bad_alloc", "Failed to allocate memory", "bad allocation")


def resident_bytes() -> int:
    """Return the memory of this process; 0 where the system does not tell."""
    if not _STATM.exists():
        return 0
    return int(_STATM.read_text().split()[1]) * _PAGE_BYTES


def anonymous_bytes() -> int:
    """Return the memory of this process without pages of files; 0 where the system does not tell.

    After a fork it is that of the parent, whereas pages of files are counted once they are used.
    """
    if not _STATM.exists():
        return 0
    _size, resident, of_files, *_rest = _STATM.read_text().split()
    return (int(resident) - int(of_files)) * _PAGE_BYTES


def most_anonymous_bytes() -> int:
    """Return the most that this process has had without pages of files, or a little less."""
    if not _STATM.exists():
        return 0
    of_files = int(_STATM.read_text().split()[2]) * _PAGE_BYTES
    return _status_bytes("VmHWM") - of_files


def bound_memory(more_bytes: float) -> None:
    """Let this process take so much more memory at most; then an allocation fails.

    What counts is memory that it may write to (RLIMIT_DATA): ONNX Runtime and glibc reserve far
    more address space than that.
    """
    if math.isinf(more_bytes) or not _STATUS.exists():
        return
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = int(_status_bytes("VmData") + more_bytes)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory could not be had; ONNX Runtime says so in a text only."""
    return isinstance(error, MemoryError) or any(text in str(error) for text in _OUT_OF_MEMORY)


def _status_bytes(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    return 0


def give_back() -> None:
    """Let the system have what a former model has taken; glibc alone keeps it for later."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)
