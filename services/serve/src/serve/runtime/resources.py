"""The container's share of the machine: processors by quota and affinity, and memory."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_V2 = "cpu.max"
_V1_QUOTA, _V1_PERIOD = "cpu.cfs_quota_us", "cpu.cfs_period_us"
_MEMORY = ("memory.max", "memory/memory.limit_in_bytes")
"""Paths in control groups version 2 and version 1."""
_MEMORY_NAMES = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)
"""Files with limit, usage and statistics."""
_MEMINFO = Path("/proc/meminfo")


def cpu_share(cgroups: Path = _CGROUPS) -> float:
    """Return the number of processors that this process may use, which may be fractional.

    `--cpus` and `cpus:` set a quota of the control group (v2: cpu.max, v1: cpu.cfs_quota_us);
    `--cpuset-cpus` and taskset set the affinity.
    """
    bound_to = len(os.sched_getaffinity(0))
    quota = _quota(cgroups)
    return float(bound_to) if quota is None else min(quota, float(bound_to))


def _quota(cgroups: Path) -> float | None:
    """Return the quota; None without one."""
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
    """Return the memory limit of this container in bytes; infinity without one."""
    limits = [(cgroups / name).read_text() for name in _MEMORY if (cgroups / name).is_file()]
    return min((float(limit) for limit in limits if limit != "max\n"), default=math.inf)


def memory_left(cgroups: Path = _CGROUPS, meminfo: Path = _MEMINFO) -> float:
    """Return the free memory of this container in bytes; infinity if it is unknown."""
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
    """Return the bytes of file pages that the kernel would free first."""
    if not statistics.is_file():
        return 0.0
    keys = ("inactive_file", "total_inactive_file")
    return max((value for key, value in _numbers(statistics) if key in keys), default=0.0)


def _numbers(file: Path) -> Iterator[tuple[str, float]]:
    for line in file.read_text().splitlines():
        key, value, *_unit = line.split()
        yield key, float(value)
