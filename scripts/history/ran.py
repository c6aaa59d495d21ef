"""What the stages' containers did in their last run, as the host sees it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stage_contract.artifacts.reading import LATEST

from history.mounted import Volume

CLOCK_SECONDS = 1.0
"""A container may be at work a moment before the time that Docker says it started at."""


@dataclass(frozen=True)
class Ran:
    """One stage's last run: how it ended, since when, and the ids that its log names."""

    exit_code: int
    started: float
    named: frozenset[str]

    def left_a_trace(self, volume: Volume) -> bool:
        """Return whether it published, moved LATEST, or said which artifact stands."""
        known = volume.newest_first()
        if self.named & {path.name for path in known}:
            return True
        changed = [_changed(path) for path in (volume.path / LATEST, *known)]
        return max(changed, default=0.0) >= self.started - CLOCK_SECONDS

    def began_after(self, path: Path) -> bool:
        """Return whether this run began after a file was written or put where it is."""
        return self.started > _changed(path)


def parse_runs(texts: Iterable[str]) -> dict[str, Ran]:
    """Return the runs by stage; each text is `STAGE EXIT_CODE STARTED_AT TIME=ID…`, or empty.

    An id counts if this run named it, not only an earlier one of the same container.
    """
    return dict(_parse(text) for text in texts if text.strip())


def _parse(text: str) -> tuple[str, Ran]:
    stage, exit_code, started, *said = text.split()
    moment = _seconds(started)
    named = (entry.split("=") for entry in said)
    now = frozenset(each for time, each in named if _seconds(time) >= moment - CLOCK_SECONDS)
    return stage, Ran(int(exit_code), moment, now)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _changed(path: Path) -> float:
    """Return when a name was given to these bytes: a rename counts, a time that was set not."""
    try:
        return path.stat().st_ctime
    except OSError:
        return 0.0
