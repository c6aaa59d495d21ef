"""Memory limits, checked before the work, since the kernel kills without a message."""

import math
import os
from pathlib import Path, PurePath

from stage_contract.commands import make_command
from stage_contract.errors import SettingsError

_ROOT = Path("/")
_GB = 1e9


def require_memory(need: int, *, what: str, remedy: str | None = None, root: Path = _ROOT) -> None:
    """Check that this process can allocate `need` more bytes.

    `need` is the estimated peak of the work.

    Raises:
        SettingsError: It cannot; the message names a sufficient limit and the `remedy`.
    """
    limit = memory_limit(root)
    if math.isinf(limit):
        return
    total = need + resident_bytes(root)
    if total <= limit:
        return
    enough = math.ceil(total / _GB)
    raise SettingsError(
        f"{what} needs about {_shown(total)} of memory, and the limit here is {_shown(limit)};"
        f" raise it (STAGE_MEMORY={enough}g {make_command('up')}, docker run --memory {enough}g)"
        f"{f', or {remedy}' if remedy else ''}"
    )


def memory_limit(root: Path = _ROOT) -> float:
    """Return the memory limit in bytes: of the control groups, else of the machine.

    Infinity if the system does not report it.
    """
    limits = [int(text) for text in _limit_texts(root) if text != "max"]
    machine = root / "proc/meminfo"
    if machine.is_file():
        first = machine.read_text(encoding="ascii").partition("\n")[0]
        limits.append(int(first.split()[1]) * 1024)
    return min(limits, default=math.inf)


def resident_bytes(root: Path = _ROOT) -> int:
    """Return the resident memory of this process in bytes."""
    pages = int((root / "proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _limit_texts(root: Path) -> list[str]:
    """Return the limits of the control group and its parents, in version 2 or 1.

    A container sees its own group as the root, whatever the path is.
    """
    groups = root / "proc/self/cgroup"
    if not groups.is_file():
        return []
    files = []
    for line in groups.read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        folder = PurePath(path.lstrip("/"))
        if not controllers:
            base, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            base, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        files += [base / part / name for part in (folder, *folder.parents)]
    return [file.read_text(encoding="ascii").strip() for file in files if file.is_file()]


def _shown(count: float) -> str:
    return f"{count / _GB:.2f} GB" if count < 10 * _GB else f"{count / _GB:.0f} GB"
