"""The time budget: whether it has time for another round, and how many trials it once allowed."""

import json
import time
from dataclasses import dataclass, field

from stage_contract import LOGGER, Draft
from stage_contract.artifacts.publishing import made_before

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


def trials_before(draft: Draft) -> int | None:
    """Return how many trials led to the model of the same cause; None if there is none."""
    artifact = made_before(draft)
    if artifact is None:
        return None
    trials = int(json.loads(artifact.file("model.json").read_bytes())["search"]["trials"])
    LOGGER.info(
        "makes %d trials, whatever the budget: as many as model %s was chosen from",
        trials,
        artifact.id,
        extra={"trials": trials, "replays": artifact.id},
    )
    return trials
