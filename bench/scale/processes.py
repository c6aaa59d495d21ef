"""Measures a process: duration, CPU time and memory. Standard library only.

Linux' peak memory of a child includes the memory of its parent at the start, so the measuring
process must be small.
"""
# ruff: noqa: S603  # it starts the commands of the benchmark

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Taken:
    """Measurements of one run."""

    seconds: float
    cpu_seconds: float
    """User and system time of the process and its children."""
    resident_mb: float
    """Peak resident set, including mapped file pages."""
    own_mb: float
    """Peak anonymous memory, read every 20 ms."""


def measure(command: Sequence[str], *, environment: Mapping[str, str], log: Path) -> Taken:
    """Run a command to its end.

    Raises:
        SystemExit: It failed; its output is in the log.
    """
    own_mb = 0.0
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    while True:
        own_mb = max(own_mb, _own_mb(process.pid))
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(_LOOK_SECONDS)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        text = log.read_text(encoding="utf-8", errors="replace")
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {text[-2000:]}")
    return Taken(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, own_mb)


def _own_mb(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    return 0.0
