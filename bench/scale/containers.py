"""A stage in its container with a limit of memory, and the most that it held."""
# ruff: noqa: S603, S607  # it runs Docker's own client

import json
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_LOOK_SECONDS = 0.1
_STAT_FILES = (
    "/sys/fs/cgroup/system.slice/docker-{id}.scope/memory.stat",
    "/sys/fs/cgroup/docker/{id}/memory.stat",
    "/sys/fs/cgroup/memory/docker/{id}/memory.stat",
    "/sys/fs/cgroup/memory/system.slice/docker-{id}.scope/memory.stat",
)
"""In version 2 of control groups and in version 1, by either of Docker's drivers."""
_OWN_NAMES = ("anon", "total_rss")


@dataclass(frozen=True)
class Limited:
    """How a stage did under a limit."""

    seconds: float
    own_mb: float
    """The most anonymous memory of the container that was seen, looking ten times a second.

    `memory.peak` counts the pages of files, too, which the kernel takes back when it needs them.
    """


def run_limited(image: str, mounts: dict[Path, str], *, pipeline: str, memory: str) -> Limited:
    """Run a stage's image on folders of the host, by the path in the container.

    Raises:
        SystemExit: it did not end with 0.
    """
    volumes = [
        word
        for source, target in mounts.items()
        for word in ("--volume", f"{source}:{target}{'' if target == '/data/out' else ':ro'}")
    ]
    options = ["--memory", memory, "--memory-swap", memory, "--network", "none"]
    options += ["--user", "10001:10001", "--env", f"PIPELINE={pipeline}", *volumes]
    container = _docker("run", "--detach", *options, image)
    try:
        own = _watch(container)
        state = json.loads(_docker("inspect", "--format", "{{json .State}}", container))
        if code := state["ExitCode"]:
            said = _docker("logs", "--tail", "5", container)
            raise SystemExit(f"{image} ended with {code}: {said}")
        began, ended = (datetime.fromisoformat(state[key]) for key in ("StartedAt", "FinishedAt"))
        return Limited((ended - began).total_seconds(), own / 1e6)
    finally:
        _docker("rm", "--force", container)


def _watch(container: str) -> int:
    """Return the most bytes that a container held until it ended."""
    paths = [Path(path.format(id=container)) for path in _STAT_FILES]
    most = 0
    while _docker("inspect", "--format", "{{.State.Running}}", container) == "true":
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            most = max(most, *(_own_bytes(path) for path in paths))
            time.sleep(_LOOK_SECONDS)
    if not most:
        raise SystemExit(f"no control group found among {_STAT_FILES}; run it on the host as root")
    return most


def _own_bytes(stat: Path) -> int:
    with suppress(OSError):
        for line in stat.read_text(encoding="ascii").splitlines():
            name, _, count = line.partition(" ")
            if name in _OWN_NAMES:
                return int(count)
    return 0


def _docker(*arguments: str) -> str:
    run = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True)
    return run.stdout.strip()
