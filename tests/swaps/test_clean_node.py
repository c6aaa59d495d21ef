"""swaps/clean-node: a stage without Python, which cleans as the default does."""

import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator

import docker
import pytest
from conftest import MakePipeline
from running import BASE_IMAGE, ROOT, Pipeline
from swapped_clean import by_default, document, image_of, rejects, table, up_with

SWAP = "clean-node"
FOLDER = ROOT / "swaps/clean-node"


@pytest.fixture(scope="module")
def pipeline(engine: docker.DockerClient, session_pipelines: MakePipeline) -> Iterator[Pipeline]:
    yield up_with(SWAP, session_pipelines)
    engine.images.remove(image_of(SWAP), force=True, noprune=True)


def test_the_api_answers_with_what_it_cleaned(pipeline: Pipeline) -> None:
    row = {"island": "Biscoe", "bill_length_mm": 46.1, "bill_depth_mm": 13.2, "sex": "female"}
    with pipeline.client() as client:
        answer = client.post("/predict", json={"rows": [row | {"year": 2007}]})

    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"][0]["species"] == "Gentoo"
    assert pipeline.latest("clean-data").manifest["stage"]["version"].startswith("node ")


def test_it_cleans_as_the_default_does(pipeline: Pipeline) -> None:
    ours = pipeline.latest("clean-data")
    default = by_default(pipeline)

    assert default.id != ours.id
    assert table(ours).equals(table(default))
    assert document(ours, "schema.json") == document(default, "schema.json")
    assert rejects(ours) == rejects(default)


def test_the_image_holds_neither_python_nor_a_shell(
    engine: docker.DockerClient,
    pipeline: Pipeline,  # noqa: ARG001  # it built the image
) -> None:
    container = engine.containers.create(image_of(SWAP))
    try:
        with tempfile.TemporaryFile() as export:
            export.writelines(container.export())
            export.seek(0)
            with tarfile.open(fileobj=export) as archive:
                names = [member.name for member in archive if not member.isdir()]
    finally:
        container.remove()

    programs = {name for name in names if {"bin", "sbin"} & set(name.split("/")[:-1])}
    assert programs == {"usr/bin/node"}
    assert [name for name in names if "python" in name] == []


def test_its_unit_tests_pass_in_its_image() -> None:
    build = subprocess.run(
        [
            *("docker", "build", "--quiet", "--target", "test"),
            *("--build-arg", f"PYTHON_IMAGE={BASE_IMAGE}"),
            *("--build-context", f"contract={ROOT / 'contract'}", FOLDER),
        ],
        env=os.environ | {"DOCKER_BUILDKIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert build.returncode == 0, build.stderr
    subprocess.run(
        ["docker", "rmi", "--no-prune", build.stdout.strip()], capture_output=True, check=True
    )


def test_every_package_is_locked_by_its_hash_and_has_no_address() -> None:
    text = (FOLDER / "package-lock.json").read_text(encoding="utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}

    assert "resolved" not in text
    assert len(packages) >= 5
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "+sha512." in json.loads((FOLDER / "package.json").read_text("utf-8"))["packageManager"]
