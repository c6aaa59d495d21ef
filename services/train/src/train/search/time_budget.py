"""The time budget: whether it has time for another round, and how many trials it once allowed."""

import json
import time
from dataclasses import dataclass, field

from stage_contract import LOGGER, Draft
from stage_contract.artifacts.publishing import made_before

_ROUNDS_CONSIDERED = 3
"""Number of last rounds for the estimate: earlier ones tried other candidates."""


@dataclass
class TimeBudget:
    """The time budget; a trial is expected to take as long as in the slowest of the last rounds."""

    budget_seconds: float | None = None
    """Limit in seconds; None: no limit."""
    now: float = field(default_factory=time.monotonic)
    """Time of the start, then of the end of the last round."""

    spent: float = field(default=0.0, init=False)
    """Seconds until the end of the last round."""
    _paces: list[float] = field(default_factory=list, init=False)
    """Seconds per trial, by round."""

    def end_round(self, *, trials: int) -> None:
        """Record the end of a round of `trials` trials."""
        before, self.now = self.now, time.monotonic()
        self.spent += self.now - before
        self._paces.append((self.now - before) / trials)

    def has_time(self, *, trials: int, last_fit_seconds: float) -> bool:
        """Return whether another round and the final fit would end in time."""
        if self.budget_seconds is None or not self._paces:
            return True
        expected = trials * max(self._paces[-_ROUNDS_CONSIDERED:])
        return self.spent + expected + last_fit_seconds <= self.budget_seconds


def trials_of_previous_run(draft: Draft) -> int | None:
    """Return the number of trials of an earlier run of the same cause, or None."""
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
