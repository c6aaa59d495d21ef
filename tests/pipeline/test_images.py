"""An image says which stage it is, and no command starts it in another place."""

import io
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import docker
import pytest
from stage_contract.artifacts.digests import CONTRACT_VERSION
from support.running import ROOT, TAG

type Check = Callable[..., subprocess.CompletedProcess[str]]

RIGHT = {"stagecoach.stage": "clean", "stagecoach.contract": CONTRACT_VERSION}


@pytest.fixture
def build_clean(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Check]:
    """Do what every command begins with, with an image of these labels in the place of clean."""
    name = f"stagecoach-test/labelled:{TAG}"

    def check(labels: Mapping[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
        engine.images.build(
            fileobj=io.BytesIO(b"FROM scratch\nENV A=1\n"), tag=name, labels=dict(labels), rm=True
        )
        override = tmp_path / "compose.yaml"
        override.write_text(
            f"services: {{clean: {{image: '{name}', build: !reset null}}}}\n", encoding="utf-8"
        )
        return subprocess.run(
            ["sh", "-eu", "-c", ". scripts/project.sh; build clean; echo started"],
            cwd=ROOT,
            env=os.environ | {"COMPOSE_FILE": f"compose.yaml:{override}"} | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    yield check
    engine.images.remove(name, force=True)


def test_an_image_in_its_place_is_started_without_a_word(build_clean: Check) -> None:
    run = build_clean(RIGHT | {"stagecoach.memory": "1g"})

    assert run.stdout.splitlines()[-1] == "started"
    assert "stagecoach" not in run.stderr


def test_an_image_of_another_stage_is_refused_with_the_remedy(build_clean: Check) -> None:
    run = build_clean(RIGHT | {"stagecoach.stage": "train"})

    assert run.returncode == 78
    assert "started" not in run.stdout
    assert run.stderr.splitlines()[-1] == (
        f"clean: stagecoach-test/labelled:{TAG} is an image of train, by its label"
        " stagecoach.stage; put it under 'services: train:' of your compose file, and an image of"
        " clean here"
    )


def test_an_image_of_another_major_version_is_refused(build_clean: Check) -> None:
    run = build_clean(RIGHT | {"stagecoach.contract": "2.0"})

    assert run.returncode == 78
    assert f"keeps contract 2.0, and this checkout has {CONTRACT_VERSION}" in run.stderr


def test_an_image_that_says_nothing_is_started_with_one_warning(build_clean: Check) -> None:
    run = build_clean({})

    assert run.stdout.splitlines()[-1] == "started"
    assert run.stderr.splitlines()[-1].startswith("warning: ")
    assert run.stderr.count(f"clean: stagecoach-test/labelled:{TAG}") == 1


def test_too_low_a_limit_of_memory_is_a_warning(build_clean: Check) -> None:
    run = build_clean(RIGHT | {"stagecoach.memory": "8g"}, STAGE_MEMORY="2g")

    assert run.stdout.splitlines()[-1] == "started"
    assert "is made for 8g of memory" in run.stderr
    assert "STAGE_MEMORY=8g" in run.stderr


@pytest.mark.parametrize("stage", ["ingest", "clean", "features", "train", "serve"])
def test_make_settings_lists_what_an_image_declares(stage: str, images: dict[str, str]) -> None:
    listed = subprocess.run(
        ["make", "settings", f"STAGE={stage}"],
        cwd=ROOT,
        env=os.environ | {"TAG": TAG},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {
        "ingest": '  quote = "\\""',
        "clean": "  columns.<name>.required = false",
        "features": "  test_share = 0.2",
        "train": '  gate.worse_by = "noise"',
        "serve": "  max_rows = 10000",
    }

    first, *lines = listed.stdout.splitlines()
    assert first == f"[{stage}] of {images[stage]}"
    assert expected[stage] in lines
