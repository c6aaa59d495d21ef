"""Memory of this process: how much it is, and giving back what is free."""

import ctypes
import resource
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = resource.getpagesize()
_LIBC: Final = ctypes.CDLL(None)
_M_MMAP_THRESHOLD: Final = -3
"""Its number in glibc's malloc.h."""
_LARGE_BYTES: Final = 2**20


def resident_bytes() -> int:
    """Return the memory of this process; 0 where the system does not tell."""
    if not _STATM.exists():
        return 0
    return int(_STATM.read_text().split()[1]) * _PAGE_BYTES


def keep_no_large_blocks() -> None:
    """Have blocks of a megabyte go back to the system as soon as they are free.

    By default glibc raises its bound for that with every large block that is freed; later ones then
    lie in its heap, where a small block behind them keeps them from going back.
    """
    if hasattr(_LIBC, "mallopt"):
        _LIBC.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back() -> None:
    """Let the system have what a former model has taken; glibc alone keeps it for later."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)
