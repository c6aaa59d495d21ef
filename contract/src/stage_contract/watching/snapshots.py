"""What a resident stage looks at: its input and its own settings, cheaply first, then by digest."""

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
"""Names the files that a stage reads: (input folder, the stage's table as it stands in the TOML).

Raises a StageError, an OSError or a ValueError where the run would end with one, too.
"""

type RefreshInterval = Callable[[Mapping[str, Any]], float | None]
"""Says after how many seconds a run is due though nothing was seen to change, None for never.

It gets the stage's table as it stands in the TOML, and raises as a `ListSources` does.
"""

type FileStatus = tuple[str, int, int, int, int] | tuple[str, None]
"""Path, inode, size, and times of the last change of content and of anything; None: no file."""

_READ_ERRORS = (StageError, OSError, ValueError)
"""What the run will meet as well; it is the one to tell it."""


@dataclass(frozen=True)
class Snapshot:
    """What was seen at a glance; an equal one means that nothing has changed."""

    files: Sequence[FileStatus | str]
    """Of what may be caught half-written: the pipeline file, source files; or why not."""

    pointer: str | None = None
    """What LATEST says; it is replaced by rename, so that it is never half-written."""

    is_missing: bool = False
    """Nothing was published yet where the stage reads."""


@dataclass
class ChangeDetector:
    """Looks at the input folder and the pipeline file of one stage."""

    stage: str
    folder: Path
    config: Path
    sources: ListSources | None = None
    """None for a stage that reads an artifact."""
    refresh: RefreshInterval | None = None
    """None for a stage whose input does not change unseen."""

    _known: tuple[FileStatus, Mapping[str, Any]] | None = field(default=None, init=False)
    """The table as of these facts of the pipeline file: reading it anew takes 0.4 ms."""

    def snapshot(self) -> Snapshot:
        """Look at names, sizes, times and the pointer; reads no data."""
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
        """Return after how long what can't be looked at is asked again, None for never."""
        if self.refresh is None:
            return None
        try:
            return self.refresh(self._table())
        except _READ_ERRORS:
            # The run ends with it and tells it; a change of the pipeline file is what mends it.
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
    """Return what changes at once with whatever happens to a file."""
    try:
        status = path.stat()
    except OSError:
        return str(path), None
    return str(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _error_text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
