"""The four volumes of a pipeline, mounted below one folder."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stage_contract import Artifact, ContractError, open_artifact, open_latest, read_pointer
from stage_contract.artifacts.publishing import DIFFERS, newest_first
from stage_contract.artifacts.reading import read_pinned
from stage_contract.artifacts.volumes import read_refused
from stage_contract.commands import make_command
from stage_contract.stages.failures import FAILED
from stage_contract.stages.refusals import standing_refusal

KINDS = {"ingest": "raw-data", "clean": "clean-data", "features": "feature-data", "train": "model"}
"""The artifact kind that each stage writes, in pipeline order."""


@dataclass(frozen=True)
class Volume:
    """The output volume of one stage."""

    stage: str
    kind: str
    path: Path

    def open(self) -> Artifact:
        """Open the latest artifact; raises ContractError if there is none."""
        if not self.path.is_dir():
            raise ContractError(f"{self.stage} has not run yet; {make_command('up')}")
        if self.latest is None and (refused := refused_now(self)):
            raise ContractError(f"{self.stage} has no accepted artifact yet: {refused}")
        return open_latest(self.path, self.kind)

    @property
    def latest(self) -> str | None:
        """The id in LATEST, or None."""
        try:
            return read_pointer(self.path)
        except (ContractError, OSError):
            return None

    @property
    def pinned(self) -> str | None:
        """The id in PINNED, or None; raises ContractError if it holds no id."""
        return read_pinned(self.path)

    @property
    def refused(self) -> Path | None:
        """The folder of the last run's artifact, if the gate refused it."""
        name = read_refused(self.path)
        path = self.path / name if name else None
        return path if path and path.is_dir() else None

    @property
    def last_made(self) -> Path | None:
        """The folder of the last run's artifact: the refused one, else the latest."""
        live = self.latest
        return self.refused or (self.path / live if live else None)

    @property
    def failure(self) -> dict[str, Any] | None:
        """The content of FAILED.json, if the last run failed."""
        place = self.path / FAILED
        return facts(place) or None if place.exists() else None

    def newest_first(self) -> list[Path]:
        """Return the folders of all artifacts, newest first."""
        return [*newest_first(self.path)]

    def kept_to_compare(self) -> list[Path]:
        """Return the results of forced runs that differ from the published artifact."""
        return sorted(self.path.glob(f"{DIFFERS}*"))

    def of_content(self, content: str) -> Artifact | None:
        """Return an artifact with this content digest; prefers the latest."""
        for path in sorted(self.newest_first(), key=lambda path: path.name != self.latest):
            try:
                artifact = open_artifact(path, self.kind)
            except ContractError:
                continue
            if artifact.content == content:
                return artifact
        return None


def refused_now(volume: Volume) -> str:
    """Return a line on a refused artifact, the reason and the remedy; empty if none."""
    return standing_refusal(volume.path, volume.kind)


def volumes(root: Path) -> list[Volume]:
    """Return the volumes below a folder, in pipeline order."""
    return [Volume(stage, kind, root / kind) for stage, kind in KINDS.items()]


def links(chain: list[Volume]) -> Iterator[tuple[Volume | None, Volume]]:
    """Yield each volume with its upstream volume; None for the first."""
    yield from zip([None, *chain], chain, strict=False)


def facts(place: Path) -> dict[str, Any]:
    """Return a JSON object; empty if the file is missing or holds something else."""
    try:
        found = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def published(path: Path) -> str:
    """Return when an artifact was published, in UTC, or a dash."""
    text = str(facts(path / "run.json").get("finished", ""))
    return in_utc(text)


def in_utc(text: str) -> str:
    """Return a timestamp of the contract's JSON files as `2026-01-31 12:00:00`."""
    return text.removesuffix("+00:00").replace("T", " ") or "-"
