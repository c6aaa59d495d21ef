"""Change detection: snapshots of input and settings, by file status first, then by digest."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage_contract.artifacts.digests import file_digest
from stage_contract.artifacts.manifests import read_manifest
from stage_contract.artifacts.reading import read_pointer
from stage_contract.errors import StageError
from stage_contract.stages.pipelines import read_pipeline

type ListSources = Callable[[Path, Mapping[str, Any]], Sequence[Path]]
"""Returns the files that a stage reads, from the input folder and the stage's table of the TOML.

May raise a StageError, an OSError or a ValueError; the run raises it, too.
"""

type RefreshInterval = Callable[[Mapping[str, Any]], float | None]
"""Returns the seconds between two runs without a visible change; None for never.

Its argument is the stage's table of the TOML; it raises the same errors as `ListSources`.
"""

type FileStatus = tuple[str, int, int, int, int] | tuple[str, None]
"""Path, inode, size, and times of the last change of content and of anything; None: no file."""

_READ_ERRORS = (StageError, OSError, ValueError)
"""Errors that the run will also hit; the run reports them."""


@dataclass(frozen=True)
class Snapshot:
    """State of input and settings; equal snapshots mean that nothing has changed."""

    files: Sequence[FileStatus | str]
    """Status of files that may be incomplete (pipeline file, sources), or an error text."""

    pointer: str | None = None
    """Content of LATEST; it is replaced atomically."""

    is_missing: bool = False
    """Whether the input volume is still empty."""


@dataclass
class ChangeDetector:
    """Detects changes of the input folder and the pipeline file of one stage."""

    stage: str
    folder: Path
    config: Path
    sources: ListSources | None = None
    """None for a stage that reads an artifact."""
    refresh: RefreshInterval | None = None
    """None for a stage whose changes are always visible."""

    _known: tuple[FileStatus, Mapping[str, Any]] | None = field(default=None, init=False)
    """The table at this status of the pipeline file: reading it again takes 0.4 ms."""

    def snapshot(self) -> Snapshot:
        """Return names, sizes, times and the pointer; reads no data."""
        config = file_status(self.config)
        if self.sources is None:
            try:
                pointer = read_pointer(self.folder)
            except _READ_ERRORS as error:
                pointer = _error_text(error)
            return Snapshot((config,), pointer, is_missing=pointer is None)
        try:
            if self._known is None or self._known[0] != config:
                self._known = config, self._table()
            files = self.sources(self.folder, self._known[1])
        except _READ_ERRORS as error:
            return Snapshot((config, _error_text(error)))
        return Snapshot((config, *map(file_status, files)))

    def digest(self) -> str:
        """Return a digest of the input's content and of the stage's own settings."""
        try:
            settings = json.dumps(self._table(), sort_keys=True, default=repr)
        except _READ_ERRORS as error:
            settings = _error_text(error)
        try:
            contents = self._contents()
        except _READ_ERRORS as error:
            contents = [_error_text(error)]
        # A file's name need not be UTF-8.
        text = "\n".join([settings, *contents]).encode(errors="backslashreplace")
        return hashlib.sha256(text).hexdigest()

    def refresh_seconds(self) -> float | None:
        """Return the seconds between two runs without a visible change; None for never."""
        if self.refresh is None:
            return None
        try:
            return self.refresh(self._table())
        except _READ_ERRORS:
            # The run reports this error; a change of the pipeline file fixes it.
            return None

    def _table(self) -> Mapping[str, Any]:
        return read_pipeline(self.config).tables.get(self.stage, {})

    def _contents(self) -> list[str]:
        if self.sources is not None:
            files = self.sources(self.folder, self._table())
            return [f"{file_digest(path)}  {path}" for path in files]
        manifest = read_manifest(self.folder / (read_pointer(self.folder) or ""))
        return [f"{manifest['content']}  {manifest['kind']}"]


def file_status(path: Path) -> FileStatus:
    """Return a status that differs after any change of a file."""
    try:
        status = path.stat()
    except OSError:
        return str(path), None
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _error_text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
