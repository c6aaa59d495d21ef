"""The clock of all processes of a server."""

import time


class SteadyClock:
    """Seconds since 1970 as the system's clock had them at the start; they never step.

    They go on during a suspend, and are the same in all processes that are forked later.
    """

    _KIND = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def __init__(self) -> None:
        self._start = time.time() - time.clock_gettime(self._KIND)

    def now(self) -> float:
        """Return the current time."""
        return self._start + time.clock_gettime(self._KIND)

    def shift(self) -> float:
        """Return the seconds by which the system's clock was set since the start."""
        return time.time() - self.now()
