"""A stage in its container with a memory limit: peak memory and duration."""
# ruff: noqa: S603, S607  # it runs Docker's own client

import json
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

_LOOK_SECONDS = 0.1
_GROUPS = ("system.slice/docker-{id}.scope", "docker/{id}")
"""Path below a controller's folder, for both of Docker's cgroup drivers."""

_CONTROLLERS = {"memory.stat": ("", "memory"), "cpu.stat": ("",), "cpuacct.usage": ("cpuacct",)}
"""Controllers' folders by file of a control group; version 2 has one folder for all controllers."""

_OWN_NAMES = ("anon", "total_rss")


@dataclass(frozen=True)
class Limited:
    """Measurements of a stage under a memory limit."""

    seconds: float
    cpu_seconds: float
    """User and system time of the container, read every tenth of a second."""
    own_mb: float
    """Peak anonymous memory of the container, read every tenth of a second.

    `memory.peak` includes file pages, which the kernel can free at any time.
    """


def run_limited(image: str, mounts: dict[Path, str], *, pipeline: str, memory: str) -> Limited:
    """Run a stage's image on folders of the host, by their path in the container.

    Raises:
        SystemExit: Its exit code was not 0.
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
        own_bytes, cpu_seconds = _watch(container)
        state = json.loads(_docker("inspect", "--format", "{{json .State}}", container))
        if code := state["ExitCode"]:
            said = _docker("logs", "--tail", "5", container)
            raise SystemExit(f"{image} ended with {code}: {said}")
        began, ended = (datetime.fromisoformat(state[key]) for key in ("StartedAt", "FinishedAt"))
        return Limited((ended - began).total_seconds(), cpu_seconds, own_bytes / 1e6)
    finally:
        _docker("rm", "--force", container)


def _watch(container: str) -> tuple[int, float]:
    """Return the container's peak memory in bytes, and its CPU seconds."""
    files = {name: _paths(name, container) for name in _CONTROLLERS}
    most, cpu = 0, 0.0
    with subprocess.Popen(["docker", "wait", container], stdout=subprocess.DEVNULL) as waiting:
        while waiting.poll() is None:
            most = max([most, *map(_own_bytes, files["memory.stat"])])
            cpu = max([cpu, *map(_cpu_seconds, files["cpu.stat"] + files["cpuacct.usage"])])
            time.sleep(_LOOK_SECONDS)
    if not most or not cpu:
        raise SystemExit("the container's control group was not found; run it on the host as root")
    return most, cpu


def _paths(name: str, container: str) -> list[Path]:
    return [
        Path("/sys/fs/cgroup", controller, group.format(id=container), name)
        for controller in _CONTROLLERS[name]
        for group in _GROUPS
    ]


def _own_bytes(stat: Path) -> int:
    facts = _facts(stat)
    return max((facts.get(name, 0) for name in _OWN_NAMES), default=0)


def _cpu_seconds(file: Path) -> float:
    """Return the CPU seconds of the container, 0 after its end."""
    if file.name == "cpu.stat":
        return _facts(file).get("usage_usec", 0) / 1e6
    with suppress(OSError):
        return int(file.read_text(encoding="ascii")) / 1e9
    return 0.0


def _facts(file: Path) -> dict[str, int]:
    """Return the fields of a statistics file, empty after the container's end."""
    with suppress(OSError):
        lines = file.read_text(encoding="ascii").splitlines()
        return {name: int(count) for name, _, count in (line.partition(" ") for line in lines)}
    return {}


def _docker(*arguments: str) -> str:
    run = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True)
    return run.stdout.strip()
