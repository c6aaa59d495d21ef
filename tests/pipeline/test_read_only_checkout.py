"""Commands that write, in a checkout that belongs to another user; with a made-up docker."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.checkouts import checkout
from support.running import HINT_VARIABLES

NOBODY = 65534
COMMANDS = {
    "pipeline.sh up": ("", "the lock of the pipeline"),
    "pipeline.sh rerun": ("", "the lock of the pipeline"),
    "pipeline.sh report": ("", "the report"),
    "init.sh": ("/pipelines", "the pipeline file"),
    "score.sh": ("", "the result"),
    "run-stage.sh clean": ("", "the copy of the volumes"),
    "local.sh": ("", "what the stages make"),
    "new-stage.sh clean mine": ("/swaps", "the stage"),
    "envs.sh clean": ("", "an environment"),
}
"""The folder below the checkout that is named, and what would be written there."""


@pytest.fixture(scope="module")
def foreign() -> Iterator[Path]:
    """A checkout without environments, in which the user of `run` may write nothing."""
    with checkout() as folder:
        (folder / ".envs").unlink()
        folders = [path for path in (folder, *folder.rglob("*")) if path.is_dir()]
        for path in folders:
            path.chmod(0o555)
        yield folder
        for path in folders:
            path.chmod(0o755)


def run(folder: Path, programs: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a script of a checkout as a user who does not own it, if this one may become another."""
    script, *arguments = command.split()
    programs.chmod(0o755)
    (programs / "docker").write_text("#!/bin/sh\n", encoding="utf-8")
    (programs / "docker").chmod(0o755)
    plain = {key: value for key, value in os.environ.items() if key not in HINT_VARIABLES}
    own = {"FILE": "data/penguins.csv", "NAME": "mine", "IN": "penguins.csv", "OUT": "a.csv"}
    as_nobody: dict[str, Any] = (
        {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    )
    return subprocess.run(
        [folder / "scripts" / script, *arguments],
        env=plain | own | {"PATH": f"{programs}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        **as_nobody,
    )


@pytest.fixture
def programs(foreign: Path) -> Iterator[Path]:
    """A folder for programs that any user may run, unlike pytest's own."""
    place = foreign.with_name(f"{foreign.name}-programs")
    place.mkdir()
    yield place
    (place / "docker").unlink()
    place.rmdir()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_writes_names_the_folder_and_the_remedy_in_one_line(
    foreign: Path, programs: Path, command: str
) -> None:
    below, what = COMMANDS[command]

    ended = run(foreign, programs, command)

    assert ended.returncode == 73, ended.stdout + ended.stderr
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"{foreign}{below}: not writable for ")
    assert f", and {what} is written there; " in line
    assert " a copy of this checkout " in line
    if os.getuid() == 0:
        assert line.endswith(f"or type: sudo chown -R {user_name()} {foreign}{below}")


def user_name() -> str:
    found = subprocess.run(
        ["id", "-un"], user=NOBODY, capture_output=True, text=True, check=False
    ).stdout.strip()
    return found or str(NOBODY)


def test_a_command_that_only_reads_runs_in_a_checkout_of_another_user(
    foreign: Path, programs: Path
) -> None:
    ended = run(foreign, programs, "history.sh history")

    assert ended.returncode == 0, ended.stderr
