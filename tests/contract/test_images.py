"""What the default images promise beyond the contract; that itself is checked by the kit."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from conformance.harness.runs import Run
from conformance.harness.stages import KINDS, WRITES
from conformance.harness.subject import Subject
from conformance.validity.digests import check_digests
from conformance.validity.manifests import check_documents, check_manifest
from conformance.validity.published import Published
from stage_contract import open_latest
from support.running import BATCH, ROOT

EXAMPLES = ROOT / "contract/examples"
LIMITS_MB = {
    "ingest": 450,
    "clean": 450,
    "features": 650,
    "train": 750,
    "serve": 300,
    "batch": 400,
}


@pytest.fixture(params=BATCH)
def subject(
    request: pytest.FixtureRequest, engine: docker.DockerClient, images: dict[str, str]
) -> Iterator[Subject]:
    with Subject(engine, images[request.param], request.param) as subject:
        yield subject


def run_python(subject: Subject, code: str) -> str:
    output = subject.engine.containers.run(
        subject.image, ["-c", code], entrypoint="python", network_mode="none", remove=True
    )
    return str(output.decode().strip())


@pytest.mark.parametrize("volume", [*KINDS, "penguins/feature-data", "penguins/model"])
def test_the_examples_keep_the_contract(volume: str) -> None:
    kind = Path(volume).name
    artifact = open_latest(EXAMPLES / volume, kind)
    artifact.verify()

    example = Published(artifact.path, artifact.manifest)
    check_manifest(example, kind)
    check_digests(example)
    check_documents(example)


def test_a_forced_run_gives_the_same_bytes_again(subject: Subject) -> None:
    with subject.volume() as out:
        first = subject.run(out=out)
        forced = subject.run(out=out, arguments=["--force"])

    assert forced.exit_code == 0, forced.log
    assert "forced" in forced.log
    assert forced.published == first.published
    assert len(forced.published) == 1


def test_no_package_tool_is_left_in_an_image(subject: Subject) -> None:
    look = "import shutil, glob; print(shutil.which('uv'), glob.glob('/venv/bin/pip*'))"

    assert run_python(subject, look) == "None []"


def test_help_says_what_a_stage_does(subject: Subject) -> None:
    result: Run = subject.run(arguments=["--help"])

    assert result.exit_code == 0
    assert f"writes {WRITES[subject.stage]}" in result.log


@pytest.mark.parametrize("stage", LIMITS_MB)
def test_an_image_stays_within_its_size(
    stage: str, engine: docker.DockerClient, images: dict[str, str]
) -> None:
    assert engine.images.get(images[stage]).attrs["Size"] / 1e6 <= LIMITS_MB[stage]
