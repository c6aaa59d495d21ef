"""Things that several checks need and that are made once for a subject."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Prepared:
    """Keeps what was made under a key; two threads that ask at once get the same."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[object, threading.Lock] = field(default_factory=dict)
    _made: dict[object, Any] = field(default_factory=dict)

    def once[Thing](self, key: object, make: Callable[[], Thing]) -> Thing:
        """Return what `make` made under this key; if it raises, the next one tries again."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._made:
                self._made[key] = make()
            made: Thing = self._made[key]
            return made
