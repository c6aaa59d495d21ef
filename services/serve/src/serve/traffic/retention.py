"""Retention: how much traffic is kept, and for how long."""

import time
from contextlib import suppress
from pathlib import Path

FOLDER_BYTES = 512 * 1024 * 1024
"""Maximum size of all files of the folder; the oldest ones are removed."""
FOLDER_SECONDS = 30 * 24 * 3600
"""Maximum time since the last line of a file; older files are removed."""


def remove_old_files(folder: Path) -> None:
    """Remove files that are too old, and the oldest ones of too many.

    Raises:
        OSError: The folder can't be read, or a file can't be removed.
    """
    files = []
    for path in folder.glob("*.jsonl"):
        with suppress(FileNotFoundError):  # Another worker may remove it at the same time.
            status = path.stat()
            files.append((status.st_mtime, status.st_size, path))
    kept_bytes, oldest = 0, time.time() - FOLDER_SECONDS
    for modified, size, path in sorted(files, reverse=True):
        kept_bytes += size
        if modified < oldest or kept_bytes > FOLDER_BYTES:
            path.unlink(missing_ok=True)
