"""Failures of a run: one line in the log, and FAILED.json on the volume."""

import errno
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from stage_contract.artifacts.publishing import write_json
from stage_contract.artifacts.volumes import locked
from stage_contract.commands import make_command
from stage_contract.errors import ContractError, OutputError, StageError
from stage_contract.log import LOGGER

FAILED = "FAILED.json"

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_ROOM = _FULL | {errno.EFBIG, errno.EROFS}
_MB = 1_000_000
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


def check_writable(volume: Path) -> None:
    """Raise an OutputError unless this process may write to its output volume."""
    if not os.access(volume, os.R_OK | os.W_OK | os.X_OK):
        raise OutputError(
            f"{volume}: not writable for uid {os.getuid()}; the image must create it:"
            f" RUN install -d -o 10001 -g 10001 {volume}"
        )


def as_stage_error(error: Exception, volume: Path, *, kind: str = "") -> StageError | None:
    """Return an error that the user can fix, or None for a bug.

    `kind` is what the volume holds, by which users on the host know it.
    """
    if isinstance(error, StageError):
        return error
    if not isinstance(error, OSError):
        return None
    place = Path(str(error.filename)) if error.filename else volume
    if kind and error.errno in _FULL and place.is_relative_to(volume):
        return _full(error, volume, kind=kind)
    if error.errno in _NO_ROOM or (error.errno in _FORBIDDEN and place.is_relative_to(volume)):
        return OutputError(
            f"{place}: cannot be written ({os.strerror(error.errno)}); free space or fix its owner"
        )
    if error.errno in _FORBIDDEN:
        return ContractError(
            f"{place}: not readable for uid {os.getuid()}; on the host:"
            " chmod a+r on this file alone, a+x on the folders that lead to it"
        )
    return None


def _full(error: OSError, volume: Path, *, kind: str) -> OutputError:
    # The draft is removed by now, so this is the space that it had.
    free = shutil.disk_usage(volume).free / _MB
    return OutputError(
        f"the volume {kind} cannot be written ({os.strerror(error.errno or 0)}), {free:,.1f} MB are"
        f" free and this run needs more; free space: {make_command('prune')} removes old artifacts,"
        " docker system df shows what else takes it"
    )


def record_failure(volume: Path, stage: str, error: Exception) -> None:
    """Write FAILED.json; on a full or read-only volume, log a warning instead."""
    cause, _, hint = one_line(error).partition("; ")
    failure = {
        "stage": stage,
        "exit_code": error.exit_code if isinstance(error, StageError) else 1,
        "cause": cause or type(error).__name__,
        "hint": hint,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        with locked(volume):
            write_json(volume / FAILED, failure)
    except OSError as unwritable:
        LOGGER.warning("%s could not be written: %s", FAILED, unwritable)


def forget_failure(volume: Path) -> None:
    """Remove FAILED.json after a success."""
    (volume / FAILED).unlink(missing_ok=True)


def one_line(error: Exception) -> str:
    """Return the message of an error on one line."""
    return " ".join(str(error).split("\n"))
