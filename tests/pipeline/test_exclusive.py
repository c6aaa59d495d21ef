"""One command at a time works on a pipeline, from one folder; with a made-up `docker`."""

import fcntl
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.running import ROOT, last_line

DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in ps*working_dir*) echo "$WORKING_DIR" ;; esac
"""
CHANGING = ["up", "rerun", "watch", "deploy-serve"]


@dataclass(frozen=True)
class Host:
    """A machine whose `docker` writes down how it is called and knows one working directory."""

    folder: Path
    working_dir: str = str(ROOT)
    project: str = field(default_factory=lambda: f"made-up-{uuid.uuid4().hex[:8]}")

    @property
    def lock(self) -> Path:
        return ROOT / ".local/locks" / self.project

    @property
    def calls(self) -> str:
        return (self.folder / "calls").read_text(encoding="utf-8")

    def make(self, command: str) -> subprocess.CompletedProcess[str]:
        variables = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(self.folder / "calls"),
            "WORKING_DIR": self.working_dir,
            "COMPOSE_PROJECT_NAME": self.project,
            "PIPELINE": "penguins",
        }
        script = ROOT / "scripts/pipeline.sh"
        return subprocess.run(
            [script, command],
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    yield (made := host_with(tmp_path))
    made.lock.unlink(missing_ok=True)


def host_with(folder: Path, **options: str) -> Host:
    docker = folder / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    return Host(folder, **options)


@pytest.mark.parametrize("command", CHANGING)
def test_a_command_ends_at_once_while_another_one_works_and_says_which(
    host: Host, command: str
) -> None:
    host.lock.parent.mkdir(parents=True, exist_ok=True)
    host.lock.write_text("make rerun of somebody@here, process 7, since today\n", encoding="utf-8")
    with host.lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = host.make(command)

    assert second.returncode == 75
    assert "is busy: make rerun of somebody@here, process 7, since today" in last_line(second)
    assert "compose" not in host.calls.replace("com.docker.compose", "")


def test_a_lock_whose_holder_has_ended_holds_nobody_up(host: Host) -> None:
    host.make("rerun")

    again = host.make("rerun")

    assert again.returncode != 75
    assert host.lock.read_text(encoding="utf-8").startswith("make rerun of ")


@pytest.mark.parametrize("command", [*CHANGING, "down"])
def test_containers_of_another_folder_are_left_alone(tmp_path: Path, command: str) -> None:
    other = tmp_path / "another checkout"
    other.mkdir()
    host = host_with(tmp_path, working_dir=str(other))

    refused = host.make(command)

    assert refused.returncode == 78
    assert f"were created from {other}, and this is {ROOT}" in last_line(refused)
    assert f"make -C '{other}' down" in last_line(refused)
    assert "compose" not in host.calls.replace("com.docker.compose", "")


def test_containers_of_a_folder_that_is_gone_are_taken_over(tmp_path: Path) -> None:
    host = host_with(tmp_path, working_dir=str(tmp_path / "gone"))

    taken = host.make("down")

    assert taken.returncode == 0, taken.stderr
    assert "gone, which no longer exists; this folder takes them over" in taken.stdout
