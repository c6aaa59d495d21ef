"""Memory of this process: measuring it, limiting it, and returning free memory."""

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
    """Return the resident memory of this process; 0 if the system does not report it."""
    if not _STATM.exists():
        return 0
    return int(_STATM.read_text().split()[1]) * _PAGE_BYTES


def anonymous_bytes() -> int:
    """Return the resident memory of this process without file pages; 0 if it is not reported.

    After a fork it includes the parent's memory, whereas file pages count once they are used.
    """
    if not _STATM.exists():
        return 0
    _size, resident, of_files, *_rest = _STATM.read_text().split()
    return (int(resident) - int(of_files)) * _PAGE_BYTES


def peak_anonymous_bytes() -> int:
    """Return the peak of this process's memory without file pages, or a little less."""
    if not _STATM.exists():
        return 0
    of_files = int(_STATM.read_text().split()[2]) * _PAGE_BYTES
    return _status_bytes("VmHWM") - of_files


def bound_memory(more_bytes: float) -> None:
    """Limit the additional memory of this process; beyond it, allocations fail.

    The limit applies to writable memory (RLIMIT_DATA): ONNX Runtime and glibc reserve far more
    address space.
    """
    if math.isinf(more_bytes) or not _STATUS.exists():
        return
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = int(_status_bytes("VmData") + more_bytes)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means out of memory, which ONNX Runtime reports as text only."""
    return isinstance(error, MemoryError) or any(text in str(error) for text in _OUT_OF_MEMORY)


def _status_bytes(key: str) -> int:
    for line in _STATUS.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    return 0


def give_back() -> None:
    """Return the memory of a former model to the system, which glibc would keep."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)
