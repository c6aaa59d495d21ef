"""Remote sources, and what an earlier run read from them."""

import json
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage_contract import LOGGER, Artifact, ContractError, open_artifact
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.run_facts import read_run
from stage_contract.artifacts.volumes import output_volume

from ingest.settings import Settings

_IDENTITY = ("source", "query", "table", "version", "columns", "skip_columns")
"""Settings that identify the data."""


@dataclass(frozen=True)
class SourceDigest:
    """Size and digest of what was read from a source."""

    bytes: int
    sha256: str
    """Digest of the download; for a database, digest of the published table/."""


@dataclass(frozen=True)
class PreviousRead:
    """What an earlier run read from the same source."""

    digest: SourceDigest
    etag: str | None


@dataclass
class RemoteSource:
    """A source on a server; its digest is known if it is declared, or was read before."""

    name: str
    sha256: str | None = None
    version: str | None = None
    digest: SourceDigest | None = None
    descriptors: list[Mapping[str, object]] = field(default_factory=list)
    """How the table was read, once it was read."""

    @property
    def inputs(self) -> list[tuple[str, str]] | None:
        """(address, sha256), or None before the source is read."""
        sha256 = self.digest.sha256 if self.digest else self.sha256
        return [(self.name, sha256)] if sha256 else None

    @property
    def entry(self) -> dict[str, Any]:
        """Manifest entry of this source, as far as it is known."""
        digest = {"bytes": self.digest.bytes} if self.digest else {}
        inputs = self.inputs
        sha256 = {"sha256": inputs[0][1]} if inputs else {}
        descriptor = self.descriptors[0] if self.descriptors else {}
        return {"source": self.name, **digest, **sha256, **descriptor}

    def record_read(self, digest: SourceDigest) -> None:
        """Record what this run read."""
        if self.version and self.sha256 and digest.sha256 != self.sha256:
            LOGGER.warning(
                "%s: content differs from that of version '%s' read before;"
                " set another version when it changes",
                self.name,
                self.version,
            )
        self.digest = digest

    def verify(self) -> None:
        """Do nothing: nothing was read yet."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Do nothing: queries and downloads detect changes themselves."""
        yield


def find_remote(settings: Settings) -> RemoteSource:
    """Describe a remote source without reading it.

    Raises:
        SourceError: The server cannot be reached to check for a change.
    """
    if settings.sha256:
        return RemoteSource(settings.source, settings.sha256)
    previous = previous_read(output_volume(), settings)
    is_same = previous is not None and (
        settings.version is not None or _is_unchanged(previous, settings)
    )
    sha256 = previous.digest.sha256 if previous and is_same else None
    return RemoteSource(settings.source, sha256, settings.version)


def _is_unchanged(previous: PreviousRead, settings: Settings) -> bool:
    if previous.etag is None:
        return False
    # Imported only here, because the HTTP library loads slowly.
    return bool(
        pkgutil.resolve_name("ingest.connectors.downloads:is_unchanged")(settings, previous.etag)
    )


def previous_read(volume: Path, settings: Settings) -> PreviousRead | None:
    """Return what the newest artifact of the same source, query and version was made from."""
    current = settings.model_dump(mode="json")
    for path in newest_first(volume):
        try:
            artifact = open_artifact(path)
        except ContractError:
            continue
        if (previous := _match_artifact(artifact, current)) is not None:
            return previous
    return None


def _match_artifact(artifact: Artifact, current: dict[str, Any]) -> PreviousRead | None:
    """Return what the artifact was made from, if its settings read the same as `current`."""
    settings = json.loads(artifact.manifest.get("settings", "{}"))
    if any(settings.get(key) != current[key] for key in _IDENTITY):
        return None
    try:
        (entry,) = artifact.manifest["inputs"]
        digest = SourceDigest(int(entry["bytes"]), str(entry["sha256"]))
    except (KeyError, ValueError):
        # An artifact that another ingest image published.
        return None
    etag = read_run(artifact.path).get("etag")
    return PreviousRead(digest, etag if isinstance(etag, str) else None)
