"""A server's processes: started, measured and stopped together."""
# ruff: noqa: S603  # it starts the servers of the roster

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_STOP_SECONDS = 10


class ProcessTree:
    """A server and its descendants, by parent and by session."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        log: Path,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process that was started first."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def cpu_seconds(self) -> dict[int, float]:
        """Return the CPU time that each process has used so far."""
        used = {}
        for pid in self._members():
            with suppress(OSError):
                fields = _stat(pid)
                used[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
        return used

    def memory(self) -> list[tuple[float, float]]:
        """Return the resident and the proportional set size of each process in MB."""
        sizes = []
        for pid in self._members():
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
                size = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
                sizes.append((size["Rss"] / 1000, size["Pss"] / 1000))
        return sizes

    def stop(self) -> None:
        """Stop all of them; kill those that ignore SIGTERM."""
        members = {pid: _birth(pid) for pid in self._members()}
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        members |= {pid: _birth(pid) for pid in self._members()}
        for pid, birth in members.items():
            # The process id may have been reused.
            if birth is not None and _birth(pid) == birth:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def _members(self) -> list[int]:
        root = self._process.pid
        members = {root}
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with suppress(OSError):
                    fields = _stat(int(entry.name))
                    parents[int(entry.name)] = int(fields[1])
                    if int(fields[3]) == root:
                        members.add(int(entry.name))
        while more := {pid for pid, parent in parents.items() if parent in members} - members:
            members |= more
        return sorted(members)


def pinned(command: Sequence[str], core: int | None) -> list[str]:
    """Return a command that pins a program and its children to one core."""
    return [*command] if core is None else ["taskset", "-c", str(core), *command]


def machine_seconds() -> float:
    """Return the CPU time that the whole machine has used since boot."""
    first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    user, nice, system, _idle, _waiting, interrupts, soft, stolen = map(int, first.split()[1:9])
    return (user + nice + system + interrupts + soft + stolen) / _TICKS


def _birth(pid: int) -> str | None:
    try:
        return _stat(pid)[19]
    except OSError:
        return None


def _stat(pid: int) -> list[str]:
    """Return the fields after the name in /proc/<pid>/stat: state, parent, group and so on."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()
