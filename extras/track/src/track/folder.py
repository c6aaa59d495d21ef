"""A folder in place of a server, with checks that it is writable."""

import errno
import os
import shutil
from pathlib import Path
from typing import Final

from stage_contract import OutputError

UNWRITABLE: Final = (
    "readonly database",
    "unable to open database file",
    "database or disk is full",
    "disk I/O error",
)
"""SQLite's error texts for a file that can't be written."""

ARTIFACTS: Final = "artifacts"

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def check_writable(database: Path) -> None:
    """Raise an OutputError unless everything is writable: MLflow would retry for minutes."""
    folder = database.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{folder}: no folder that uid {os.getuid()} may write to;"
            f" on the host: mkdir -p and chmod a+rwx '{folder}'"
        )
    for path in (database, folder / ARTIFACTS):
        if path.exists() and not os.access(path, os.W_OK):
            raise unwritable(folder, path, os.strerror(errno.EACCES))


def place_below(folder: Path, error: OSError) -> Path | None:
    """Return the path in the folder that could not be written; None if the error is elsewhere."""
    # If there are two paths, as in a copy, the second is the target.
    for name in (error.filename2, error.filename):
        if name and Path(str(name)).is_relative_to(folder):
            return Path(str(name))
    # An error of copying a tree names its files in the text only, and a full disk names none.
    is_unnamed = isinstance(error, shutil.Error) or error.filename is None
    return folder if is_unnamed and (str(folder) in str(error) or error.errno in _NO_ROOM) else None


def unwritable(folder: Path, place: Path, why: str) -> OutputError:
    """Return the error for a path that is not writable, with the command that grants it."""
    there = (path for path in (place, *place.parents) if path.exists())
    closed = next(path for path in (*there, folder) if path.is_relative_to(folder))
    return OutputError(
        f"{place}: can't be written by uid {os.getuid()} ({why:.300}); on the host:"
        f" chmod a+rwX '{closed}', or free space there"
    )
