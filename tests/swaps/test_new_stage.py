"""`make new-stage`: a folder that keeps the contract as it is, and never in place of another."""

import filecmp
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import yaml
from stage_contract import open_latest
from stage_contract.artifacts.publishing import newest_first
from stage_contract.artifacts.verdicts import read_verdict
from support.checkouts import checkout
from support.running import ROOT, TAG


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


@pytest.mark.parametrize("stage", ["ingest", "train", "serve"])
def test_the_stage_that_it_makes_passes_the_conformance_kit(
    engine: docker.DockerClient, folder: Path, stage: str
) -> None:
    made = make(folder, "new-stage", f"STAGE={stage}", "NAME=small")
    assert made.returncode == 0, made.stderr
    assert f"from swaps/template/{stage}" in made.stdout
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
    assert f"keeps the contract of {stage}" in run.stdout
    assert re.search(r"^ok .*\bdeclared\b", run.stdout, re.MULTILINE)
    engine.images.remove(f"stagecoach/{stage}-small:{TAG}", noprune=True)


@pytest.mark.parametrize(
    ("stage", "source"), [("features", ""), ("train", "ours"), ("serve", "ours")]
)
def test_without_a_template_or_from_ours_it_copies_ours(
    folder: Path, stage: str, source: str
) -> None:
    made = make(folder, "new-stage", f"STAGE={stage}", "NAME=copy", FROM=source)

    assert made.returncode == 0, made.stderr
    ours, copy = folder / "services" / stage, folder / f"swaps/{stage}-copy"
    differing = filecmp.dircmp(ours, copy)
    left = ("clients", "docs", "testing", "tests")
    assert differing.left_only == [name for name in left if (ours / name).exists()]
    assert differing.right_only == ["compose.yaml"]
    assert sorted(differing.diff_files) == ["Dockerfile", "README.md", "pyproject.toml"]
    assert filecmp.dircmp(ours / "src", copy / "src").diff_files == []


def test_the_first_model_of_another_trainer_is_compared_with_the_live_one_of_ours(
    tmp_path: Path,
) -> None:
    subprocess.run([ROOT / "scripts/envs.sh", "train-tests"], check=True)
    volume = Path(shutil.copytree(ROOT / "contract/examples/model", tmp_path / "model"))
    live = open_latest(volume, "model").id
    code = ("contract/src", "contract/modelling/src", "swaps/template/train/src")
    (tmp_path / "tiny.toml").write_text("[train]\ntrees = 2\n", encoding="utf-8")

    run = subprocess.run(
        [ROOT / ".envs/train-tests/bin/python", "-m", "train"],
        env=os.environ
        | {
            "PYTHONPATH": ":".join(str(ROOT / folder) for folder in code),
            "PIPELINE": "tiny",
            "STAGE_CONFIG": str(tmp_path),
            "STAGE_IN": str(ROOT / "contract/examples/feature-data"),
            "STAGE_OUT": str(volume),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    (made,) = [path for path in newest_first(volume) if path.name != live]
    checks = {check["check"]: check for check in read_verdict(made)["checks"]}
    assert checks["live"]["model"] == live
    assert checks["live"]["rows"] == 15


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
