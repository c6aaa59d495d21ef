"""The last run of each stage's container, as Docker reports it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stage_contract.artifacts.manifests import LATEST

from history.volumes import Volume

CLOCK_TOLERANCE_SECONDS = 1.0
"""Maximum time by which files may be older than the start that Docker reports."""


@dataclass(frozen=True)
class ContainerRun:
    """One stage's last run: exit code, start time, and the artifact ids in its log."""

    exit_code: int
    started: float
    named: frozenset[str]

    def had_effect(self, volume: Volume) -> bool:
        """Return whether it published, moved LATEST, or logged a known artifact id."""
        known = volume.newest_first()
        if self.named & {path.name for path in known}:
            return True
        changed = [_changed(path) for path in (volume.path / LATEST, *known)]
        return max(changed, default=0.0) >= self.started - CLOCK_TOLERANCE_SECONDS

    def began_after(self, path: Path) -> bool:
        """Return whether this run started after a file was written or moved there."""
        return self.started > _changed(path)


def parse_runs(texts: Iterable[str]) -> dict[str, ContainerRun]:
    """Return the runs by stage; each text is `STAGE EXIT_CODE STARTED_AT TIME=ID…`, or empty.

    An id counts only if this run logged it, not an earlier run of the same container.
    """
    return dict(_parse(text) for text in texts if text.strip())


def _parse(text: str) -> tuple[str, ContainerRun]:
    stage, exit_code, started, *entries = text.split()
    start = _seconds(started)
    named = (entry.split("=") for entry in entries)
    now = frozenset(
        each for time, each in named if _seconds(time) >= start - CLOCK_TOLERANCE_SECONDS
    )
    return stage, ContainerRun(int(exit_code), start, now)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _changed(path: Path) -> float:
    """Return the inode's change time: a rename counts, a modification time set by hand does not."""
    try:
        return path.stat().st_ctime
    except OSError:
        return 0.0
