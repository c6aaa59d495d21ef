"""What the tests of the contract share: volumes to publish on, and a tiny stage to run."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from stage_contract import Artifact, open_latest
from stage_contract.artifacts.publishing import open_draft, publish

HERE = Path(__file__).parent
SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    path = tmp_path / "volume"
    path.mkdir()
    return path


@pytest.fixture
def publish_example() -> Callable[..., Artifact]:
    """Publish an artifact of two small files: (volume, name, text, facts of the manifest)."""
    return _publish_example


def _publish_example(
    volume: Path, name: str = "a", *, text: str = "1", may_differ: bool = False, **facts: Any
) -> Artifact:
    manifest = {
        "contract": "1.0",
        "kind": "clean-data",
        "id": name * (16 // len(name)),
        "stage": {"name": "clean", "version": "1", "build": SHA256_OF_NOTHING},
        "settings": "{}",
        "inputs": [{"kind": "raw-data", "content": SHA256_OF_NOTHING}],
        "lineage": [{"source": "a.csv", "bytes": 1, "sha256": SHA256_OF_NOTHING}],
        "rows": 1,
        "metrics": {"rejected": 0},
    }
    with open_draft(volume) as draft:
        draft.may_differ = may_differ
        (draft.folder("table") / "part-00000.txt").write_text(text, encoding="utf-8")
        (draft.path / "schema.json").write_text(text, encoding="utf-8")
        return publish(draft, volume, manifest | facts, run={"host": "test"})


@dataclass
class TinyStage:
    """The stage of tiny_stage.py as a process, with the volumes and the pipeline it works on."""

    root: Path
    build: dict[str, str] | None = field(
        default_factory=lambda: {"code": "1", "requirements.lock": "1", "python": "3.13.5"}
    )
    path: str = f"{HERE.parent}/src"
    out: Path = field(init=False)

    def __post_init__(self) -> None:
        self.out = self.root / "out"
        for path in (self.root / "in", self.out):
            path.mkdir()
        self.configure("")
        self.provide("21")

    def configure(self, settings: str) -> None:
        """Write the pipeline file; `settings` are the lines of the table [clean]."""
        (self.root / "tiny.toml").write_text(f"[clean]\n{settings}\n", encoding="utf-8")

    def provide(self, text: str) -> Artifact:
        """Publish another input; equal text gives equal content."""
        name = f"{sum(text.encode()):016x}"
        return _publish_example(self.root / "in", name, text=text, kind="raw-data")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(HERE / "tiny_stage.py"), *arguments]

    @property
    def environment(self) -> dict[str, str]:
        build = self.root / "build.json"
        build.unlink(missing_ok=True)
        if self.build is not None:
            build.write_text(json.dumps(self.build), encoding="utf-8")
        return os.environ | {
            "STAGE_IN": str(self.root / "in"),
            "STAGE_OUT": str(self.out),
            "STAGE_CONFIG": str(self.root),
            "STAGE_BUILD": str(build),
            "PIPELINE": "tiny",
            "PYTHONPATH": self.path,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def says(self, *arguments: str, **variables: str) -> str:
        """Return the log of a run that ends with 0."""
        result = self.run(*arguments, **variables)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def latest(self) -> Artifact:
        return open_latest(self.out, "clean-data")

    @property
    def files(self) -> dict[str, tuple[int, int]]:
        """Inode and time of change of everything on the output volume."""
        paths = sorted(self.out.rglob("*"))
        return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}

    @property
    def failure(self) -> dict[str, Any]:
        failed: dict[str, Any] = json.loads((self.out / "FAILED.json").read_bytes())
        return failed


@pytest.fixture
def stage(tmp_path: Path) -> TinyStage:
    return TinyStage(tmp_path)


@pytest.fixture
def mount_tmpfs(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount a file system of its own with these options; needs root."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        path = tmp_path / f"tmpfs-{len(mounted)}"
        path.mkdir()
        result = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {result.stderr.strip()}")
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", path], check=True)
