"""The time budget of the search: whether a round fits, and the trials of an earlier run."""

import json
import time
from dataclasses import dataclass, field

from stage_contract import LOGGER, Draft
from stage_contract.artifacts.publishing import made_before

_RECENT_ROUNDS = 3
"""Number of recent rounds in the estimate: earlier ones tried other candidates."""


@dataclass
class TimeBudget:
    """The time budget; a trial is expected to take as long as in the slowest recent round."""

    budget_seconds: float | None = None
    """Limit in seconds; None: no limit."""
    round_started: float = field(default_factory=time.monotonic)
    """Time of the start, then of the end of each round."""

    spent_seconds: float = field(default=0.0, init=False)
    """Seconds used up to the end of the latest round."""
    _seconds_per_trial: list[float] = field(default_factory=list, init=False)
    """One value for each round."""

    def end_round(self, *, trials: int) -> None:
        """Record the end of a round of `trials` trials."""
        started, self.round_started = self.round_started, time.monotonic()
        seconds = self.round_started - started
        self.spent_seconds += seconds
        self._seconds_per_trial.append(seconds / trials)

    def has_time(self, *, trials: int, final_fit_seconds: float) -> bool:
        """Return whether another round and the final fit fit into the budget."""
        if self.budget_seconds is None or not self._seconds_per_trial:
            return True
        expected = trials * max(self._seconds_per_trial[-_RECENT_ROUNDS:])
        return self.spent_seconds + expected + final_fit_seconds <= self.budget_seconds


def trials_of_previous_run(draft: Draft) -> int | None:
    """Return the number of trials of an earlier run with the same cause, or None.

    The cause is input, settings and image: as many trials give the same bytes.
    """
    artifact = made_before(draft)
    if artifact is None:
        return None
    trials = int(json.loads(artifact.file("model.json").read_bytes())["search"]["trials"])
    LOGGER.info(
        "runs %d trials regardless of the time budget, as many as for model %s",
        trials,
        artifact.id,
        extra={"trials": trials, "replays": artifact.id},
    )
    return trials
