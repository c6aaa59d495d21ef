"""Two runs at once, `kill -9`, a full disk, a reader that holds on: in containers, on volumes."""

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import MakePipeline
from docker.errors import APIError
from docker.models.containers import Container
from stage_contract import Artifact, open_artifact, open_latest
from stage_contract.artifacts.reading import is_id
from support.local_stages import SETTINGS, WRITES
from support.running import BASE_IMAGE, BATCH, KINDS, ROOT, Pipeline

SMALL_DISK = ROOT / "tests/reliability/small_disk.yaml"
TABLE = "".join((ROOT / "data/penguins.csv").read_text("utf-8").splitlines(keepends=True)[::3])
CAUSES = {
    "ingest": "",
    "clean": "[clean.columns.year]\nunit = '{}'\n",
    "features": "[features]\nseed = {}\n",
    "train": "seed = {}\n",
}
"""Settings that make a stage work; ingest gets another table instead."""
ANY_MODEL = "[train.gate]\nbetter_than_dummy = false\nworse_by = 'any'\n"
"""What is looked at here is how a model is published, not whether it is a good one."""
FREE_KILOBYTES = 12
"""Enough for a file or two, too little for an artifact."""


@dataclass
class Bench:
    """A pipeline that has run, on volumes that can be full."""

    pipeline: Pipeline
    causes: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))
    started: list[Container] = field(default_factory=list)

    def give_work(self, stage: str, more: str = "") -> None:
        """Make a cause for a stage that there has not been yet."""
        number = next(self.causes)
        if stage == "ingest":
            row = f"Gentoo,Biscoe,50,15,220,{5000 + number},male,2009\n"
            self.pipeline.provide("table.csv", TABLE + row)
        self.pipeline.configure(SETTINGS + CAUSES[stage].format(number) + more + ANY_MODEL)

    def start(self, stage: str) -> Container:
        """Start a stage in a container of its own."""
        run = self.pipeline.compose("run", "--detach", "--no-deps", stage)
        container = self.pipeline.engine.containers.get(run.stdout.strip())
        self.started.append(container)
        return container

    def run(self, stage: str) -> tuple[int, str]:
        """Run a stage; return its exit code and log."""
        return ended(self.start(stage))

    def volume(self, stage: str) -> Path:
        """Copy a stage's volume; everything on it that has an artifact's name is whole."""
        copy = self.pipeline.copy_of(WRITES[stage])
        for path in copy.iterdir():
            if is_id(path.name):
                open_artifact(path).verify()
        return copy

    def latest(self, stage: str) -> Artifact:
        return open_latest(self.volume(stage), WRITES[stage])

    def on_volume(self, stage: str, command: str) -> str:
        """Run a command of the shell in a stage's volume."""
        shell = ["sh", "-ec", f"cd /held/{WRITES[stage]} && {command}"]
        done = self.pipeline.compose("exec", "--no-TTY", "holder", *shell)
        assert done.returncode == 0, done.stderr
        return done.stdout


def ended(container: Container) -> tuple[int, str]:
    code = container.wait(timeout=120)["StatusCode"]
    return code, container.logs().decode()


@pytest.fixture(scope="module")
def bench(session_pipelines: MakePipeline) -> Iterator[Bench]:
    bench = Bench(session_pipelines(compose_files=(SMALL_DISK,)))
    bench.pipeline.provide("table.csv", TABLE)
    bench.pipeline.configure(SETTINGS)
    held = bench.pipeline.compose("up", "--detach", "holder")
    assert held.returncode == 0, held.stderr
    rerun = bench.pipeline.make("rerun")
    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    yield bench
    for container in bench.started:
        container.remove(force=True)


@pytest.mark.parametrize("stage", BATCH)
def test_two_runs_of_a_stage_at_once_do_no_harm(bench: Bench, stage: str) -> None:
    bench.give_work(stage)

    both = [bench.start(stage), bench.start(stage)]
    results = [ended(container) for container in both]

    assert [code for code, _log in results] == [0, 0], results
    artifact = bench.latest(stage)
    assert all(artifact.id in log for _code, log in results)
    assert list(artifact.path.parent.glob(".*")) == []


def killed_at_work(bench: Bench, stage: str) -> bool:
    """Kill a stage after its first word; return False if it had published before that."""
    bench.give_work(stage)
    container = bench.start(stage)
    while not container.logs():
        time.sleep(0.001)
    time.sleep(random.uniform(0, 0.1))  # noqa: S311  # no secret
    with suppress(APIError):  # It does not run any more.
        container.kill()
    code, log = ended(container)
    assert code in {0, 137}, log
    return code == 137 and "published" not in log


@pytest.mark.parametrize("stage", BATCH)
def test_a_container_that_is_killed_at_work_harms_nothing(bench: Bench, stage: str) -> None:
    for _ in range(20):
        before = bench.latest(stage).id
        if killed_at_work(bench, stage):
            break
    else:
        pytest.fail("it was never quick enough to kill it")

    seen = bench.latest(stage).id
    code, log = bench.run(stage)

    assert seen == before
    assert code == 0, log
    after = bench.latest(stage)
    assert after.id != before
    assert list(after.path.parent.glob(".*")) == []


@pytest.mark.parametrize("stage", BATCH)
def test_a_full_disk_gives_73_and_the_old_artifact_stays_live(bench: Bench, stage: str) -> None:
    before = bench.latest(stage).id
    bench.give_work(stage)
    bench.on_volume(
        stage,
        "free=$(df --output=avail -k . | tail -n 1);"
        f" head -c $(((free - {FREE_KILOBYTES}) * 1024)) /dev/zero >ballast",
    )
    code, log = bench.run(stage)
    seen = bench.latest(stage)
    bench.on_volume(stage, "rm ballast")
    code_with_room, log_with_room = bench.run(stage)

    assert code == 73, log
    kind = dict(zip(BATCH, KINDS, strict=True))[stage]
    said = log.splitlines()[-1]
    assert f"the volume {kind} cannot be written (No space left on device), " in said
    assert "make prune removes old artifacts, docker system df shows" in said
    assert seen.id == before
    assert list(seen.path.parent.glob(".*")) == []
    assert code_with_room == 0, log_with_room
    assert bench.latest(stage).id != before


def test_pruning_leaves_what_a_reader_in_another_container_holds(bench: Bench) -> None:
    held = bench.latest("train").id
    bench.give_work("train", more="keep = 1\n")
    hold = (
        "import time; from pathlib import Path; from stage_contract import open_artifact\n"
        f"with open_artifact(Path('/volume/{held}')).hold():\n"
        "    print('holding', flush=True); time.sleep(600)"
    )
    reader = bench.pipeline.engine.containers.run(
        BASE_IMAGE,
        ["python", "-c", hold],
        detach=True,
        init=True,
        network_mode="none",
        environment={"PYTHONPATH": "/contract", "PYTHONDONTWRITEBYTECODE": "1"},
        volumes={
            f"{bench.pipeline.project}_model": {"bind": "/volume", "mode": "ro"},
            str(ROOT / "contract/src"): {"bind": "/contract", "mode": "ro"},
        },
    )
    bench.started.append(reader)
    while b"holding" not in reader.logs():
        assert reader.status != "exited", reader.logs()
        reader.reload()

    code, log = bench.run("train")
    while_held = artifacts(bench, "train")
    reader.kill()
    reader.wait()
    code_after, log_after = bench.run("train")

    assert (code, code_after) == (0, 0), log + log_after
    assert held in while_held
    assert len(while_held) == 2
    assert "unchanged" in log_after
    assert "removed 1 older artifacts" in log_after
    assert artifacts(bench, "train") == while_held - {held}


def artifacts(bench: Bench, stage: str) -> set[str]:
    return {path.name for path in bench.volume(stage).iterdir() if is_id(path.name)}
