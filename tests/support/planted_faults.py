"""Faults that are planted in stages that keep the contract, and images that have one of them.

`tests/conformance/broken/<stage>` holds Python modules that change our own stages at the start.
`tests/conformance/stages/<stage>-<what>` holds stages in other languages, each with a catalogue
`faults.toml` of changes to the text of its files; a swap may have one, too.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from support.breaking import FAULTS, FOUND_BY, broken_image
from support.running import BASE_IMAGE, ROOT, TAG, stage_of

FOREIGN_STAGES = ROOT / "tests/conformance/stages"
CATALOGUE = "faults.toml"


class FaultError(Exception):
    """A fault that cannot be planted."""


@dataclass(frozen=True)
class PlantedFault:
    """One fault of one image."""

    subject: str
    """The stage that has it: `clean`, or the folder of a foreign stage."""
    name: str
    what: str
    """What is wrong for the reader of the artifact or the client."""
    file: Path
    old: str = ""
    new: str = ""
    unseen: str = ""
    """Why no black box can see it, if none can."""
    checks: frozenset[str] = frozenset()
    """The checks that are known to find it."""

    @property
    def stage(self) -> str:
        return stage_of(self.subject)

    @property
    def is_text_patch(self) -> bool:
        return bool(self.old)

    @property
    def digest(self) -> str:
        """Digest of the change: a changed fault is planted again."""
        change = [self.old, self.new] if self.is_text_patch else [self.file.read_text("utf-8")]
        return hashlib.sha256("\0".join([self.file.name, *change]).encode()).hexdigest()[:16]


def foreign_stages() -> dict[str, Path]:
    """Return the folders with a catalogue by name: stages in other languages, and swaps."""
    parents = (FOREIGN_STAGES, ROOT / "swaps")
    found = (path.parent for parent in parents for path in parent.glob(f"*/{CATALOGUE}"))
    return {path.name: path for path in sorted(found)}


def faults_of(subject: str) -> list[PlantedFault]:
    """Return all faults of one of our stages, or of a foreign one."""
    if subject not in foreign_stages():
        return [
            PlantedFault(
                subject=subject,
                name=path.stem,
                what=path.stem.replace("_", " "),
                file=path,
                checks=FOUND_BY[f"{subject}/{path.name}"],
            )
            for path in sorted((FAULTS / subject).glob("*.*"))
        ]
    path = foreign_stages()[subject] / CATALOGUE
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("fault", [])
    names = [entry["name"] for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FaultError(f"{path}: two faults are called {twice[0]}")
    return [
        PlantedFault(
            subject=subject,
            name=entry["name"],
            what=entry["what"],
            file=path.parent / entry["file"],
            old=entry["old"],
            new=entry["new"],
            unseen=entry.get("unseen", ""),
        )
        for entry in entries
    ]


@contextmanager
def faulty_image(engine: docker.DockerClient, image: str, fault: PlantedFault) -> Iterator[str]:
    """Yield an image with this fault; `image` is the one without."""
    if not fault.is_text_patch:
        with broken_image(engine, image, fault.file) as broken:
            yield broken
        return
    # A name in a catalogue may have capitals, which a name of an image may not.
    name = f"stagecoach-test/{fault.subject}-{fault.digest}:{TAG}"
    with tempfile.TemporaryDirectory(prefix="fault-") as folder:
        stage = foreign_stages()[fault.subject]
        context = Path(shutil.copytree(stage, Path(folder) / "context"))
        path = context / fault.file.relative_to(stage)
        path.write_text(patched(fault), encoding="utf-8", newline="")
        build_foreign(context, name)
    try:
        yield name
    finally:
        engine.images.remove(name, force=True)


def patched(fault: PlantedFault) -> str:
    """Return the text of the fault's file with the fault.

    Raises:
        FaultError: the text to replace is not exactly once in the file.
    """
    with fault.file.open(encoding="utf-8", newline="") as file:
        text = file.read()
    if (count := text.count(fault.old)) != 1:
        raise FaultError(
            f"{fault.subject}/{fault.name}: its old text is {count} times in {fault.file.name};"
            " expected once"
        )
    if fault.old == fault.new:
        raise FaultError(f"{fault.subject}/{fault.name}: it changes nothing")
    return text.replace(fault.old, fault.new)


def conformant_image(subject: str) -> str:
    """Build the image without a fault and return its name."""
    if subject in foreign_stages():
        name = f"stagecoach-test/{subject}:{TAG}"
        build_foreign(foreign_stages()[subject], name)
        return name
    environment = os.environ | {"TAG": TAG}
    build = ["docker", "compose", "--file", str(ROOT / "compose.yaml"), "build", "-q", subject]
    subprocess.run(build, cwd=ROOT, env=environment, check=True)
    return f"stagecoach/{subject}:{TAG}"


def build_foreign(context: Path, name: str) -> None:
    """Build the image of a foreign stage from a folder; layers that are not changed are reused."""
    command = ["docker", "build", "--quiet", "--tag", name, "--build-context"]
    command += [f"contract={ROOT / 'contract'}", "--build-arg", f"PYTHON_IMAGE={BASE_IMAGE}"]
    result = subprocess.run([*command, context], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise FaultError(f"{name} cannot be built: {result.stderr.strip()}")


def commit() -> str:
    """Return the commit of this checkout, marked if something is not committed."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return result.stdout.strip()
