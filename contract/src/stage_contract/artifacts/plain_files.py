"""Plain files: a volume may hold a pipe, a device or a link in place of one; none is waited for."""

import os
import stat
from io import BufferedReader
from pathlib import Path

from stage_contract.errors import ContractError

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_REMEDY = "run the stage that writes it again"


def open_plain(path: Path, *, expected: str = f"a plain file, {_REMEDY}") -> BufferedReader:
    """Open a file for reading; what is none is neither opened nor waited for.

    Raises:
        ContractError: it is something else.
        OSError: it can't be opened.
    """
    # A device is not even opened: that alone may have an effect.
    _check_kind(path, path.lstat(), expected=expected)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # By now it may be another one.
        _check_kind(path, os.fstat(descriptor), expected=expected)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_plain(path: Path, *, most: int, expected: str = f"a plain file, {_REMEDY}") -> bytes:
    """Return what a file holds, which is at most so many bytes.

    Raises:
        ContractError: it is no plain file, or longer.
        OSError: it can't be read.
    """
    with open_plain(path, expected=expected) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ContractError(f"{path}: has more than {most:,} bytes; {_REMEDY}")
    return content


def _check_kind(path: Path, status: os.stat_result, *, expected: str) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise ContractError(f"{path}: is {_KINDS.get(kind, 'no file')}; expected {expected}")
