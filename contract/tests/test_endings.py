"""Ends that are not of the work: signals, kills, full and missing disks."""

import errno
import importlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stage_contract import ContractError, OutputError, run_stage
from stage_contract.stages import run
from stage_contract.stages.failures import as_stage_error

HERE = Path(__file__).parent

type Stage = Any
"""The fixture of conftest.py."""


@pytest.mark.parametrize("behaviour", ["sleep", "swallow the exit"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_stage_at_once_and_leaves_no_artifact_and_no_draft(
    stage: Stage, number: int, code: int, behaviour: str
) -> None:
    stage.configure(f'behaviour = "{behaviour}"')
    process = subprocess.Popen(stage.command(), env=stage.environment, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not list(stage.out.glob(".draft-*/asleep")):
        assert time.monotonic() < deadline

    process.send_signal(number)
    process.communicate(timeout=5)

    assert process.returncode == code
    assert list(stage.out.iterdir()) == []


def test_what_a_killed_run_left_is_removed_by_the_next_one(stage: Stage) -> None:
    stage.configure('behaviour = "die"')
    assert stage.run().returncode == 9
    assert len(list(stage.out.glob(".draft-*"))) == 1
    stage.configure("")

    stage.says()

    assert list(stage.out.glob(".draft-*")) == []


def test_a_full_disk_gives_73_and_leaves_the_old_artifact(
    stage: Stage, mount_tmpfs: Callable[[str], Path]
) -> None:
    stage.out = mount_tmpfs("size=256k")
    stage.says()
    before = stage.latest().id
    stage.configure('behaviour = "fill the disk"')

    result = stage.run()

    assert result.returncode == 73, result.stdout + result.stderr
    said = result.stdout.splitlines()[-1]
    assert re.search(
        r"the volume clean-data cannot be written \(No space left on device\), 0\.\d MB are free"
        r" and this run needs more; free space: .*make prune removes old artifacts, docker system",
        said,
    )
    assert str(stage.out) not in said
    assert stage.latest().id == before
    assert list(stage.out.glob(".draft-*")) == []
    assert stage.failure["exit_code"] == 73


def test_a_read_only_output_gives_73(stage: Stage, mount_tmpfs: Callable[[str], Path]) -> None:
    stage.out = mount_tmpfs("ro")

    result = stage.run()

    assert result.returncode == 73, result.stdout + result.stderr
    assert "not writable for uid" in result.stdout.splitlines()[-1]


def test_an_output_that_is_not_there_gives_73(stage: Stage) -> None:
    stage.out = stage.root / "nowhere"

    result = stage.run()

    assert result.returncode == 73
    assert "the image must create it: RUN install -d -o 10001" in result.stdout


@pytest.mark.parametrize(
    ("number", "place", "kind"),
    [
        (errno.ENOSPC, None, OutputError),
        (errno.EDQUOT, None, OutputError),
        (errno.EROFS, "/out/.draft-1/table", OutputError),
        (errno.EACCES, "/out/.draft-1/table", OutputError),
        (errno.EACCES, "/in/LATEST", ContractError),
        (errno.EIO, "/in/LATEST", type(None)),
    ],
)
def test_an_error_of_the_system_is_told_as_what_a_user_can_mend(
    number: int, place: str | None, kind: type
) -> None:
    error = OSError(number, os.strerror(number), place)

    assert type(as_stage_error(error, Path("/out"))) is kind


def test_no_space_outside_of_the_volume_names_the_place() -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/scratch/sorted")

    message = str(as_stage_error(error, Path("/out"), kind="model"))
    assert message.startswith("/scratch/sorted: cannot be written (No space left on device); free")


def test_an_error_of_the_system_on_the_input_names_the_input() -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "/in/LATEST")

    message = str(as_stage_error(error, Path("/out")))
    assert message.startswith("/in/LATEST: not readable for uid")
    assert "-R" not in message


def test_no_space_while_publishing_gives_73(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def publish(*_arguments: Any, **_facts: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.syspath_prepend(str(HERE))
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(run, "publish", publish)
    tiny_stage = importlib.import_module("tiny_stage")

    with pytest.raises(SystemExit) as end:
        run_stage(tiny_stage.STAGE, [])

    assert end.value.code == 73
    assert "free space" in capsys.readouterr().out
    assert [path.name for path in stage.out.iterdir()] == ["FAILED.json"]
