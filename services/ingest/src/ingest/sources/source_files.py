"""Source files: found below the data folder, hashed, and checked for changes after reading."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from stage_contract import LOGGER, ContractError, SettingsError, did_you_mean
from stage_contract.artifacts.digests import file_digest

from ingest.sources.file_matching import matching_files, unread_files
from ingest.sources.permissions import permission_error, require_open_folders

MAX_CLOCK_TICK_NS = 2_000_000_000
"""Two changes within one clock tick of a file system have equal times; FAT has the longest tick."""

type State = tuple[int, int, int, int]
"""Inode, size, modification time and change time."""


@dataclass(frozen=True)
class SourceFile:
    """A hashed file below the data folder."""

    root: Path
    name: str
    bytes: int
    state: State
    sha256: str
    is_settled: bool = True
    """Whether a change after the hash must have another time."""

    @property
    def path(self) -> Path:
        return self.root / self.name

    def check_unchanged(self) -> None:
        """Raise a ContractError if the file changed since it was hashed."""
        try:
            is_same = _state(self.path.stat()) == self.state and (
                self.is_settled or file_digest(self.path) == self.sha256
            )
        except OSError:
            is_same = False
        if not is_same:
            raise _changed_error(self.name)


@dataclass(frozen=True)
class SourceFiles:
    """All files of a source, sorted by name."""

    files: Sequence[SourceFile]
    descriptors: list[Mapping[str, object]] = field(default_factory=list)
    """How each file was read, once it was read."""

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """(path below the data folder, sha256) of each file."""
        return [(file.name, file.sha256) for file in self.files]

    def verify(self) -> None:
        """Do nothing: the files were just hashed, and `hold` detects later changes."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Raise a ContractError if a file changed while it was read, instead of any other error."""
        try:
            yield
        except Exception:
            # A changed file makes readers fail in many ways; report the cause.
            self._check_unchanged()
            raise
        self._check_unchanged()

    def _check_unchanged(self) -> None:
        for file in self.files:
            file.check_unchanged()


def find_files(root: Path, source: str) -> SourceFiles:
    """Find and hash the files that a path or glob matches; see `find_source` for errors."""
    require_open_folders(root, source)
    paths = matching_files(root, source)
    _warn_unread(root, source)
    if not paths:
        pattern = PurePosixPath(source)
        raise SettingsError(f"source = '{pattern}': {_no_match_reason(root, str(pattern))}")
    return SourceFiles([_hash_file(root, path) for path in paths])


def _no_match_reason(root: Path, pattern: str) -> str:
    path = root / pattern
    if path.is_symlink():
        return f"is a link to {path.readlink()}, which is not in the data folder; copy the file"
    if path == root:
        return "expected a file, a folder or a glob below the data folder"
    if path.is_dir():
        return (
            "no file in this folder has a known data extension; name its files, for example "
            + str(PurePosixPath(pattern, "*.csv"))
        )
    known = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    return f"no such file{did_you_mean(pattern, known) or '; the data folder is empty'}"


def _warn_unread(root: Path, source: str) -> None:
    paths = unread_files(root, source)
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            raise permission_error(root, path, mode="rx")
    if paths:
        more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
        LOGGER.warning(
            "%s%s: not read, no known data extension; name it with a glob to read it",
            paths[0].relative_to(root).as_posix(),
            more,
        )


def _hash_file(root: Path, path: Path) -> SourceFile:
    name = path.relative_to(root).as_posix()
    if "\n" in name or os.fsencode(name).decode(errors="replace") != name:
        raise ContractError(f"{name!r}: a line break or no UTF-8 in the name; rename the file")
    if not path.resolve().is_relative_to(root.resolve()):
        raise ContractError(
            f"{name}: is a link to {path.resolve()}, which leaves the data folder; copy the file"
        )
    try:
        status = path.stat()
        is_settled = time.time_ns() - status.st_ctime_ns > MAX_CLOCK_TICK_NS
        digest = file_digest(path)
    except PermissionError:
        raise permission_error(root, path, mode="r") from None
    except FileNotFoundError:
        raise _changed_error(name) from None
    if status.st_size == 0:
        raise ContractError(f"{name}: the file is empty; expected a table with a header")
    return SourceFile(root, name, status.st_size, _state(status), digest, is_settled)


def _changed_error(name: str) -> ContractError:
    return ContractError(f"{name}: changed while it was read; run ingest again")


def _state(status: os.stat_result) -> State:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
