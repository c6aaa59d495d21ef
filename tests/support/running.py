"""A pipeline of a test's own: project, port, volumes, data and settings that nobody else uses."""

import io
import os
import re
import shlex
import socket
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker
import httpx
from stage_contract import Artifact, open_latest

ROOT = Path(__file__).parents[2]
BASE_IMAGE = os.environ.get("PYTHON_IMAGE", "python:3.13-slim")
TAG = "-".join(
    part
    for part in (os.environ.get("TEST_TAG", "test"), os.environ.get("PYTEST_XDIST_WORKER"))
    if part
)
BATCH = ("ingest", "clean", "features", "train")
KINDS = ("raw-data", "clean-data", "feature-data", "model")

WITHOUT_BUILDS = Path(__file__).with_name("built.yaml")
"""Leaves out the builds: two seconds even if nothing changed. A later file may add one."""

HINT_VARIABLES = tuple(
    re.findall(r'HINT_VARIABLES="([^"]*)"', (ROOT / "scripts/hints.sh").read_text("utf-8"))[
        0
    ].split()
)
"""What a command to paste repeats."""

SWAPS = tuple(sorted(path.parent.name for path in (ROOT / "swaps").glob("*/compose.yaml")))
"""The folders of swaps/: `<stage>-<what>`."""


def stage_of(swap: str) -> str:
    """Return the stage that a swap takes the place of."""
    return swap.partition("-")[0]


def swap_override(swap: str) -> Path:
    """Return the compose file that puts a swap in place."""
    return ROOT / "swaps" / swap / "compose.yaml"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Pipeline:
    """One pipeline under test; `folder` holds its data/ and pipelines/."""

    engine: docker.DockerClient
    folder: Path
    name: str = "tiny"
    project: str = field(default_factory=lambda: f"stagecoach-test-{uuid.uuid4().hex[:8]}")
    port: int = field(default_factory=free_port)
    compose_files: tuple[Path, ...] = ()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        files = [ROOT / "compose.yaml", WITHOUT_BUILDS, *self.compose_files]
        return os.environ | {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": ":".join(str(path) for path in files),
            "DATA": str(self.folder / "data"),
            "PIPELINES": str(self.folder / "pipelines"),
            "RESULTS": str(self.folder / "out"),
            "PIPELINE": self.name,
            "PORT": str(self.port),
            "TAG": TAG,
        }

    def hint(self, arguments: str, **own: str) -> str:
        """Return the command to paste that scripts print; `own` are variables that it sets."""
        given = {name: self.environment.get(name, "") for name in HINT_VARIABLES}
        variables = own | {name: value for name, value in given.items() if name not in own}
        words = [f"{name}={shlex.quote(value)}" for name, value in variables.items() if value]
        return " ".join([*words, "make", arguments])

    def configure(self, text: str) -> None:
        """Write the pipeline file."""
        path = self.folder / "pipelines" / f"{self.name}.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def provide(self, name: str, content: str | bytes) -> None:
        """Write a source table."""
        path = self.folder / "data" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def make(
        self, command: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Do what `make up`, `make rerun`, `make rollback ID=…` and so on do."""
        return self._run([str(ROOT / "scripts/pipeline.sh"), command, *arguments], **variables)

    def look(
        self, command: str, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Do what `make status`, `make history`, `make diff` and `make verify` do."""
        return self._run([str(ROOT / "scripts/history.sh"), command, *arguments], **variables)

    def score(self, **arguments: str) -> subprocess.CompletedProcess[str]:
        """Do what `make score IN=… OUT=…` does."""
        return self._run([str(ROOT / "scripts/score.sh")], **arguments)

    def init(self, **arguments: str) -> subprocess.CompletedProcess[str]:
        """Do `make init FILE=… TARGET=…`."""
        return self._run(["make", "init"], **arguments)

    def compose(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(["docker", "compose", *arguments])

    def container_id(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service).stdout.strip()

    def latest(self, kind: str) -> Artifact:
        """Return the latest artifact of a kind, copied out of its volume."""
        return open_latest(self.copy_of(kind), kind)

    def copy_of(self, kind: str) -> Path:
        """Copy a volume to a fresh folder on the host."""
        target = Path(tempfile.mkdtemp(dir=self.folder))
        container = self.engine.containers.create(BASE_IMAGE, volumes=self._mount(kind))
        try:
            chunks, _ = container.get_archive("/volume")
            with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
                archive.extractall(target, filter="data")
        finally:
            container.remove()
        return target / "volume"

    def inodes(self, kind: str) -> set[str]:
        """Return path, inode and modification time of every file on a volume."""
        command = ["find", "/volume", "-type", "f", "-printf", "%P %i %T@\n"]
        listing = self.engine.containers.run(
            BASE_IMAGE, command, volumes=self._mount(kind), remove=True, network_mode="none"
        )
        return set(listing.decode().splitlines())

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=10)

    def remove(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "2")

    def _mount(self, kind: str) -> dict[str, dict[str, str]]:
        return {f"{self.project}_{kind}": {"bind": "/volume", "mode": "ro"}}

    def _run(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        environment = self.environment | variables
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )


@contextmanager
def readable_folder() -> Iterator[Path]:
    """Yield a folder that the containers' user can read, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="stagecoach-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a user sees of a failed command."""
    return (result.stderr.strip() or result.stdout.strip()).splitlines()[-1]
