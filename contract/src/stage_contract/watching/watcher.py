"""The watcher: runs a command as a child process whenever the scheduler says so."""

import signal
import time
from collections.abc import Sequence
from pathlib import Path

from stage_contract.log import LOGGER
from stage_contract.stages.failures import record_failure
from stage_contract.watching.child_processes import Child, KilledError, start
from stage_contract.watching.scheduler import Scheduler
from stage_contract.watching.snapshots import ChangeDetector, Snapshot

POLL_SECONDS = 0.25
"""Polling works on every kind of mount; inotify does not."""

POLLING_SHARE = 0.02
"""Maximum share of time spent polling: a glob may match a hundred thousand files."""

_STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


class Watcher:
    """Runs a command as a child process when the scheduler says so."""

    def __init__(
        self, detector: ChangeDetector, command: Sequence[str], *, out: Path, settle_seconds: float
    ) -> None:
        self._detector = detector
        self._command = command
        self._out = out
        self._scheduler = Scheduler(settle_seconds)
        self._child: Child | None = None
        self._was_missing = False

    def watch(self) -> None:
        """Watch until SIGTERM or Ctrl+C, which terminate a running child first."""
        waited_for = _STOP_SIGNALS | {signal.SIGCHLD}
        # Blocked signals stay pending, so none is lost between polling and waiting.
        signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
        pause = 0.0
        while True:
            caught = signal.sigtimedwait(waited_for, pause)
            if caught is not None and caught.si_signo in _STOP_SIGNALS:
                break
            pause = POLL_SECONDS
            if self._child is None:
                pause = max(pause, self._poll() / POLLING_SHARE)
            elif (exit_code := self._child.poll()) is not None:
                self._child = None
                self._log_exit(exit_code)
        if self._child is not None:
            self._child.end()

    def _poll(self) -> float:
        """Poll, and start the child if the scheduler says so; return the seconds spent."""
        began = time.monotonic()
        snapshot = self._detector.snapshot()
        ended = time.monotonic()
        if snapshot.is_missing and not self._was_missing:
            LOGGER.info("waits: nothing was published in %s yet", self._detector.folder)
        self._was_missing = snapshot.is_missing
        if self._scheduler.is_due(snapshot, now=ended, digest=lambda: self._digest(snapshot)):
            self._child = start(self._command)
        return ended - began

    def _digest(self, snapshot: Snapshot) -> str | None:
        digest = self._detector.digest()
        return digest if self._detector.snapshot() == snapshot else None

    def _log_exit(self, exit_code: int) -> None:
        if exit_code < 0:
            killed = KilledError(exit_code)
            record_failure(self._out, self._detector.stage, killed)
            LOGGER.error("%s", killed, extra={"exit_code": killed.exit_code})
        refresh = self._detector.refresh_seconds()
        pause = self._scheduler.ended(exit_code, now=time.monotonic(), refresh_seconds=refresh)
        if pause is not None:
            LOGGER.info("tries again in %.0f s", pause, extra={"seconds": pause})
        elif exit_code != 0 and refresh is not None:
            told = "keeps what it has published, asks again in %.0f s, or if its settings change"
            LOGGER.info(told, refresh, extra={"seconds": refresh})
        elif exit_code != 0:
            LOGGER.info("keeps what it has published, waits for a change of its input or settings")
