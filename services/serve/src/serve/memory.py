"""Memory of this process: how much it is, and giving back what is free."""

import ctypes
import resource
from pathlib import Path
from typing import Final

_STATM: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = resource.getpagesize()
_LIBC: Final = ctypes.CDLL(None)


def resident_bytes() -> int:
    """Return the memory of this process; 0 where the system does not tell."""
    if not _STATM.exists():
        return 0
    return int(_STATM.read_text().split()[1]) * _PAGE_BYTES


def give_back() -> None:
    """Let the system have what a former model has taken; glibc alone keeps it for later."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)
