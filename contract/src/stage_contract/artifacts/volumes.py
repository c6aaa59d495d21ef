"""A volume: its lock, its pointer, and drafts of what is written to it."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stage_contract.artifacts.plain_files import read_plain
from stage_contract.artifacts.reading import LATEST, PINNED, is_id, read_pointer
from stage_contract.artifacts.verdicts import REFUSED, refusal
from stage_contract.errors import ContractError

DRAFT = ".draft-"
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
_MOST_POINTER_BYTES = 1024


def output_volume() -> Path:
    """Return the folder that this stage writes to: /data/out, or what STAGE_OUT says."""
    return Path(os.environ.get("STAGE_OUT", "/data/out")).absolute()


@contextmanager
def locked(volume: Path) -> Iterator[None]:
    """Keep other writers of this volume out for a moment."""
    descriptor = os.open(volume, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_latest(volume: Path, artifact_id: str) -> bool:
    """Return whether LATEST names this artifact; a LATEST that can't be read names none."""
    with suppress(ContractError):
        return read_pointer(volume) == artifact_id
    return False


def point_to(volume: Path, artifact_id: str) -> bool:
    """Make an artifact the latest; return whether the pointer moved.

    A pinned volume stays, and nothing that is refused becomes the latest.
    """
    if (volume / PINNED).exists() or is_latest(volume, artifact_id):
        return False
    if refusal(volume / artifact_id):
        return False
    write_pointer(volume / LATEST, artifact_id)
    return True


def pin(volume: Path, artifact_id: str) -> None:
    """Let LATEST and PINNED name an artifact; call it while the volume is locked."""
    try:
        write_pointer(volume / PINNED, artifact_id)
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        # Another name for the same file needs no space; then both change at once.
        os.link(volume / LATEST, volume / PINNED)
        write_pointer(volume / PINNED, artifact_id)
    write_pointer(volume / LATEST, artifact_id)


def write_pointer(path: Path, artifact_id: str) -> None:
    """Let a pointer name an artifact: by rename, or in place where the volume has no space left."""
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
    """Let REFUSED name what a run made or found if that is refused, else nothing; return why."""
    reason = "" if is_latest(volume, artifact_id) else refusal(volume / artifact_id)
    if not reason:
        (volume / REFUSED).unlink(missing_ok=True)
    elif read_refused(volume) != artifact_id:
        write_text(volume / REFUSED, f"{artifact_id}\n")
    return reason


def read_refused(volume: Path) -> str | None:
    """Return the id of what the last run made or found, if that is refused and not the latest."""
    try:
        content = read_plain(volume / REFUSED, most=_MOST_POINTER_BYTES)
    except (OSError, ContractError):
        return None
    found = content.decode(errors="replace").strip()
    return found if is_id(found) and not is_latest(volume, found) else None


def remove_dead_drafts(volume: Path) -> None:
    """Remove what runs left that are no longer alive: nobody holds its lock.

    Call it while the volume is locked, or a draft that has no lock yet is taken for dead.
    """
    for path in volume.glob(f"{DRAFT}*"):
        with suppress(FileNotFoundError), try_lock(path) as is_free:
            if is_free and path.is_dir(follow_symlinks=False):
                shutil.rmtree(path, ignore_errors=True)
            elif is_free:
                path.unlink(missing_ok=True)


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Yield whether nobody else holds the lock of a file or folder; if so, hold it."""
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
    """Write a file so that a reader sees the old text or the new one, and it survives a crash."""
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
    """Make a file's bytes, or a folder's names, survive a crash."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
