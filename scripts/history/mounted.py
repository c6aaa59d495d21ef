"""The four volumes of a pipeline, mounted below one folder, and what stands on each."""

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
"""What each stage writes, in the order of the chain."""


@dataclass(frozen=True)
class Volume:
    """The output volume of one stage."""

    stage: str
    kind: str
    path: Path

    def open(self) -> Artifact:
        """Open what LATEST names; a ContractError says why not."""
        if not self.path.is_dir():
            raise ContractError(f"{self.stage} has not run yet; {make_command('up')}")
        if self.latest is None and (refused := refused_now(self)):
            raise ContractError(f"{self.stage} refused all that it made: {refused}")
        return open_latest(self.path, self.kind)

    @property
    def latest(self) -> str | None:
        """The id that LATEST names, or None."""
        try:
            return read_pointer(self.path)
        except (ContractError, OSError):
            return None

    @property
    def pinned(self) -> str | None:
        """The id that PINNED names, or None; a ContractError says that it names none."""
        return read_pinned(self.path)

    @property
    def refused(self) -> Path | None:
        """The folder of what the last run made or found, if that was refused."""
        name = read_refused(self.path)
        path = self.path / name if name else None
        return path if path and path.is_dir() else None

    @property
    def last_made(self) -> Path | None:
        """The folder of what the last run made or found: what is refused, else what is live."""
        live = self.latest
        return self.refused or (self.path / live if live else None)

    @property
    def failure(self) -> dict[str, Any] | None:
        """How the last run failed, if it did."""
        place = self.path / FAILED
        return facts(place) or None if place.exists() else None

    def newest_first(self) -> list[Path]:
        """Return the folders of all artifacts, the last published first."""
        return [*newest_first(self.path)]

    def kept_to_compare(self) -> list[Path]:
        """Return what forced runs gave that was not what had been published."""
        return sorted(self.path.glob(f"{DIFFERS}*"))

    def of_content(self, content: str) -> Artifact | None:
        """Return the artifact that holds this content, the live one before older ones."""
        for path in sorted(self.newest_first(), key=lambda path: path.name != self.latest):
            try:
                artifact = open_artifact(path, self.kind)
            except ContractError:
                continue
            if artifact.content == content:
                return artifact
        return None


def refused_now(volume: Volume) -> str:
    """Return one line on what the last run left refused, why, and what to do; or nothing."""
    return standing_refusal(volume.path, volume.kind)


def volumes(root: Path) -> list[Volume]:
    """Return the volumes below a folder, in the order of the chain."""
    return [Volume(stage, kind, root / kind) for stage, kind in KINDS.items()]


def links(chain: list[Volume]) -> Iterator[tuple[Volume | None, Volume]]:
    """Yield each volume with the one before it in the chain, which it was made from."""
    yield from zip([None, *chain], chain, strict=False)


def facts(place: Path) -> dict[str, Any]:
    """Return a JSON object that may be missing or foreign; then it says nothing."""
    try:
        found = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def published(path: Path) -> str:
    """Return when an artifact was finished, in UTC, or a dash."""
    text = str(facts(path / "run.json").get("finished", ""))
    return in_utc(text)


def in_utc(text: str) -> str:
    """Return `2026-01-31 12:00:00` for the time as the contract's JSON files give it."""
    return text.removesuffix("+00:00").replace("T", " ") or "-"
