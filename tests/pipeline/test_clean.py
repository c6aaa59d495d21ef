"""`make clean` removes what is one pipeline's, with a made-up docker on a copy of this tree."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.running import HINT_VARIABLES, ROOT, last_line

KEPT = (
    ".local/locks/stagecoach-flights",
    ".local/flights/model/LATEST",
    ".local/copies/stagecoach-flights/model/LATEST",
)
REMOVED = (
    ".envs/serve/python",
    ".local/penguins/model/LATEST",
    ".local/copies/stagecoach-penguins/model/LATEST",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this tree in which two pipelines have worked."""
    folder = tmp_path / "checkout"
    for name in ("scripts", "pipelines"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "data").mkdir()
    for name in (*KEPT, *REMOVED):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def clean(checkout: Path, pipeline: str) -> subprocess.CompletedProcess[str]:
    docker = checkout / "bin/docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\n", encoding="utf-8")
    docker.chmod(0o755)
    plain = {key: value for key, value in os.environ.items() if key not in HINT_VARIABLES}
    path = f"{docker.parent}:{os.environ['PATH']}"
    return subprocess.run(
        [checkout / "scripts/cleanup.sh", "clean"],
        env=plain | {"PATH": path, "PIPELINE": pipeline, "YES": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_belongs_to_other_pipelines_stays(checkout: Path) -> None:
    cleaned = clean(checkout, "penguins")

    assert cleaned.returncode == 0, cleaned.stderr
    assert [name for name in KEPT if not (checkout / name).exists()] == []
    assert [name for name in REMOVED if (checkout / name).exists()] == []


def test_a_name_that_leads_out_of_the_folder_removes_nothing(checkout: Path) -> None:
    cleaned = clean(checkout, "../scripts")

    assert cleaned.returncode == 78
    assert last_line(cleaned).startswith("PIPELINE=../scripts: use lower-case letters")
    assert (checkout / "scripts/cleanup.sh").exists()
    assert [name for name in REMOVED if not (checkout / name).exists()] == []
