"""The clock: whether the budget has time for another round of trials."""

import time
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Expects the next round to take as long as the longest before it."""

    budget_seconds: float | None = None
    """None: no limit."""
    now: float = field(default_factory=time.monotonic)
    """When the work began; then, when the last round ended."""

    spent: float = field(default=0.0, init=False)
    """Seconds, to the end of the last round."""
    _rounds: list[float] = field(default_factory=list, init=False)

    def end_round(self) -> None:
        """Take note that a round has ended."""
        before, self.now = self.now, time.monotonic()
        self._rounds.append(self.now - before)
        self.spent += self.now - before

    def has_time(self, *, last_fit_seconds: float) -> bool:
        """Return whether another round, and the fit on all rows after it, would end in time."""
        if self.budget_seconds is None:
            return True
        # In the first round are slow candidates that later ones seldom come back to.
        expected = max(self._rounds[1:] or self._rounds)
        return self.spent + expected + last_fit_seconds <= self.budget_seconds
