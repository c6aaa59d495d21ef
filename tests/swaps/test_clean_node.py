"""swaps/clean-node: a stage without Python, which cleans as the default does."""

import json
import os
import subprocess
import tarfile
import tempfile

import docker
from support.running import BASE_IMAGE, ROOT
from support.swapped_clean import (
    test_it_cleans_as_the_default_does,  # noqa: F401  # pytest collects it
    test_the_api_answers_with_what_it_cleaned,  # noqa: F401  # pytest collects it
)

SWAP = "clean-node"
FOLDER = ROOT / "swaps/clean-node"


def test_the_image_holds_neither_python_nor_a_shell(
    engine: docker.DockerClient, swap_images: dict[str, str]
) -> None:
    container = engine.containers.create(swap_images[SWAP])
    try:
        with tempfile.TemporaryFile() as export:
            export.writelines(container.export())
            export.seek(0)
            with tarfile.open(fileobj=export) as archive:
                names = [member.name for member in archive if not member.isdir()]
    finally:
        container.remove()

    programs = {name for name in names if {"bin", "sbin"} & set(name.split("/")[:-1])}
    assert programs == {"usr/bin/flock", "usr/bin/node"}
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
