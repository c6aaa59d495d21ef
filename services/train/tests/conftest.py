"""The train stage run on made feature-data as a process would."""

import json
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from made_data import Change, MadeData, publish_features
from stage_contract import Artifact, open_latest, run_stage
from train.__main__ import STAGE

# A busy machine takes longer than any deadline for one example.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

LINEAR = 'candidates = ["linear"]\ntrials = 1'
"""The fastest settings."""

BOOSTING = 'candidates = ["gradient-boosting"]\ntrials = 1'
"""Fast settings with a tree ensemble."""

ANY = '\ngate = {worse_by = "any"}'
"""Lets a worse model go live, for tests of other behaviour."""


@dataclass
class TrainStage:
    """The stage with its two volumes and its pipeline file."""

    root: Path
    printed: Callable[[], str]

    def build(self) -> None:
        """Give the stage a build digest, so that it skips what it has done."""
        path = self.root / "build.json"
        path.write_text('{"code": "test"}', encoding="utf-8")
        os.environ["STAGE_BUILD"] = str(path)

    def publish(self, data: MadeData, *, change: Change = lambda _path: None) -> Artifact:
        return publish_features(self.root / "features", data, change=change)

    def run(self, settings: str = "", *arguments: str) -> int:
        """Run the stage with this [train] table and return its exit code."""
        (self.root / "test.toml").write_text(f"[train]\n{settings}\n", encoding="utf-8")
        (self.root / "model").mkdir(exist_ok=True)
        with pytest.raises(SystemExit) as end:
            run_stage(STAGE, arguments)
        return int(end.value.code or 0)

    def train(self, data: MadeData, settings: str = LINEAR) -> Artifact:
        """Train a model; the run must succeed."""
        self.publish(data)
        assert self.run(settings) == 0, self.printed()
        return self.artifact()

    def artifact(self) -> Artifact:
        return open_latest(self.root / "model", "model")

    def document(self, name: str = "model.json") -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.artifact().file(name).read_bytes())
        return document


@pytest.fixture
def stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[TrainStage]:
    monkeypatch.setenv("STAGE_IN", str(tmp_path / "features"))
    monkeypatch.setenv("STAGE_OUT", str(tmp_path / "model"))
    monkeypatch.setenv("STAGE_CONFIG", str(tmp_path))
    monkeypatch.setenv("PIPELINE", "test")
    monkeypatch.setenv("STAGE_BUILD", str(tmp_path / "none.json"))
    # The width of an interval is no matter here, and 200 resamples take most of the time.
    monkeypatch.setattr("modelling.model_selection.bootstrap.RESAMPLES", 5)
    monkeypatch.setattr("modelling.evaluation.slices.RESAMPLES", 5)
    before = list(logging.getLogger().handlers)
    yield TrainStage(tmp_path, lambda: capsys.readouterr().out)
    logging.getLogger().handlers = before


@pytest.fixture
def live(stage: TrainStage) -> Artifact:
    """A good model that is live."""
    return stage.train(MadeData())
