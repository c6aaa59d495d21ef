"""Always on: the stages stay, and what changes in data or settings goes live by itself.

DROPS says how many tables are dropped in a row (default 4), one of them broken.
"""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from conftest import MakePipeline
from docker.models.containers import Container
from support.polling import failed, models, polling
from support.running import BATCH, ROOT, Pipeline
from support.waiting import until

WATCH = ROOT / "deploy/watch.yaml"
PENGUINS = (ROOT / "data/penguins.csv").read_text(encoding="utf-8")
HEADER, *ROWS = PENGUINS.splitlines(keepends=True)
SETTINGS = 'source = "penguins.csv"\ntarget = "species"\n[ingest]\nencoding = "utf-8"\n'
QUICK = '[train]\ncandidates = ["linear"]\ntrials = 1\n'
"""What is measured here is how a change travels, not how long scikit-learn takes."""

DROPS = int(os.environ.get("DROPS", "4"))
BROKEN = DROPS // 2
MAX_IDLE_BYTES = 24e6

_versions = itertools.count()


@dataclass(frozen=True)
class Watched:
    """A pipeline whose stages stay."""

    pipeline: Pipeline
    models: list[str] = field(default_factory=list)
    """Those that were live, the newest last; a worker may answer with the last but one a moment."""

    @property
    def source(self) -> Path:
        return self.pipeline.folder / "data/penguins.csv"

    @property
    def settings(self) -> Path:
        return self.pipeline.folder / "pipelines/watched.toml"

    def container(self, stage: str) -> Container:
        return self.pipeline.engine.containers.get(self.pipeline.container_id(stage))

    def log(self, stage: str) -> str:
        return str(self.container(stage).logs().decode())

    def last_words(self) -> str:
        return self.pipeline.compose("logs", "--timestamps", "--tail", "12").stdout

    def says(self, stage: str, text: str, *, times: int = 1) -> None:
        """Wait until a stage's log holds a text so often."""
        until(lambda: self.log(stage).count(text) >= times)

    def live(self) -> str | None:
        """Return the id of the model that answers."""
        try:
            answer = httpx.get(f"{self.pipeline.url}/ready", timeout=10)
        except httpx.HTTPError:
            return None
        return answer.json()["model"] if answer.status_code == httpx.codes.OK else None

    def goes_live(self, change: Callable[[], object]) -> str:
        """Make a change and wait for a model that has never been live; return its id."""
        change()
        until(self._sees_new_model, otherwise=self.last_words)
        return self.models[-1]

    def _sees_new_model(self) -> bool:
        model = self.live()
        if model is None or model in self.models:
            return False
        self.models.append(model)
        return True

    def drop(self) -> None:
        """Write a table that no test has seen in place of the one that is there."""
        self.source.write_text(another_table(), encoding="utf-8")

    def drop_by_rename(self) -> None:
        """Put another table in its place as careful programs do."""
        draft = self.source.with_name("draft")
        draft.write_text(another_table(), encoding="utf-8")
        draft.replace(self.source)

    def is_well(self, stage: str) -> bool:
        """Ask what the container's health check asks, without waiting for its turn."""
        container = self.container(stage)
        _how, *command = container.attrs["Config"]["Healthcheck"]["Test"]
        return bool(container.exec_run(command).exit_code == 0)


def another_table() -> str:
    left_out = next(_versions)
    return HEADER + "".join(ROWS[:left_out] + ROWS[left_out + 1 :])


@pytest.fixture(scope="module")
def watched(session_pipelines: MakePipeline) -> Iterator[Watched]:
    """Penguins, always on since empty volumes."""
    pipeline = session_pipelines("watched", compose_files=(WATCH,))
    pipeline.provide("penguins.csv", another_table())
    pipeline.configure(SETTINGS + QUICK)
    watched = Watched(pipeline)
    watched.goes_live(lambda: pipeline.compose("up", "--detach"))
    yield watched
    pipeline.remove()


def test_from_empty_volumes_each_stage_says_once_that_it_waits_and_then_works(
    watched: Watched,
) -> None:
    logs = {stage: watched.log(stage) for stage in BATCH}

    waits = [log.count("waits: nothing was published in /data/in yet") for log in logs.values()]
    assert waits == [0, 1, 1, 1]
    assert [log.count("works: first run") for log in logs.values()] == [1, 1, 1, 1]
    assert "error" not in "".join(logs.values())


def test_drops_in_a_row_one_of_them_broken_give_a_model_each_and_one_report(
    watched: Watched,
) -> None:
    first, made = watched.models[-1], []

    with polling(watched.pipeline) as answers:
        for number in range(DROPS):
            if number == BROKEN:
                watched.source.write_bytes(PENGUINS.encode() + "Zügelpinguin".encode("latin-1"))
                watched.says("ingest", "waits for a change")
            elif number % 2:
                made.append(watched.goes_live(watched.drop))
            else:
                made.append(watched.goes_live(watched.drop_by_rename))
        until(lambda: models(answers)[-1:] == made[-1:], otherwise=lambda: str(failed(answers)))

    assert len({first, *made}) == DROPS
    assert models(answers) == [first, *made]
    assert failed(answers) == []
    ingest = watched.log("ingest")
    assert ingest.count("error: ") == 1
    assert "error: penguins.csv: line 346 is not utf-8" in ingest
    assert [watched.log(stage).count("error") for stage in BATCH[1:]] == [0, 0, 0]
    assert all(watched.is_well(stage) for stage in BATCH)


def test_a_setting_makes_its_own_stage_work_and_no_other(watched: Watched) -> None:
    others = {stage: watched.log(stage) for stage in BATCH[:-1]}

    watched.goes_live(lambda: watched.pipeline.configure(f"{SETTINGS}{QUICK}seed = 7\n"))

    assert "works, changed: settings.seed 0 → 7\n" in watched.log("train")
    assert {stage: watched.log(stage) for stage in others} == others


def test_a_wrong_setting_is_reported_once_and_the_old_model_answers_on(watched: Watched) -> None:
    until(lambda: watched.live() == watched.models[-1])
    settings = watched.settings.read_text(encoding="utf-8")

    watched.pipeline.configure(f"{settings}[clean]\ncolour = 1\n")
    watched.says("clean", "error: watched.toml: [clean] colour is not a setting")
    until(lambda: not watched.is_well("clean"))
    assert watched.live() == watched.models[-1]
    watched.pipeline.configure(settings)
    until(lambda: watched.is_well("clean"))

    assert watched.log("clean").count("error: ") == 1


def test_recreating_one_container_restarts_no_other_and_the_new_one_goes_on(
    watched: Watched,
) -> None:
    def starts() -> dict[str, tuple[str, str, int]]:
        containers = {name: watched.container(name) for name in (*BATCH, "serve")}
        return {
            name: (each.id, each.attrs["State"]["StartedAt"], each.attrs["RestartCount"])
            for name, each in containers.items()
        }

    before = starts()

    recreated = watched.pipeline.compose("up", "--detach", "--force-recreate", "clean")

    assert recreated.returncode == 0, recreated.stderr
    after = starts()
    assert {name for name in before if before[name] != after[name]} == {"clean"}
    watched.says("clean", "unchanged: ")
    watched.goes_live(watched.drop)
    assert starts() == after


def test_a_file_that_is_written_slowly_is_read_when_it_is_complete(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETTLE_SECONDS", "3")
    watched.pipeline.compose("up", "--detach", "ingest")
    watched.says("ingest", "unchanged: ")
    table, pause = another_table(), threading.Event()

    def write_slowly() -> None:
        with watched.source.open("w", encoding="utf-8") as file:
            for lines in itertools.batched(table.splitlines(keepends=True), 20, strict=False):
                file.writelines(lines)
                file.flush()
                pause.wait(0.25)

    watched.goes_live(write_slowly)

    assert watched.log("ingest").count("works, changed: input penguins.csv") == 1
    assert watched.pipeline.latest("raw-data").rows == len(table.splitlines()) - 1
    monkeypatch.undo()
    watched.pipeline.compose("up", "--detach", "ingest")


def test_while_nothing_is_due_a_stage_is_one_small_process(watched: Watched) -> None:
    look = (
        "read -r resident _ </proc/1/task/1/children;"
        " cat /proc/$resident/status /proc/$resident/task/$resident/children"
    )

    def resident(stage: str) -> tuple[int, str]:
        """Return the memory of the resident process and its children."""
        found = watched.container(stage).exec_run(["sh", "-c", look]).output.decode()
        *status, last = found.split("\n")
        facts = dict(line.split(":", 1) for line in status)
        return int(facts["VmRSS"].split()[0]) * 1024, last

    until(lambda: not any(resident(stage)[1] for stage in BATCH))
    assert max(resident(stage)[0] for stage in BATCH) <= MAX_IDLE_BYTES


def test_a_stage_that_is_stopped_while_it_works_ends_well_and_starts_again(
    watched: Watched,
) -> None:
    times = watched.log("train").count("works")
    watched.drop()
    watched.says("train", "works", times=times + 1)
    container = watched.container("train")

    began = time.monotonic()
    container.stop(timeout=30)

    assert time.monotonic() - began < 10
    container.reload()
    assert container.attrs["State"]["ExitCode"] == 0
    watched.goes_live(container.start)


def test_status_tells_stages_that_stay_what_is_at_work_and_one_that_is_dead(
    watched: Watched,
) -> None:
    until(
        lambda: watched.pipeline.look("status").returncode == 0,
        otherwise=lambda: watched.pipeline.look("status").stdout,
    )
    times = watched.log("train").count("works")
    # The run takes longer than status.
    watched.pipeline.configure(f"{SETTINGS}[train]\ntrials = 40\n")
    watched.says("train", "works", times=times + 1)
    at_work = watched.pipeline.look("status")
    watched.container("train").stop()
    dead = watched.pipeline.look("status")
    watched.pipeline.configure(f"{SETTINGS}{QUICK}seed = 8\n")
    watched.goes_live(watched.container("train").start)

    assert at_work.returncode == 0, at_work.stdout
    assert "mode: watch, 4 of 4 stages are running" in at_work.stdout
    assert "train is running" in at_work.stdout
    assert dead.returncode == 2
    start = watched.pipeline.hint("watch")
    assert f"broken: train exited with 0; no new data is processed, {start}" in dead.stdout


def test_make_rerun_ends_it_and_make_watch_starts_it_again(watched: Watched) -> None:
    plain = replace(watched.pipeline, compose_files=())

    rerun = plain.make("rerun")

    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    assert "watch mode ends; " in rerun.stdout
    assert {watched.container(stage).status for stage in BATCH} == {"exited"}
    watch = plain.make("watch")
    assert watch.returncode == 0, watch.stdout + watch.stderr
    assert {watched.container(stage).status for stage in BATCH} == {"running"}
    watched.goes_live(watched.drop)


def test_a_rerun_whose_stages_would_never_end_is_refused(watched: Watched) -> None:
    rerun = watched.pipeline.make("rerun")

    assert rerun.returncode == 78
    assert "leave out deploy/watch.yaml" in rerun.stderr


def test_the_overlay_names_every_stage_and_takes_every_dependency_away(watched: Watched) -> None:
    config = watched.pipeline.compose("config").stdout
    services: dict[str, dict[str, Any]] = yaml.safe_load(config)["services"]

    assert [name for name, service in services.items() if "depends_on" in service] == []
    for stage in BATCH:
        assert services[stage]["command"] == ["--watch"]
        assert services[stage]["restart"] == "unless-stopped"
        assert services[stage]["network_mode"] == "none"
        assert services[stage]["read_only"] is True
