"""The container's share of the machine: processors by quota and binding, and memory."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_V2 = "cpu.max"
_V1_QUOTA, _V1_PERIOD = "cpu.cfs_quota_us", "cpu.cfs_period_us"
_MEMORY = ("memory.max", "memory/memory.limit_in_bytes")
"""In version 2 of control groups, and in version 1."""
_MEMORY_NAMES = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)
"""Limit, use and what it is made of."""
_MEMINFO = Path("/proc/meminfo")


def cpu_share(cgroups: Path = _CGROUPS) -> float:
    """Return how many processors this process may use, which need not be a whole number.

    `--cpus` and `cpus:` set a quota of the control group (v2: cpu.max, v1: cpu.cfs_quota_us);
    `--cpuset-cpus` and taskset bind the process.
    """
    bound_to = len(os.sched_getaffinity(0))
    quota = _quota(cgroups)
    return float(bound_to) if quota is None else min(quota, float(bound_to))


def _quota(cgroups: Path) -> float | None:
    """Return the quota; None where there is none."""
    for folder in (cgroups, cgroups / "cpu", cgroups / "cpu,cpuacct"):
        if (file := folder / _V2).is_file():
            quota, period = file.read_text().split()
        elif (file := folder / _V1_QUOTA).is_file():
            quota, period = file.read_text(), (folder / _V1_PERIOD).read_text()
        else:
            continue
        # v2 says max, v1 says -1.
        return None if quota == "max" or int(quota) <= 0 else int(quota) / int(period)
    return None


def memory_share(cgroups: Path = _CGROUPS) -> float:
    """Return how many bytes this container may use; infinity where that has no limit."""
    limits = [(cgroups / name).read_text() for name in _MEMORY if (cgroups / name).is_file()]
    return min((float(limit) for limit in limits if limit != "max\n"), default=math.inf)


def memory_left(cgroups: Path = _CGROUPS, meminfo: Path = _MEMINFO) -> float:
    """Return how many bytes this container has left; infinity where the system does not tell."""
    left = [math.inf]
    for names in _MEMORY_NAMES:
        limit, usage, statistics = (cgroups / name for name in names)
        if limit.is_file() and usage.is_file() and (text := limit.read_text()) != "max\n":
            used = float(usage.read_text()) - _unneeded(statistics)
            left.append(float(text) - used)
    if meminfo.is_file():
        left += [1024.0 * value for key, value in _numbers(meminfo) if key == "MemAvailable:"]
    return max(0.0, min(left))


def _unneeded(statistics: Path) -> float:
    """Return the bytes of files that the kernel would give up first."""
    if not statistics.is_file():
        return 0.0
    keys = ("inactive_file", "total_inactive_file")
    return max((value for key, value in _numbers(statistics) if key in keys), default=0.0)


def _numbers(file: Path) -> Iterator[tuple[str, float]]:
    for line in file.read_text().splitlines():
        key, value, *_unit = line.split()
        yield key, float(value)
