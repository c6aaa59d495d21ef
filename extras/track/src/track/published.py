"""Published models: what their documents say, each file checked against the manifest."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from stage_contract import Artifact, ContractError, open_artifact
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.verdicts import read_verdict, refusal


@dataclass(frozen=True)
class Published:
    """One model of the volume."""

    artifact: Artifact
    document: Mapping[str, Any]
    """model.json."""
    verdict: Mapping[str, Any]
    """What the gate says of it."""
    refusal: str
    """Why it may not go live, or nothing."""
    started: datetime | None
    finished: datetime | None
    """When it was trained, as far as run.json says so."""

    @property
    def id(self) -> str:
        return self.artifact.id

    @property
    def metric(self) -> str | None:
        """The metric that decides, where the verdict names it."""
        return self.verdict.get("metric")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of train; {} where a stage of another language wrote no JSON object."""
        try:
            settings = json.loads(self.artifact.manifest["settings"])
        except (KeyError, ValueError):
            return {}
        return settings if isinstance(settings, dict) else {}

    def examples(self) -> list[dict[str, Any]]:
        """Return the lines of examples.jsonl: `row` and `expected`."""
        # Not splitlines(): a text in a row may hold what Unicode calls a line's end.
        lines = self.artifact.file("examples.jsonl").read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def documents(self) -> list[Path]:
        """Return the files to keep beside the graph, checked."""
        listed = {entry["path"] for entry in self.artifact.manifest["files"]}
        return [self.artifact.file(name) for name in sorted(listed)]


def published_models(volume: Path) -> Sequence[Path]:
    """Return the folders of all models on a volume, the oldest first."""
    return newest_first(volume)[::-1]


def read_published(path: Path) -> Published:
    """Read a model's documents.

    Raises:
        ContractError: it is no model, or damaged.
    """
    artifact = open_artifact(path, "model")
    try:
        document = json.loads(artifact.file("model.json").read_bytes())
    except ValueError as error:
        raise ContractError(f"{path}/model.json: not JSON ({error}); train it again") from None
    started, finished = _times(path)
    return Published(artifact, document, read_verdict(path), refusal(path), started, finished)


def _times(path: Path) -> tuple[datetime | None, datetime | None]:
    """Return when the run began and ended; run.json is for people and may be absent."""
    try:
        run = json.loads((path / "run.json").read_bytes())
        finished = datetime.fromisoformat(run["finished"])
        return finished - timedelta(seconds=float(run.get("seconds", 0))), finished
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
