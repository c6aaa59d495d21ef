"""Values that are made once and shared between threads."""

import threading
from collections.abc import Callable
from typing import Any


class Once:
    """Keeps values by name; concurrent callers wait for the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.RLock] = {}
        self._made: dict[str, Any] = {}

    def make[Made](self, name: str, make: Callable[[], Made]) -> Made:
        """Return what `make` made when it was first asked for under this name."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.RLock())
        with lock:
            if name not in self._made:
                self._made[name] = make()
            made: Made = self._made[name]
            return made
