"""Values that are made once and shared between threads."""

import threading
from collections.abc import Callable
from typing import Any

from conformance.harness.faults import Fault


class Once:
    """Keeps values and faults by name; concurrent callers wait for the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[str, threading.RLock] = {}
        self._made: dict[str, Any] = {}

    def make[Made](self, name: str, make: Callable[[], Made]) -> Made:
        """Return what `make` made when it was first asked for under this name.

        Raises:
            Fault: `make` raised it, then or now.
        """
        with self._lock:
            lock = self._locks.setdefault(name, threading.RLock())
        with lock:
            if name not in self._made:
                try:
                    self._made[name] = make()
                except Fault as fault:
                    # The next caller need not wait for a run that hangs.
                    self._made[name] = fault
            if isinstance(self._made[name], Fault):
                raise self._made[name]
            made: Made = self._made[name]
            return made
