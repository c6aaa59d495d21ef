"""Published models with their documents, each file verified against the manifest."""

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
    """The gate's verdict."""
    refusal: str
    """The reason for a refusal, or empty."""
    started: datetime | None
    finished: datetime | None
    """Start and end of the training, if run.json has them."""

    @property
    def id(self) -> str:
        return self.artifact.id

    @property
    def metric(self) -> str | None:
        """The deciding metric, if the verdict names it."""
        return self.verdict.get("metric")

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of train; {} if a foreign stage wrote no JSON object."""
        try:
            settings = json.loads(self.artifact.manifest["settings"])
        except (KeyError, ValueError):
            return {}
        return settings if isinstance(settings, dict) else {}

    def examples(self) -> list[dict[str, Any]]:
        """Return the lines of examples.jsonl: `row` and `expected`."""
        # Not splitlines(): a text may contain other line separators of Unicode.
        lines = self.artifact.file("examples.jsonl").read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def documents(self) -> list[Path]:
        """Return the verified documents to log beside the graph."""
        listed = {entry["path"] for entry in self.artifact.manifest["files"]}
        return [self.artifact.file(name) for name in sorted(listed)]


def published_models(volume: Path) -> Sequence[Path]:
    """Return the folders of all models on a volume, oldest first."""
    return newest_first(volume)[::-1]


def read_published(path: Path) -> Published:
    """Read a model's documents.

    Raises:
        ContractError: It is not a model, or damaged.
    """
    artifact = open_artifact(path, "model")
    try:
        document = json.loads(artifact.file("model.json").read_bytes())
    except ValueError as error:
        raise ContractError(f"{path}/model.json: not JSON ({error}); train it again") from None
    started, finished = _times(path)
    return Published(artifact, document, read_verdict(path), refusal(path), started, finished)


def _times(path: Path) -> tuple[datetime | None, datetime | None]:
    """Return start and end of the run; run.json is optional."""
    try:
        run = json.loads((path / "run.json").read_bytes())
        finished = datetime.fromisoformat(run["finished"])
        return finished - timedelta(seconds=float(run.get("seconds", 0))), finished
    except (OSError, ValueError, KeyError, TypeError):
        return None, None
