"""A source elsewhere: what is known of it before it is read, and after."""

import json
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stage_contract import LOGGER, Artifact, ContractError, open_artifact
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.volumes import output_volume

from ingest.settings import Settings

_SAME = ("source", "query", "table", "version")
"""Settings that name one thing to be read."""


@dataclass(frozen=True)
class Facts:
    """What a source held when it was read."""

    bytes: int
    sha256: str
    """Of a download its own; of a database that of the table as published: `content` of table/."""


@dataclass(frozen=True)
class Memory:
    """What an earlier run has read from the very source."""

    facts: Facts
    etag: str | None


@dataclass
class RemoteSource:
    """A server's source: its digest is known if it is declared or was read before."""

    name: str
    sha256: str | None = None
    version: str | None = None
    facts: Facts | None = None
    forms: list[Mapping[str, object]] = field(default_factory=list)
    """How the one table was read, once it was."""

    @property
    def inputs(self) -> list[tuple[str, str]] | None:
        """(address, sha256), or None while that is known only by reading."""
        sha256 = self.facts.sha256 if self.facts else self.sha256
        return [(self.name, sha256)] if sha256 else None

    @property
    def entry(self) -> dict[str, Any]:
        """What the manifest says of this source, as far as it is known."""
        facts = {"bytes": self.facts.bytes} if self.facts else {}
        inputs = self.inputs
        sha256 = {"sha256": inputs[0][1]} if inputs else {}
        form = self.forms[0] if self.forms else {}
        return {"source": self.name, **facts, **sha256, **form}

    def was_read(self, facts: Facts) -> None:
        """Take note of what was read in this run."""
        if self.version and self.sha256 and facts.sha256 != self.sha256:
            LOGGER.warning(
                "%s: holds something else than when version '%s' was read before;"
                " set another version when it changes",
                self.name,
                self.version,
            )
        self.facts = facts

    def verify(self) -> None:
        """Do nothing: there is nothing yet."""

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Do nothing: a query notices itself that it is torn, and a download that has a length."""
        yield


def find_remote(settings: Settings) -> RemoteSource:
    """Tell what is known of a server's source without reading it.

    Raises:
        SourceError: it has to be asked, and can't be reached.
    """
    if settings.sha256:
        return RemoteSource(settings.source, settings.sha256)
    before = remembered(output_volume(), settings)
    is_same = before is not None and (
        settings.version is not None or _is_unchanged(before, settings)
    )
    sha256 = before.facts.sha256 if before and is_same else None
    return RemoteSource(settings.source, sha256, settings.version)


def _is_unchanged(before: Memory, settings: Settings) -> bool:
    if before.etag is None:
        return False
    # Loads an HTTP library, which takes its time, so that it is loaded where it has to ask.
    return bool(
        pkgutil.resolve_name("ingest.connectors.downloads:is_unchanged")(settings, before.etag)
    )


def remembered(volume: Path, settings: Settings) -> Memory | None:
    """Return what the newest artifact of the same source, query and version was made from."""
    wanted = settings.model_dump(mode="json")
    for path in newest_first(volume):
        try:
            artifact = open_artifact(path)
        except ContractError:
            continue
        if (memory := _memory(artifact, wanted)) is not None:
            return memory
    return None


def _memory(artifact: Artifact, wanted: dict[str, Any]) -> Memory | None:
    settings = json.loads(artifact.manifest.get("settings", "{}"))
    if any(settings.get(key) != wanted[key] for key in _SAME):
        return None
    try:
        (entry,) = artifact.manifest["inputs"]
        facts = Facts(int(entry["bytes"]), str(entry["sha256"]))
    except (KeyError, ValueError):
        # Of another stage's image, which may publish here, too.
        return None
    return Memory(facts, _etag(artifact.path / "run.json"))


def _etag(run: Path) -> str | None:
    try:
        etag = json.loads(run.read_bytes()).get("etag")
    except FileNotFoundError:
        return None
    return etag if isinstance(etag, str) else None
