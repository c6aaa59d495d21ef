"""`make models`, `make rollback ID=…`, `make unpin`: one pointer, which every worker follows."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest
from conftest import MakePipeline
from support.polling import PENGUIN
from support.running import ROOT, Pipeline, last_line

SETTINGS = """source = "penguins.csv"
target = "species"
[serve]
workers = 2
[train]
candidates = ["linear"]
trials = 1
"""
"""What is measured here is which model answers, not how it is trained."""

FOLLOWS_SECONDS = 2


@dataclass(frozen=True)
class Asked:
    """A request: when it was sent, and the status, model and worker that answered."""

    at: float
    status: int
    model: str
    worker: str


@pytest.fixture(scope="module")
def pipeline(session_pipelines: MakePipeline) -> Pipeline:
    """A pipeline with two models or more, the newest one live, in two workers."""
    pipeline = session_pipelines()
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    pipeline.configure(SETTINGS)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stderr
    train_another(pipeline, seed=1)
    return pipeline


def train_another(pipeline: Pipeline, *, seed: int) -> str:
    """Train with another seed; return what `make rerun` said."""
    pipeline.configure(f"{SETTINGS}seed = {seed}\n")
    rerun = pipeline.make("rerun")
    assert rerun.returncode == 0, rerun.stdout + rerun.stderr
    return rerun.stdout


def models(pipeline: Pipeline) -> dict[str, str]:
    """Return what `make models` says, the marks by id."""
    listed = pipeline.make("models")
    assert listed.returncode == 0, listed.stderr
    heading, *lines = listed.stdout.splitlines()
    assert heading.startswith("model")
    assert all(re.search(r" 3\d\d|2\d\d  \w+ 0\.\d+ \(0\.\d+ to [01]", line) for line in lines)
    return {line[:16]: line.partition("<- ")[2] for line in lines}


@contextmanager
def polling(pipeline: Pipeline) -> Iterator[list[Asked]]:
    """Ask 50 times a second, each time on a new connection, so that every worker is asked."""
    asked: list[Asked] = []
    ended = threading.Event()

    def poll() -> None:
        while not ended.wait(0.02):
            at = time.monotonic()
            answer = httpx.post(f"{pipeline.url}/predict", json={"rows": [PENGUIN]}, timeout=10)
            worker = answer.headers["x-request-id"].partition("-")[0]
            asked.append(Asked(at, answer.status_code, answer.headers["x-model-id"], worker))

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield asked
    finally:
        ended.set()
        thread.join()


def test_rolling_back_and_unpinning_reach_every_worker_within_two_seconds(
    pipeline: Pipeline,
) -> None:
    newer, older, *_ = models(pipeline)
    with polling(pipeline) as asked:
        back = pipeline.compose(*command("rollback", older))
        rolled_back_at = time.monotonic()
        time.sleep(FOLLOWS_SECONDS + 1)
        free = pipeline.compose(*command("unpin"))
        unpinned_at = time.monotonic()
        time.sleep(FOLLOWS_SECONDS + 1)

    assert (back.returncode, free.returncode) == (0, 0)
    assert {each.status for each in asked} == {200}
    first = [each for each in asked if 0 < each.at - rolled_back_at - FOLLOWS_SECONDS < 1]
    second = [each for each in asked if each.at > unpinned_at + FOLLOWS_SECONDS]
    assert {each.model for each in first} == {older}
    assert {each.model for each in second} == {newer}
    assert len({each.worker for each in first}) == len({each.worker for each in second}) == 2


def command(*arguments: str) -> list[str]:
    one_off = ["run", "--rm", "--no-deps", "--no-TTY", "--entrypoint", "python", "train"]
    return [*one_off, "-m", "stage_contract.pointers", "model", *arguments]


def test_after_a_rollback_runs_publish_but_the_old_model_stays_till_it_is_unpinned(
    pipeline: Pipeline,
) -> None:
    newer, older, *rest = models(pipeline)
    others = dict.fromkeys(rest, "")

    back = pipeline.make("rollback", older)
    after_rollback = models(pipeline)
    said = train_another(pipeline, seed=2)
    newest, *_ = after_rerun = models(pipeline)
    free = pipeline.make("unpin")

    assert f"model {older}: LATEST points to it and is pinned" in back.stdout
    assert last_line(back) == f"serve answers with model {older}"
    assert after_rollback == {newer: "", older: "LATEST, PINNED, served"} | others
    assert "published, but the volume is pinned: model" in said
    assert f"model is pinned to {older}: new runs do not replace it" in said
    assert f"serve answers with model {older}" in said
    assert after_rerun == {newest: "", newer: "", older: "LATEST, PINNED, served"} | others
    assert last_line(free) == f"serve answers with model {newest}"
    assert models(pipeline) == {newest: "LATEST, served", newer: "", older: ""} | others


def test_an_unknown_model_is_refused_with_the_closest_one(pipeline: Pipeline) -> None:
    newer, *_ = models(pipeline)
    mistyped = newer[:-1] + ("0" if newer[-1] != "0" else "1")

    result = pipeline.make("rollback", mistyped)

    assert result.returncode == 78
    assert f"ID={mistyped}: no such model on this volume; did you mean {newer}?" in result.stdout
    assert pipeline.make("rollback", "").returncode == 78
    assert pipeline.make("accept", "").returncode == 78
    assert models(pipeline)[newer] == "LATEST, served"

    accepted = pipeline.make("accept", newer)

    assert f"model {newer}: was not refused, LATEST points to it as before" in accepted.stdout
    assert last_line(accepted) == f"serve answers with model {newer}"


def test_a_pipeline_without_models_says_what_to_type(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    pipeline.configure(SETTINGS)
    pipeline.provide("penguins.csv", "")

    result = pipeline.make("models")

    assert result.returncode == 65
    assert f"has no models yet; {pipeline.hint('up')} trains one" in last_line(result)
