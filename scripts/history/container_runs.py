"""The last run of each stage's container, as Docker reports it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stage_contract.artifacts.manifests import LATEST

from history.volumes import Volume

CLOCK_TOLERANCE_SECONDS = 1.0
"""Maximum difference between file times and the start time that Docker reports."""


@dataclass(frozen=True)
class ContainerRun:
    """One stage's last run: exit code, start time, and the artifact ids in its log."""

    exit_code: int
    started: float
    artifact_ids: frozenset[str]

    def had_effect(self, volume: Volume) -> bool:
        """Return whether it published, moved LATEST, or logged a known artifact id."""
        known = volume.newest_first()
        if self.artifact_ids & {path.name for path in known}:
            return True
        changes = [_change_time(path) for path in (volume.path / LATEST, *known)]
        return max(changes, default=0.0) >= self.started - CLOCK_TOLERANCE_SECONDS

    def began_after(self, path: Path) -> bool:
        """Return whether this run started after a file was written or moved there."""
        return self.started > _change_time(path)


def parse_runs(lines: Iterable[str]) -> dict[str, ContainerRun]:
    """Return the runs by stage; each line is `STAGE EXIT_CODE STARTED_AT TIME=ID…`, or empty.

    An id counts only if this run logged it, not an earlier run of the same container.
    """
    return dict(_parse(line) for line in lines if line.strip())


def _parse(line: str) -> tuple[str, ContainerRun]:
    stage, exit_code, started, *entries = line.split()
    start = _seconds(started)
    logged = (entry.split("=") for entry in entries)
    artifact_ids = frozenset(
        each for time, each in logged if _seconds(time) >= start - CLOCK_TOLERANCE_SECONDS
    )
    return stage, ContainerRun(int(exit_code), start, artifact_ids)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _change_time(path: Path) -> float:
    """Return the inode's change time: a rename counts, a modification time set by hand does not."""
    try:
        return path.stat().st_ctime
    except OSError:
        return 0.0
