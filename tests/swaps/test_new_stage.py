"""`make new-stage`: a folder that keeps the contract as it is, and never in place of another."""

import filecmp
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import yaml
from support.checkouts import checkout
from support.running import TAG


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with checkout() as copy:
        yield copy


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=folder,
        env=os.environ | {"TAG": TAG} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_ingest_that_it_makes_passes_the_conformance_kit(
    engine: docker.DockerClient, folder: Path
) -> None:
    made = make(folder, "new-stage", "STAGE=ingest", "NAME=csv")
    assert made.returncode == 0, made.stderr
    commands = made.stdout.partition("\n\n")[2].partition("make up")[0]

    # As it is printed, up to the question whether the contract is kept.
    run = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=folder,
        env=os.environ | {"TAG": TAG},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert "keeps the contract of ingest" in run.stdout
    engine.images.remove(f"stagecoach/ingest-csv:{TAG}", noprune=True)


@pytest.mark.parametrize("stage", ["features", "train", "serve"])
def test_without_a_template_it_copies_ours(folder: Path, stage: str) -> None:
    made = make(folder, "new-stage", f"STAGE={stage}", "NAME=copy")

    assert made.returncode == 0, made.stderr
    ours, copy = folder / "services" / stage, folder / f"swaps/{stage}-copy"
    differing = filecmp.dircmp(ours, copy)
    left = ("clients", "docs", "testing", "tests")
    assert differing.left_only == [name for name in left if (ours / name).exists()]
    assert differing.right_only == ["compose.yaml"]
    assert sorted(differing.diff_files) == ["Dockerfile", "README.md", "pyproject.toml"]
    assert filecmp.dircmp(ours / "src", copy / "src").diff_files == []


@pytest.mark.parametrize("stage", ["ingest", "clean", "features", "train", "serve"])
def test_the_override_replaces_that_one_service(folder: Path, stage: str) -> None:
    make(folder, "new-stage", f"STAGE={stage}", "NAME=other", FROM="ours")
    override = folder / f"swaps/{stage}-other/compose.yaml"

    config = subprocess.run(
        ["docker", "compose", "-f", "compose.yaml", "-f", override, "config"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )

    services = yaml.safe_load(config.stdout)["services"]
    folders = {name: Path(service["build"]["context"]).name for name, service in services.items()}
    others = [name for name in ("ingest", "clean", "features", "train", "serve") if name != stage]
    assert folders == {stage: f"{stage}-other"} | {name: name for name in others}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["STAGE=clea", "NAME=mine"],
            "STAGE=clea: expected ingest, clean, features, train or serve",
        ),
        (["STAGE=clean"], "NAME is missing; for example: make new-stage STAGE=clean NAME=mine"),
        (["STAGE=clean", "NAME=My stage"], "NAME=My stage: use lower-case letters"),
        (["STAGE=serve", "NAME=mlserver"], "swaps/serve-mlserver: is there already"),
        (["STAGE=clean", "NAME=tests"], "NAME=tests: .envs/clean-tests is another environment's"),
    ],
)
def test_a_wrong_name_is_refused_and_nothing_made(
    folder: Path, arguments: list[str], says: str
) -> None:
    before = sorted(path for path in (folder / "swaps").iterdir())

    made = make(folder, "new-stage", *arguments)

    assert made.returncode != 0
    assert says in made.stderr
    assert sorted(path for path in (folder / "swaps").iterdir()) == before
