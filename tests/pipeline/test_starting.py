"""A container that Docker itself fails to start is tried once more, then named with the reason."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import MakePipeline
from support.running import BASE_IMAGE, Pipeline, last_line

TABLE = "size,price\n" + "".join(f"{n},{n * 3}\n" for n in range(60))
SETTINGS = """\
source = "table.csv"
target = "price"
[train]
candidates = ["linear"]
trials = 1
"""
VOLUMES = "{volumes: ['./data:/proc/stagecoach']}"
IMPOSSIBLE = f"services: {{clean: {VOLUMES}, serve: {VOLUMES}}}"
"""Docker's runtime refuses it when the container starts."""
DOCKER_THAT_FAILS_ONCE = """#!/bin/sh
case "$*" in
    *"$FAILS_AT"*)
        if mkdir "$FOLDER/failed" 2>/dev/null; then
            [ "$1" = compose ] || exec "$DOCKER" run --rm --volume "$FOLDER:/proc/x" "$IMAGE" true
            COMPOSE_FILE=$COMPOSE_FILE:$FOLDER/impossible.yaml exec "$DOCKER" "$@"
        fi
        ;;
esac
exec "$DOCKER" "$@"
"""


@pytest.fixture
def pipeline(make_pipeline: MakePipeline) -> Pipeline:
    pipeline = make_pipeline()
    pipeline.provide("table.csv", TABLE)
    pipeline.configure(SETTINGS)
    (pipeline.folder / "impossible.yaml").write_text(IMPOSSIBLE, encoding="utf-8")
    return pipeline


@pytest.mark.parametrize(
    ("command", "stage", "fails_at", "force"),
    [
        ("up", "clean", "quiet up --no-start", ""),
        ("deploy-serve", "serve", "up --detach --wait", ""),
        ("rerun", "clean", "-forced-clean --no-deps", "1"),
    ],
)
def test_a_start_that_fails_once_is_made_again(
    pipeline: Pipeline, command: str, stage: str, fails_at: str, force: str
) -> None:
    path = docker_that_fails_once(pipeline.folder)
    if command != "up":
        assert pipeline.make("rerun").returncode == 0

    ended = pipeline.make(
        command, FORCE=force, FOLDER=str(pipeline.folder), FAILS_AT=fails_at, **path
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(f"Docker could not start {stage}; trying again") == 1
    assert (pipeline.folder / "failed").is_dir()
    assert pipeline.latest("model")


@pytest.mark.parametrize("command", ["models", "report"])
def test_a_look_at_the_volumes_that_fails_to_start_is_made_again(
    pipeline: Pipeline, command: str
) -> None:
    path = docker_that_fails_once(pipeline.folder)
    assert pipeline.make("rerun").returncode == 0

    ended = pipeline.make(command, FOLDER=str(pipeline.folder), FAILS_AT="run --rm", **path)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "failed to create task" in ended.stderr
    assert pipeline.latest("model").id in ended.stdout


def test_a_start_that_fails_again_is_named_with_the_reason(pipeline: Pipeline) -> None:
    impossible = replace(pipeline, compose_files=(pipeline.folder / "impossible.yaml",))

    up = impossible.make("up")
    assert pipeline.make("rerun").returncode == 0
    deployed = impossible.make("deploy-serve")

    assert up.returncode == 128
    assert up.stdout.count("trying again") == deployed.stdout.count("trying again") == 1
    assert last_line(up).startswith("Docker could not start clean: failed to create task")
    assert last_line(deployed).startswith("serve did not start: failed to create task")
    assert all("/proc" in last_line(ended) for ended in (up, deployed))


SLOW_CHECK = (
    "healthcheck:"
    " {test: [CMD, sleep, '60'], interval: 1s, timeout: 1s, retries: 1, start_period: 1s}"
)


def test_a_serve_that_answers_is_up_although_its_health_check_takes_too_long(
    pipeline: Pipeline,
) -> None:
    slow = with_serve(pipeline, SLOW_CHECK)

    up = slow.make("up")

    assert up.returncode == 0, up.stdout + up.stderr
    model = pipeline.latest("model").id
    assert f"serve answers with model {model}, although its health check failed: " in up.stdout
    assert f'"model":"{model}"' in up.stdout


def test_a_serve_that_does_not_answer_is_named_with_its_health_check_and_its_log(
    pipeline: Pipeline,
) -> None:
    silent = with_serve(pipeline, f"{SLOW_CHECK}, entrypoint: {SILENT}")

    up = silent.make("up")

    assert up.returncode == 1
    assert last_line(up).startswith("serve did not start: its health check failed: ")
    assert last_line(up).endswith("; its log ends with: loading")


SILENT = "[python, -c, 'import time; print(\"loading\", flush=True); time.sleep(600)']"


def with_serve(pipeline: Pipeline, changes: str) -> Pipeline:
    """Return the pipeline with these changes of serve's container."""
    override = pipeline.folder / "serve.yaml"
    override.write_text(f"services: {{serve: {{{changes}}}}}", encoding="utf-8")
    return replace(pipeline, compose_files=(override,))


def test_a_failure_before_the_stage_that_did_not_start_is_told_once(pipeline: Pipeline) -> None:
    impossible = replace(pipeline, compose_files=(pipeline.folder / "impossible.yaml",))
    impossible.make("up")
    pipeline.provide("table.csv", "")

    up = impossible.make("up")

    assert up.returncode == 65
    assert "trying again" not in up.stdout
    assert "table.csv: the file is empty" in last_line(up)


def test_a_container_that_can_not_even_be_made_is_told_with_its_code(pipeline: Pipeline) -> None:
    (pipeline.folder / "nowhere.yaml").write_text(
        "services: {clean: {runtime: nowhere}}", encoding="utf-8"
    )
    nowhere = replace(pipeline, compose_files=(pipeline.folder / "nowhere.yaml",))

    rerun = nowhere.make("rerun", FORCE="1")

    assert rerun.returncode not in {0, 127}
    assert last_line(rerun) == "clean did not start; see the error above"
    assert "nowhere" in rerun.stderr
    assert "No such object" not in rerun.stderr


def docker_that_fails_once(folder: Path) -> dict[str, str]:
    """Return the variables with which `docker` fails once, at what FAILS_AT names."""
    shim = folder / "bin/docker"
    shim.parent.mkdir()
    shim.write_text(DOCKER_THAT_FAILS_ONCE, encoding="utf-8")
    shim.chmod(0o755)
    real = shutil.which("docker")
    assert real is not None
    return {"IMAGE": BASE_IMAGE, "DOCKER": real, "PATH": f"{shim.parent}:{os.environ['PATH']}"}
