"""The source files: found below the data folder, hashed, and watched while they are read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from stage_contract import ContractError, SettingsError, did_you_mean
from stage_contract.digests import file_digest

from ingest.settings import Settings


@dataclass(frozen=True)
class SourceFile:
    """One file below the data folder, as it was when it was hashed."""

    root: Path
    name: str
    bytes: int
    modified_ns: int
    sha256: str

    @property
    def path(self) -> Path:
        return self.root / self.name


@dataclass(frozen=True)
class SourceFiles:
    """All files that one `source` setting names, sorted by name."""

    files: Sequence[SourceFile]

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """(path below the data folder, sha256) of each file."""
        return [(file.name, file.sha256) for file in self.files]

    def verify(self) -> None:
        """Do nothing: the files were hashed a moment ago, `hold` sees later changes."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Raise at the end if a file changed while it was being read."""
        yield
        for file in self.files:
            now = file.path.stat()
            if (now.st_size, now.st_mtime_ns) != (file.bytes, file.modified_ns):
                raise ContractError(f"{file.name}: changed while it was read; run ingest again")


def find_sources(root: Path, settings: Settings) -> SourceFiles:
    """Find and hash the files that `source` names.

    Raises:
        SettingsError: `source` names no file, or leaves the data folder.
        ContractError: a file can't be read.
    """
    pattern = PurePosixPath(settings.source)
    if pattern.is_absolute() or ".." in pattern.parts:
        raise SettingsError(f"source = '{pattern}': expected a path below the data folder")
    paths = sorted(path for path in root.glob(str(pattern)) if path.is_file())
    if not paths:
        known = sorted(path.name for path in root.glob("*") if path.is_file())
        hint = did_you_mean(str(pattern), known) if known else "; the data folder is empty"
        raise SettingsError(f"source = '{pattern}': no such file in the data folder{hint}")
    return SourceFiles([_describe(root, path) for path in paths])


def origin_of_sources(source: SourceFiles) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return `inputs` and `lineage`: both are the source files, where every lineage starts."""
    files = [
        {"source": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in source.files
    ]
    return files, files


def _describe(root: Path, path: Path) -> SourceFile:
    name = path.relative_to(root).as_posix()
    try:
        status = path.stat()
        digest = file_digest(path)
    except PermissionError:
        raise ContractError(
            f"{name}: not readable for uid 10001; on the host: chmod a+r data/{name}"
        ) from None
    if status.st_size == 0:
        raise ContractError(f"{name}: the file is empty; expected a table with a header")
    return SourceFile(root, name, status.st_size, status.st_mtime_ns, digest)
