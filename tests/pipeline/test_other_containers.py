"""Containers beside the pipeline's own: one-off ones, those of strangers; and networks."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MakePipeline
from docker.models.containers import Container
from support.running import ROOT, Pipeline, last_line
from support.waiting import until

TABLE = "size,price\n" + "".join(f"{n},{n * 3}\n" for n in range(60))
SETTINGS = """source = "table.csv"
target = "price"
[train]
candidates = ["linear"]
trials = 1
"""


@pytest.fixture(scope="module")
def pipeline(session_pipelines: MakePipeline) -> Pipeline:
    """A small pipeline that is up."""
    pipeline = session_pipelines()
    pipeline.provide("table.csv", TABLE)
    pipeline.configure(SETTINGS)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline


@pytest.fixture
def one_off(pipeline: Pipeline) -> Iterator[Container]:
    """A shell in a stage that somebody has not left."""
    run = pipeline.compose("run", "--detach", "--no-deps", "--entrypoint", "sleep", "clean", "600")
    container = pipeline.engine.containers.get(run.stdout.strip())
    yield container
    container.remove(force=True)


@pytest.fixture
def stranger(pipeline: Pipeline, images: dict[str, str]) -> Iterator[Container]:
    """What somebody runs from an image of ours: it has that image's labels of Compose."""
    made = pipeline.engine.containers.get(pipeline.container_id("clean"))
    labels = {key: made.labels[f"com.docker.compose.{key}"] for key in ("project", "service")}
    container = pipeline.engine.containers.run(
        images["clean"],
        ["-c", "while sleep 0.2; do echo of a stranger; done"],
        entrypoint="sh",
        labels={f"com.docker.compose.{key}": value for key, value in labels.items()},
        detach=True,
        init=True,
    )
    yield container
    container.remove(force=True)


def test_a_one_off_container_breaks_neither_up_nor_rerun_and_stays(
    pipeline: Pipeline, one_off: Container
) -> None:
    rerun = pipeline.make("rerun")
    up = pipeline.make("up")

    assert (rerun.returncode, up.returncode) == (0, 0), rerun.stderr + up.stderr
    one_off.reload()
    assert one_off.status == "running"


def test_a_container_that_somebody_runs_from_our_image_is_not_taken_for_ours(
    pipeline: Pipeline, stranger: Container
) -> None:
    rerun = pipeline.make("rerun")
    status = pipeline.look("status")

    assert rerun.returncode == 0, rerun.stderr
    assert "of a stranger" not in rerun.stdout + status.stdout
    stranger.reload()
    assert stranger.status == "running"


def test_a_terminal_that_is_closed_while_stages_work_by_force_leaves_no_container(
    pipeline: Pipeline,
) -> None:
    def forced() -> list[Container]:
        name = f"{pipeline.project}-forced"
        return list(pipeline.engine.containers.list(all=True, filters={"name": name}))

    with subprocess.Popen(
        [ROOT / "scripts/pipeline.sh", "rerun"],
        cwd=ROOT,
        env=pipeline.environment | {"FORCE": "1"},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as rerun:
        until(forced)
        os.killpg(rerun.pid, signal.SIGHUP)

    assert forced() == []
    assert pipeline.make("rerun").returncode == 0


def test_a_pipeline_takes_no_network_of_docker(pipeline: Pipeline) -> None:
    mine = pipeline.engine.networks.list(
        filters={"label": f"com.docker.compose.project={pipeline.project}"}
    )

    assert mine == []


def test_an_init_that_fails_leaves_nothing_behind(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    pipeline.provide("empty.csv", "")
    (pipeline.folder / "pipelines").mkdir()

    failed = pipeline.init(FILE="empty.csv")

    assert failed.returncode != 0
    assert left_of(pipeline) == []


def test_an_init_leaves_a_pipeline_file_alone(make_pipeline: MakePipeline) -> None:
    pipeline = make_pipeline()
    pipeline.provide("table.csv", TABLE)
    (pipeline.folder / "pipelines").mkdir()

    made = pipeline.init(FILE="table.csv", TARGET="price")

    assert made.returncode == 0, last_line(made)
    assert [path.name for path in Path(pipeline.folder / "pipelines").iterdir()] == ["table.toml"]
    assert left_of(pipeline) == []


def left_of(pipeline: Pipeline) -> list[str]:
    """Return the names of what there is of a project in Docker."""
    label = {"label": f"com.docker.compose.project={pipeline.project}"}
    engine = pipeline.engine
    return [
        each.name for kind in (engine.volumes, engine.networks) for each in kind.list(filters=label)
    ]
