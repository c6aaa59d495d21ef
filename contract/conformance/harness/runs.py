"""Runs: how a stage's container ended, what it logged, and what is on its output volume."""

import re
from dataclasses import dataclass
from pathlib import Path

from stage_contract.artifacts.reading import is_id


@dataclass(frozen=True)
class Run:
    """One finished run of the image."""

    exit_code: int
    log: str
    """Standard output and standard error, as they were written."""
    seconds: float
    out: Path
    """The output volume as the run left it, copied to the host."""
    out_of_memory: bool = False
    raw_log: bytes = b""

    @property
    def published(self) -> list[str]:
        """Names of everything on the volume that looks like an artifact, whole or not."""
        return sorted(path.name for path in self.out.iterdir() if is_id(path.name))

    @property
    def drafts(self) -> list[str]:
        """Names of unfinished publications; readers ignore names that begin with a dot."""
        return sorted(path.name for path in self.out.iterdir() if path.name.startswith("."))

    @property
    def latest(self) -> str | None:
        """What LATEST holds, or None when there is no such file."""
        path = self.out / "LATEST"
        return path.read_text("utf-8", errors="replace").strip() if path.is_file() else None

    @property
    def refused(self) -> str | None:
        """What REFUSED holds: an artifact that is published, and kept from LATEST by a gate."""
        path = self.out / "REFUSED"
        return path.read_text("utf-8", errors="replace").strip() if path.is_file() else None

    @property
    def last_line(self) -> str:
        return last_lines(self.log, at_most=1)

    @property
    def ending(self) -> str:
        """How it ended, in words for a fault."""
        return self._ending(f": {self.last_line}" if self.last_line else "")

    @property
    def ending_in_lines(self) -> str:
        """How it ended, with the last lines of its log below."""
        lines = last_lines(self.log)
        return self._ending(f":\n{lines}" if lines else "")

    @property
    def has_traceback(self) -> bool:
        """Whether the log holds a traceback or the like."""
        return _TRACEBACK.search(self.log) is not None

    def _ending(self, log: str) -> str:
        if self.out_of_memory:
            return f"it was killed for its memory (exit code {self.exit_code})"
        return f"exit code {self.exit_code}{log or ' without any output'}"


def last_lines(log: str, *, at_most: int = 5) -> str:
    """Return the last lines of a log, without empty ones; control characters are escaped."""
    lines = [line.strip() for line in log.split("\n") if line.strip()]
    return "\n".join(_escaped(line) for line in lines[-at_most:])


def _escaped(line: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\)|^panic: |^goroutine \d+ \[|thread '.*' panicked at"
    r"|^\s+at .+\(.*:\d+(:\d+)?\)$|^Segmentation fault|^Unhandled exception|core dumped",
    re.MULTILINE,
)
