"""Disk use of each stage's volume, and the space that pruning frees."""

import os
from collections.abc import Iterable
from pathlib import Path

from stage_contract.artifacts.publishing import prunable

from history.volumes import Volume

UNIT_FACTOR = 1000
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def describe_disk_use(chain: list[Volume]) -> str:
    """Return one line: the bytes and the number of artifacts on each volume."""
    volumes = [volume for volume in chain if volume.path.is_dir()]
    parts = [
        f"{volume.kind} {format_bytes(disk_bytes([volume.path]))}"
        f" ({len(volume.newest_first())} kept)"
        for volume in volumes
    ]
    return f"disk: {', '.join(parts)}" if parts else "disk: no volume yet"


def describe_pruning(chain: list[Volume], *, keep: int) -> list[str]:
    """Return a line for each volume with artifacts to prune."""
    lines = []
    for volume in chain:
        paths = prunable(volume.path, keep=keep) if volume.path.is_dir() else []
        if paths:
            names = ", ".join(path.name for path in paths)
            lines.append(f"{volume.kind}: {format_bytes(disk_bytes(paths))} in {names}")
    return lines


def disk_bytes(paths: Iterable[Path]) -> int:
    """Return the bytes on disk of folders and their contents."""
    total = 0
    for root in paths:
        for folder, _, names in os.walk(root):
            for name in names:
                try:
                    total += os.lstat(Path(folder, name)).st_blocks * 512
                except FileNotFoundError:
                    # A concurrent run removed it.
                    continue
    return total


def format_bytes(size: float) -> str:
    """Return a size with its unit, such as `12.3 MB`."""
    for unit in UNITS[:-1]:
        if size < UNIT_FACTOR:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= UNIT_FACTOR
    return f"{size:.1f} {UNITS[-1]}"
