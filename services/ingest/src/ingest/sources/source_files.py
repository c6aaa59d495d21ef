"""The source files: found below the data folder, hashed, and watched while they are read."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from stage_contract import LOGGER, ContractError, SettingsError, did_you_mean
from stage_contract.artifacts.digests import file_digest

from ingest.sources.file_matching import left_out, matches
from ingest.sources.permissions import refuse, require_open_folders

COARSEST_CLOCK_NS = 2_000_000_000
"""Two changes within one tick of a file system's clock have the same time; FAT has the longest."""

type State = tuple[int, int, int, int]
"""Inode, size, and times of the last change of content and of anything."""


@dataclass(frozen=True)
class SourceFile:
    """One file below the data folder, as it was when it was hashed."""

    root: Path
    name: str
    bytes: int
    state: State
    sha256: str
    is_settled: bool = True
    """Whether the last change was so long before the hash that a later one has another time."""

    @property
    def path(self) -> Path:
        return self.root / self.name

    def check_unchanged(self) -> None:
        """Raise a ContractError if the file is another one than when it was hashed."""
        try:
            is_same = _state(self.path.stat()) == self.state and (
                self.is_settled or file_digest(self.path) == self.sha256
            )
        except OSError:
            is_same = False
        if not is_same:
            raise _changed(self.name)


@dataclass(frozen=True)
class SourceFiles:
    """All files that one `source` setting names, sorted by name."""

    files: Sequence[SourceFile]
    forms: list[Mapping[str, object]] = field(default_factory=list)
    """How each file was read, once it was."""

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """(path below the data folder, sha256) of each file."""
        return [(file.name, file.sha256) for file in self.files]

    def verify(self) -> None:
        """Do nothing: the files were hashed a moment ago, `hold` sees later changes."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Raise at the end, or instead of any other error, if a file changed while it was read."""
        try:
            yield
        except Exception:
            # Readers fail in many ways on a file that changes; that it changed is the cause.
            self._check_unchanged()
            raise
        self._check_unchanged()

    def _check_unchanged(self) -> None:
        for file in self.files:
            file.check_unchanged()


def find_files(root: Path, source: str) -> SourceFiles:
    """Find and hash the files that a path or glob names; see `find_sources` for errors."""
    require_open_folders(root, source)
    paths = matches(root, source)
    _tell_left_out(root, source)
    if not paths:
        pattern = PurePosixPath(source)
        raise SettingsError(f"source = '{pattern}': {_why_nothing(root, str(pattern))}")
    return SourceFiles([_describe(root, path) for path in paths])


def _why_nothing(root: Path, pattern: str) -> str:
    path = root / pattern
    if path.is_symlink():
        return f"is a link to {path.readlink()}, which is not in the data folder; copy the file"
    if path == root:
        return "expected a file, a folder or a glob below the data folder"
    if path.is_dir():
        return "no file below this folder is called as data is; name its files, for example " + str(
            PurePosixPath(pattern, "*.csv")
        )
    known = [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]
    return f"no such file{did_you_mean(pattern, known) or '; the data folder is empty'}"


def _tell_left_out(root: Path, source: str) -> None:
    paths = left_out(root, source)
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            raise refuse(root, path, mode="rx")
    if paths:
        more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
        LOGGER.warning(
            "%s%s: not read, no file that is called as data is; name it with a glob if it is",
            paths[0].relative_to(root).as_posix(),
            more,
        )


def _describe(root: Path, path: Path) -> SourceFile:
    name = path.relative_to(root).as_posix()
    if "\n" in name or os.fsencode(name).decode(errors="replace") != name:
        raise ContractError(f"{name!r}: a line break or no UTF-8 in the name; rename the file")
    if not path.resolve().is_relative_to(root.resolve()):
        raise ContractError(
            f"{name}: is a link to {path.resolve()}, which leaves the data folder; copy the file"
        )
    try:
        status = path.stat()
        is_settled = time.time_ns() - status.st_ctime_ns > COARSEST_CLOCK_NS
        digest = file_digest(path)
    except PermissionError:
        raise refuse(root, path, mode="r") from None
    except FileNotFoundError:
        raise _changed(name) from None
    if status.st_size == 0:
        raise ContractError(f"{name}: the file is empty; expected a table with a header")
    return SourceFile(root, name, status.st_size, _state(status), digest, is_settled)


def _changed(name: str) -> ContractError:
    return ContractError(f"{name}: changed while it was read; run ingest again")


def _state(status: os.stat_result) -> State:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
