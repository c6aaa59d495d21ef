"""Images that break the contract in one way, and what the conformance kit says of them."""

import io
import tarfile
import tomllib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import conformance.checks  # noqa: F401  # registers them
import docker
from conformance.harness.checking import CHECKS
from conformance.harness.running import Verdict, run_checks
from conformance.harness.subject import Subject

from support.running import BASE_IMAGE, ROOT, TAG

FAULTS = ROOT / "tests/conformance/broken"
FOUND_BY = {
    f"{stage}/{name}": frozenset(checks)
    for stage, faults in tomllib.loads((FAULTS / "found_by.toml").read_text("utf-8")).items()
    for name, checks in faults.items()
}
"""The checks that find a fault, by its file."""


@contextmanager
def broken_image(engine: docker.DockerClient, image: str, fault: Path) -> Iterator[str]:
    """Yield an image with a fault: more lines of its Dockerfile, or a module run at the start."""
    # Python imports a module of this name in every process, before the program.
    lines = "COPY fault.py /app/sitecustomize.py\n"
    if fault.suffix == ".dockerfile":
        lines = fault.read_text(encoding="utf-8")
    dockerfile = f"FROM {image}\n{lines}"
    name = f"stagecoach-test/{fault.parent.name}-{fault.stem.replace('_', '-')}:{TAG}"
    files = {"Dockerfile": dockerfile.encode(), "fault.py": fault.read_bytes()}
    engine.images.build(fileobj=image_context(files), custom_context=True, tag=name, rm=True)
    try:
        yield name
    finally:
        engine.images.remove(name, force=True)


def verdicts(
    engine: docker.DockerClient,
    image: str,
    stage: str,
    *,
    only: Collection[str] = (),
    api: Literal["all", "oip"] = "all",
) -> list[Verdict]:
    """Put an image through the checks of its stage, or through some of them."""
    checks = [each for each in CHECKS if stage in each.stages and (not only or each.name in only)]
    with Subject(engine, image, stage, base_image=BASE_IMAGE, api=api) as subject:
        return list(run_checks(checks, subject))


def faulty(found: Collection[Verdict]) -> set[str]:
    """Return the names of the checks that found a fault."""
    return {verdict.check.name for verdict in faults_in(found)}


def faults_in(found: Collection[Verdict]) -> list[Verdict]:
    """Return the verdicts of the checks that found a fault, whole, for a test's message."""
    return [verdict for verdict in found if verdict.verdict == "fault"]


def image_context(files: dict[str, bytes]) -> io.BytesIO:
    """Return the files of an image, as the engine takes them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    buffer.seek(0)
    return buffer
