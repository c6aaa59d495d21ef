"""`python -m stage_contract.watching STAGE -- COMMAND…`: run a stage whenever its cause changes.

The resident process loads the standard library only; COMMAND is a child that works and ends.
"""

import argparse
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from stage_contract.children import Child, KilledError, start
from stage_contract.due import Due
from stage_contract.errors import SettingsError
from stage_contract.failures import one_line, record_failure
from stage_contract.log import LOGGER, configure_logging
from stage_contract.looking import Look, Lookout
from stage_contract.pipelines import pipeline_path
from stage_contract.volumes import output_volume

POLL_SECONDS = 0.25
"""Unlike inotify, looking works on every kind of mount."""

LOOKING_SHARE = 0.02
"""Of the time at most is spent on looking: a glob may cover a hundred thousand files."""

SETTLE_SECONDS = 1.0

_ENDING = frozenset({signal.SIGTERM, signal.SIGINT})


class Watcher:
    """Runs a command as a child whenever what the lookout sees is due."""

    def __init__(
        self, lookout: Lookout, command: Sequence[str], *, out: Path, settle_seconds: float
    ) -> None:
        self._lookout = lookout
        self._command = command
        self._out = out
        self._due = Due(settle_seconds)
        self._child: Child | None = None
        self._was_missing = False

    def watch(self) -> None:
        """Watch until SIGTERM or Ctrl+C, which end a running child first."""
        waited_for = _ENDING | {signal.SIGCHLD}
        # Blocked signals wait to be fetched, so that none is lost between a look and the pause.
        signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
        pause = 0.0
        while True:
            caught = signal.sigtimedwait(waited_for, pause)
            if caught is not None and caught.si_signo in _ENDING:
                break
            pause = POLL_SECONDS
            if self._child is None:
                pause = max(pause, self._look() / LOOKING_SHARE)
            elif (exit_code := self._child.poll()) is not None:
                self._child = None
                self._tell_end(exit_code)
        if self._child is not None:
            self._child.end()

    def _look(self) -> float:
        """Look, and start the child if a run is due; return how many seconds the look took."""
        began = time.monotonic()
        look = self._lookout.look()
        ended = time.monotonic()
        if look.is_missing and not self._was_missing:
            LOGGER.info("waits: nothing was published in %s yet", self._lookout.folder)
        self._was_missing = look.is_missing
        if self._due.is_due(look, now=ended, digest=lambda: self._digest(look)):
            self._child = start(self._command)
        return ended - began

    def _digest(self, look: Look) -> str | None:
        digest = self._lookout.digest()
        return digest if self._lookout.look() == look else None

    def _tell_end(self, exit_code: int) -> None:
        if exit_code < 0:
            killed = KilledError(exit_code)
            record_failure(self._out, self._lookout.stage, killed)
            LOGGER.error("%s", killed, extra={"exit_code": killed.exit_code})
        refresh = self._lookout.refresh_seconds()
        pause = self._due.ended(exit_code, now=time.monotonic(), refresh_seconds=refresh)
        if pause is not None:
            LOGGER.info("tries again in %.0f s", pause, extra={"seconds": pause})
        elif exit_code != 0 and refresh is not None:
            told = "keeps what it has published, asks again in %.0f s, or if its settings change"
            LOGGER.info(told, refresh, extra={"seconds": refresh})
        elif exit_code != 0:
            LOGGER.info("keeps what it has published, waits for a change of its input or settings")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Watch as a process, until SIGTERM ends it with 0."""
    options = _parser().parse_args(arguments)
    configure_logging(options.stage)
    try:
        settle_seconds = read_settle_seconds()
    except SettingsError as error:
        LOGGER.error("%s", one_line(error), extra={"exit_code": error.exit_code})
        sys.exit(error.exit_code)
    lookout = Lookout(
        options.stage,
        folder=Path(os.environ.get("STAGE_IN", "/data/in")).absolute(),
        config=pipeline_path().absolute(),
        sources=options.sources,
        refresh=options.refresh,
    )
    out = output_volume()
    LOGGER.info("watches %s and [%s] of %s", lookout.folder, lookout.stage, lookout.config)
    Watcher(lookout, options.command, out=out, settle_seconds=settle_seconds).watch()
    sys.exit(0)


def read_settle_seconds() -> float:
    """Return how long files must have stood still, as STAGE_SETTLE_SECONDS says."""
    text = os.environ.get("STAGE_SETTLE_SECONDS") or f"{SETTLE_SECONDS}"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise SettingsError(f"STAGE_SETTLE_SECONDS = {text!r}: expected seconds, for example 1")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stage_contract.watching",
        description="Stay, and run COMMAND whenever the input or the settings of STAGE change.",
    )
    parser.add_argument("stage", metavar="STAGE", help="its table of the pipeline file")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="the run, a child that ends")
    parser.add_argument(
        "--sources",
        type=pkgutil.resolve_name,
        metavar="MODULE:FUNCTION",
        help="lists the files that it reads; default: it reads the artifact that LATEST names",
    )
    parser.add_argument(
        "--refresh",
        type=pkgutil.resolve_name,
        metavar="MODULE:FUNCTION",
        help="says from its table how often a run is due though nothing was seen to change",
    )
    return parser


if __name__ == "__main__":
    main()
