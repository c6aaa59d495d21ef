"""Plain files: pipes, devices and links on a volume are refused without waiting for them."""

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
    """Open a plain file for reading; never open or wait for anything else.

    Raises:
        ContractError: It is not a plain file.
        OSError: It can't be opened.
    """
    # Opening a device may already have an effect.
    _check_kind(path, path.lstat(), expected=expected)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        # The file may have been replaced since.
        _check_kind(path, os.fstat(descriptor), expected=expected)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_plain(path: Path, *, max_bytes: int, expected: str = f"a plain file, {_REMEDY}") -> bytes:
    """Return the content of a file of at most `max_bytes` bytes.

    Raises:
        ContractError: It is not a plain file, or it is larger.
        OSError: It can't be read.
    """
    with open_plain(path, expected=expected) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ContractError(f"{path}: has more than {max_bytes:,} bytes; {_REMEDY}")
    return content


def _check_kind(path: Path, status: os.stat_result, *, expected: str) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise ContractError(f"{path}: is {_KINDS.get(kind, 'no file')}; expected {expected}")
