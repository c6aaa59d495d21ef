"""The folder: what stands in for a server, and what keeps track from writing to it."""

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
"""What SQLite says where its file can't be written."""

ARTIFACTS: Final = "artifacts"

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def check_writable(database: Path) -> None:
    """Raise an OutputError unless all of it can be written: MLflow itself tries for minutes."""
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
    """Return what in the folder could not be written, None if the trouble is elsewhere."""
    # Of two names, as of a copy, the second is what was written.
    for name in (error.filename2, error.filename):
        if name and Path(str(name)).is_relative_to(folder):
            return Path(str(name))
    # What copies a tree names its files in a text alone, and a full disk names none.
    is_unnamed = isinstance(error, shutil.Error) or error.filename is None
    return folder if is_unnamed and (str(folder) in str(error) or error.errno in _NO_ROOM) else None


def unwritable(folder: Path, place: Path, why: str) -> OutputError:
    """Return the error of a place in the folder; the command opens that one place."""
    there = (path for path in (place, *place.parents) if path.exists())
    closed = next(path for path in (*there, folder) if path.is_relative_to(folder))
    return OutputError(
        f"{place}: can't be written by uid {os.getuid()} ({why:.300}); on the host:"
        f" chmod a+rwX '{closed}', or free space there"
    )
