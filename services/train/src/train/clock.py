"""The clock: whether the budget has time for another round of trials."""

import time
from dataclasses import dataclass, field

_LOOKED_BACK = 3
"""Rounds whose pace the next one may have: before them other candidates were tried."""


@dataclass
class Clock:
    """Expects a trial of the next round to take as long as in the slowest of the last rounds."""

    budget_seconds: float | None = None
    """None: no limit."""
    now: float = field(default_factory=time.monotonic)
    """When the work began; then, when the last round ended."""

    spent: float = field(default=0.0, init=False)
    """Seconds, to the end of the last round."""
    _paces: list[float] = field(default_factory=list, init=False)
    """Seconds a trial, of each round."""

    def end_round(self, *, trials: int) -> None:
        """Take note that a round of so many trials has ended."""
        before, self.now = self.now, time.monotonic()
        self.spent += self.now - before
        self._paces.append((self.now - before) / trials)

    def has_time(self, *, trials: int, last_fit_seconds: float) -> bool:
        """Return whether another round, and the fit on all rows after it, would end in time."""
        if self.budget_seconds is None or not self._paces:
            return True
        expected = trials * max(self._paces[-_LOOKED_BACK:])
        return self.spent + expected + last_fit_seconds <= self.budget_seconds
