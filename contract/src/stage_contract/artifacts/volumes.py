"""A volume: its lock, its pointers and its drafts."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stage_contract.artifacts.manifests import LATEST
from stage_contract.artifacts.plain_files import read_plain
from stage_contract.artifacts.reading import PINNED, is_id, read_pointer
from stage_contract.artifacts.verdicts import REFUSED, refusal
from stage_contract.errors import ContractError

DRAFT = ".draft-"
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_MAX_POINTER_BYTES = 1024


def output_volume() -> Path:
    """Return the folder that this stage writes to: STAGE_OUT, or /data/out."""
    return Path(os.environ.get("STAGE_OUT", "/data/out")).absolute()


@contextmanager
def locked(volume: Path) -> Iterator[None]:
    """Hold the exclusive lock of this volume."""
    descriptor = os.open(volume, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_latest(volume: Path, artifact_id: str) -> bool:
    """Return whether LATEST names this artifact; an unreadable LATEST names none."""
    with suppress(ContractError):
        return read_pointer(volume) == artifact_id
    return False


def point_to(volume: Path, artifact_id: str) -> bool:
    """Make an artifact the latest; return whether the pointer moved.

    The pointer of a pinned volume does not move, and a refused artifact never becomes the latest.
    """
    if (volume / PINNED).exists() or is_latest(volume, artifact_id):
        return False
    if refusal(volume / artifact_id):
        return False
    write_pointer(volume / LATEST, artifact_id)
    return True


def pin(volume: Path, artifact_id: str) -> None:
    """Write LATEST and PINNED; call it while the volume is locked."""
    try:
        write_pointer(volume / PINNED, artifact_id)
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        # A hard link needs no space; then both pointers change at once.
        os.link(volume / LATEST, volume / PINNED)
        write_pointer(volume / PINNED, artifact_id)
    write_pointer(volume / LATEST, artifact_id)


def write_pointer(path: Path, artifact_id: str) -> None:
    """Write a pointer by rename, or in place if the volume has no space left."""
    text = f"{artifact_id}\n"
    try:
        write_text(path, text)
    except OSError as error:
        if error.errno not in _NO_SPACE or not path.exists():
            raise
        with path.open("r+", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


def note_refusal(volume: Path, artifact_id: str) -> str:
    """Write REFUSED if this artifact is refused, else remove it; return the reason."""
    reason = "" if is_latest(volume, artifact_id) else refusal(volume / artifact_id)
    if not reason:
        (volume / REFUSED).unlink(missing_ok=True)
    elif read_refused(volume) != artifact_id:
        write_text(volume / REFUSED, f"{artifact_id}\n")
    return reason


def read_refused(volume: Path) -> str | None:
    """Return the id in REFUSED, unless that artifact is the latest."""
    try:
        content = read_plain(volume / REFUSED, max_bytes=_MAX_POINTER_BYTES)
    except (OSError, ContractError):
        return None
    found = content.decode(errors="replace").strip()
    return found if is_id(found) and not is_latest(volume, found) else None


def remove_dead_drafts(volume: Path) -> None:
    """Remove drafts of dead processes, whose locks are free.

    Call it while the volume is locked: a new draft has no lock for a moment.
    """
    for path in volume.glob(f"{DRAFT}*"):
        with suppress(FileNotFoundError), try_lock(path) as is_free:
            if is_free and path.is_dir(follow_symlinks=False):
                shutil.rmtree(path, ignore_errors=True)
            elif is_free:
                path.unlink(missing_ok=True)


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Try to lock a file or folder without waiting; yield whether it succeeded."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically and durably."""
    draft = path.with_name(f"{DRAFT}{path.name}-{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)


def sync(path: Path) -> None:
    """Flush a file or a folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
