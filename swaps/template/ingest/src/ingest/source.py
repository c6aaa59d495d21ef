"""The source file: found below the data folder, and hashed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stage_contract import ContractError, SettingsError, did_you_mean
from stage_contract.artifacts.digests import file_digest

from ingest.settings import Settings


@dataclass(frozen=True)
class Source:
    """One file, as it was when it was hashed."""

    path: Path
    name: str
    bytes: int
    sha256: str

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """(path below the data folder, sha256)."""
        return [(self.name, self.sha256)]

    def verify(self) -> None:
        """Do nothing: the file was hashed a moment ago."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Raise at the end if the file changed while it was read."""
        yield
        if file_digest(self.path) != self.sha256:
            raise ContractError(f"{self.name}: changed while it was read; run ingest again")


def find_source(root: Path, settings: Settings) -> Source:
    """Find and hash the file that `source` names.

    Raises:
        SettingsError: There is none.
    """
    path = root / settings.source
    if not path.resolve().is_relative_to(root.resolve()) or not path.is_file():
        known = [each.relative_to(root).as_posix() for each in root.rglob("*") if each.is_file()]
        hint = did_you_mean(settings.source, known)
        raise SettingsError(f"source = '{settings.source}': no such file{hint}")
    return Source(path, settings.source, path.stat().st_size, file_digest(path))


def origin_of_source(source: Source) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the manifest's `inputs` and `lineage`, which starts here."""
    file = {"source": source.name, "bytes": source.bytes, "sha256": source.sha256}
    return [file], [file]
