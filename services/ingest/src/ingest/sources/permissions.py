"""Files and folders without read permission, and the chmod command that grants it."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from shlex import quote

from stage_contract import ContractError

_WILDCARDS = frozenset("*?[")


def permission_error(root: Path, path: Path, *, mode: str) -> ContractError:
    """Return the error for a path that `chmod a+MODE` makes readable."""
    name = path.relative_to(root).as_posix()
    # compose.yaml passes the path of the folder on the host.
    host_path = PurePosixPath(os.environ.get("DATA") or "data", name)
    return ContractError(
        f"{root if path == root else name}: not readable for uid {os.getuid()};"
        f" on the host: chmod a+{mode} {quote(str(host_path))}"
    )


def require_open_folders(root: Path, source: str) -> None:
    """Raise a ContractError for the first folder of `source` without permission.

    A glob would skip the folder silently.
    """
    if not os.access(root, os.R_OK | os.X_OK):
        raise permission_error(root, root, mode="rx")
    parts = PurePosixPath(source).parts
    if PurePosixPath(source).is_absolute() or ".." in parts:
        return  # rejected later, as a setting
    for count, next_part in enumerate(parts[1:], 1):
        is_listed = not _WILDCARDS.isdisjoint(next_part)
        for folder in _folders(root, PurePosixPath(*parts[:count])):
            if not os.access(folder, os.X_OK | (os.R_OK if is_listed else 0)):
                raise permission_error(root, folder, mode="rx" if is_listed else "x")


def _folders(root: Path, pattern: PurePosixPath) -> Iterator[Path]:
    """Yield the folders that the first parts of a source match, literally or as a glob."""
    if (root / pattern).is_dir():
        yield root / pattern
    elif not _WILDCARDS.isdisjoint(str(pattern)):
        yield from (path for path in sorted(root.glob(str(pattern))) if path.is_dir())
