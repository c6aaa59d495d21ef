"""The scheduler: runs a stage after a change has settled, and retries after some failures."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from stage_contract.watching.snapshots import Snapshot

RETRIED_EXIT_CODES = frozenset({os.EX_UNAVAILABLE, os.EX_CANTCREAT})
"""Exit codes to retry: an unreachable source or a full disk may recover by itself."""

FIRST_PAUSE_SECONDS = 5.0
MAX_PAUSE_SECONDS = 300.0


@dataclass
class Scheduler:
    """Decides when to run; pure: callers pass the time and the snapshot."""

    settle_seconds: float
    """Time without a change after which a file counts as complete."""

    _files: object = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)
    _tried: Snapshot | None = field(default=None, init=False)
    _digest: str | None = field(default=None, init=False)
    _has_failed: bool = field(default=False, init=False)
    """After a failure any change starts a run, even one that keeps all bytes."""
    _again_at: float | None = field(default=None, init=False)
    """Time of the next run without a change."""
    _pause: float = field(default=FIRST_PAUSE_SECONDS, init=False)

    def is_due(self, snapshot: Snapshot, *, now: float, digest: Callable[[], str | None]) -> bool:
        """Return whether to run now; `digest` is called only if the snapshot has changed.

        It returns None if the files changed while it read them.
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
        """Record the exit code of a run; return the seconds until a retry, if any.

        After `refresh_seconds` the stage runs anyway: the input may have changed unnoticed.
        """
        self._has_failed = exit_code != 0
        if exit_code not in RETRIED_EXIT_CODES:
            self._pause = FIRST_PAUSE_SECONDS
            self._again_at = None if refresh_seconds is None else now + refresh_seconds
            return None
        pause = self._pause
        self._again_at, self._pause = now + pause, min(2 * pause, MAX_PAUSE_SECONDS)
        return pause
