"""A container that Docker itself fails to start is tried once more, then named with the reason."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import MakePipeline
from running import Pipeline, last_line

TABLE = "size,price\n" + "".join(f"{n % 17},{n % 17 * 3}\n" for n in range(60))
IMPOSSIBLE = "services: {clean: {volumes: ['./data:/proc/stagecoach']}}"
"""Docker's runtime refuses it when the container starts."""
DOCKER_THAT_FAILS_ONCE = """#!/bin/sh
case "$*" in
    *"$FAILS_AT"*)
        if mkdir "$FOLDER/failed" 2>/dev/null; then
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
    pipeline.configure('source = "table.csv"\ntarget = "price"\n')
    (pipeline.folder / "impossible.yaml").write_text(IMPOSSIBLE, encoding="utf-8")
    return pipeline


@pytest.mark.parametrize(
    ("command", "fails_at", "force"),
    [
        ("up", "compose --ansi never --progress quiet up", ""),
        ("rerun", "-forced-clean --no-deps", "1"),
    ],
)
def test_a_start_that_fails_once_is_made_again(
    pipeline: Pipeline, command: str, fails_at: str, force: str
) -> None:
    path = docker_that_fails_once(pipeline.folder)

    ended = pipeline.make(
        command, FORCE=force, FOLDER=str(pipeline.folder), FAILS_AT=fails_at, **path
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Docker could not start clean; once more" in ended.stdout
    assert (pipeline.folder / "failed").is_dir()
    assert pipeline.latest("model")


def test_a_start_that_fails_again_is_named_with_the_reason(pipeline: Pipeline) -> None:
    pipeline = replace(pipeline, compose_files=(pipeline.folder / "impossible.yaml",))

    up = pipeline.make("up")

    assert up.returncode == 128
    assert up.stdout.count("once more") == 1
    assert last_line(up).startswith("Docker could not start clean: failed to create task")
    assert "/proc" in last_line(up)


def docker_that_fails_once(folder: Path) -> dict[str, str]:
    """Return the variables with which `docker` fails once, at what FAILS_AT names."""
    shim = folder / "bin/docker"
    shim.parent.mkdir()
    shim.write_text(DOCKER_THAT_FAILS_ONCE, encoding="utf-8")
    shim.chmod(0o755)
    real = shutil.which("docker")
    assert real is not None
    return {"DOCKER": real, "PATH": f"{shim.parent}:{os.environ['PATH']}"}
