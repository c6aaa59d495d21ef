"""When a resident stage runs: once what it saw has changed and stands still, or to try again."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from stage_contract.watching.snapshots import Snapshot

RETRIED_EXIT_CODES = frozenset({os.EX_UNAVAILABLE, os.EX_CANTCREAT})
"""A source that could not be reached and a full disk mend without a change of the input."""

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0


@dataclass
class Scheduler:
    """Decides when to run; it has no clock of its own and looks at nothing itself."""

    settle_seconds: float
    """A file that changed so recently may still be being written."""

    _files: object = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)
    _tried: Snapshot | None = field(default=None, init=False)
    _digest: str | None = field(default=None, init=False)
    _has_failed: bool = field(default=False, init=False)
    """Then any change counts, even one that leaves all bytes as they were: it may have mended."""
    _again_at: float | None = field(default=None, init=False)
    """When a run is due though nothing has changed."""
    _pause: float = field(default=FIRST_PAUSE_SECONDS, init=False)

    def is_due(self, snapshot: Snapshot, *, now: float, digest: Callable[[], str | None]) -> bool:
        """Return whether to run now; `digest` is asked only if what was seen has changed.

        It returns None if what it read is no longer what was seen.
        """
        if snapshot.files != self._files:
            self._files, self._since = snapshot.files, now
        if snapshot.is_missing or now - self._since < self.settle_seconds:
            return False
        if snapshot == self._tried:
            return self._again_at is not None and now >= self._again_at
        found = digest()
        if found is None:
            return False
        self._tried = snapshot
        is_other, self._digest = found != self._digest, found
        return is_other or self._has_failed

    def ended(
        self, exit_code: int, *, now: float, refresh_seconds: float | None = None
    ) -> float | None:
        """Take note of how the run ended; return the seconds until the next attempt, if any.

        After `refresh_seconds` a run is due that is no attempt: the input may have changed unseen.
        """
        self._has_failed = exit_code != 0
        if exit_code not in RETRIED_EXIT_CODES:
            self._pause = FIRST_PAUSE_SECONDS
            self._again_at = None if refresh_seconds is None else now + refresh_seconds
            return None
        pause = self._pause
        self._again_at, self._pause = now + pause, min(2 * pause, LONGEST_PAUSE_SECONDS)
        return pause
