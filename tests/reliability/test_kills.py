"""`kill -9` at random moments: readers see a whole artifact, and the next run is as if undisturbed.

KILLS says how many (default 16, over the four stages), KILL_SEED repeats a run's moments.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from reliability.changes import Change, more, one_byte
from stage_contract import open_artifact
from stage_contract.artifacts.reading import is_id
from support.local_stages import LocalPipeline
from support.running import BATCH

KILLS = int(os.environ.get("KILLS", "16"))
SEED = int(os.environ.get("KILL_SEED", random.randrange(2**32)))  # noqa: S311  # no secret
CHANGES: dict[str, Change] = {
    "ingest": one_byte,
    "clean": more("[clean.columns.body_mass_g]\nunit = 'g'"),
    "features": more("[features]\ntest_share = 0.3"),
    "train": more("seed = 1"),
}
"""What makes a stage work; its artifact then has other files than before."""
FEW_SECONDS = 0.01
"""About as long as it takes to hash, rename and point to a small artifact."""


@dataclass(frozen=True)
class Undisturbed:
    """What a run gives that nobody kills, and how long it takes."""

    seconds: float
    before: str
    after: str
    manifest: bytes


@pytest.fixture(params=BATCH)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_stage_that_is_killed_leaves_a_whole_artifact_and_the_next_run_is_as_if_undisturbed(
    stage: str, pipeline: LocalPipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    before = pipeline.root / "before"
    shutil.copytree(pipeline.volume(stage), before)
    CHANGES[stage](pipeline)
    expected = run_undisturbed(pipeline, stage)
    seed = f"{SEED} {stage}"
    moments = choose_moments(random.Random(seed), expected.seconds)  # noqa: S311  # no secret
    found: Counter[str] = Counter()
    for _ in range(KILLS // len(BATCH)):
        restore(pipeline.volume(stage), before)
        kill(pipeline, stage, moments)
        whole, latest = whole_artifacts(pipeline, stage), pipeline.latest(stage).id
        found["a draft"] += any(pipeline.volume(stage).glob(".draft-*"))
        found["the old one live"] += latest == expected.before
        found["the new one there"] += expected.after in whole

        assert {expected.before} <= whole <= {expected.before, expected.after}, seed
        assert latest in whole, seed

        result = pipeline.run(stage)

        assert result.returncode == 0, f"{seed}: {result.stdout}{result.stderr}"
        artifact = pipeline.latest(stage)
        artifact.verify()
        assert (artifact.path / "manifest.json").read_bytes() == expected.manifest, seed
        assert leftovers(pipeline.volume(stage)) == [], seed
    with capsys.disabled():
        print(f" {stage}, {KILLS // len(BATCH)} kills, KILL_SEED={SEED}: {dict(found)}")  # noqa: T201  # the seed is to be seen


def run_undisturbed(pipeline: LocalPipeline, stage: str) -> Undisturbed:
    before = pipeline.latest(stage).id
    started = time.monotonic()
    result = pipeline.run(stage)
    seconds = time.monotonic() - started
    assert result.returncode == 0, result.stdout
    artifact = pipeline.latest(stage)
    assert artifact.id != before
    return Undisturbed(seconds, before, artifact.id, (artifact.path / "manifest.json").read_bytes())


type Moment = Callable[[Path], None]
"""Waits, looking at the volume, until it is time."""


def choose_moments(chance: random.Random, seconds: float) -> Iterator[Moment]:
    """Yield moments: half anywhere in the run, half while files are written or published."""
    while True:
        yield partial(_wait, "", seconds=chance.uniform(0, seconds))
        yield partial(_wait, ".draft-*/*", seconds=chance.uniform(0, FEW_SECONDS))
        yield partial(_wait, "", seconds=chance.uniform(0, seconds))
        yield partial(_wait, ".draft-*/manifest.json", seconds=chance.uniform(0, FEW_SECONDS))


def _wait(pattern: str, volume: Path, *, seconds: float) -> None:
    deadline = time.monotonic() + 60
    while pattern and not any(volume.glob(pattern)) and time.monotonic() < deadline:
        time.sleep(0.0002)
    time.sleep(seconds)


def kill(pipeline: LocalPipeline, stage: str, moments: Iterator[Moment]) -> None:
    """Run the stage and kill it; if it ended before the moment came, do it again."""
    settled = pipeline.root / "settled"
    shutil.copytree(pipeline.volume(stage), settled, dirs_exist_ok=True)
    while True:
        process = subprocess.Popen(
            pipeline.command(stage), env=pipeline.environment(stage), stdout=subprocess.DEVNULL
        )
        next(moments)(pipeline.volume(stage))
        process.kill()
        if process.wait() == -signal.SIGKILL:
            return
        restore(pipeline.volume(stage), settled)


def restore(volume: Path, copy: Path) -> None:
    shutil.rmtree(volume)
    shutil.copytree(copy, volume)


def whole_artifacts(pipeline: LocalPipeline, stage: str) -> set[str]:
    """Return the ids on the volume, each of them verified: what has a name is whole."""
    found = [path for path in pipeline.volume(stage).iterdir() if is_id(path.name)]
    for path in found:
        open_artifact(path).verify()
    return {path.name for path in found}


def leftovers(volume: Path) -> list[str]:
    return [path.name for path in volume.iterdir() if path.name.startswith(".")]
