"""The command of the kit: what it says when it is used wrongly, and its page."""

import os
import subprocess
from pathlib import Path

import docker
import pytest
from conformance.__main__ import main
from conformance.harness.checking import CHECKS
from support.running import BASE_IMAGE, ROOT

README = (ROOT / "contract/conformance/README.md").read_text(encoding="utf-8")
MISTAKES = {
    "--stage cleam --image a:1": "--stage cleam: no such stage; did you mean clean?",
    "--stage clean": "--image is missing: the image to check, for example me/clean:1.2",
    "--stage clean --image not/here:1": "--image not/here:1: no such image here; docker build",
    "--stage clean --image a:1 --only ownr": "--only ownr: no check of clean; did you mean owner?",
    "--stage clean --image a:1 --settings not.toml": "--settings not.toml: ",
    "--stage clean --image a:1 --api oip": "--api oip: goes with --stage serve",
}


@pytest.mark.parametrize("arguments", MISTAKES)
@pytest.mark.usefixtures("engine")
def test_a_wrong_command_ends_with_78_and_one_line(
    arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(arguments.split())

    (line,) = capsys.readouterr().err.splitlines()
    assert code == 78
    assert line.startswith(MISTAKES[arguments])


def test_the_list_names_each_check_of_a_stage_with_its_promise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--stage", "ingest", "--list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    expected = [check for check in CHECKS if "ingest" in check.stages]
    assert [line.split()[0] for line in lines] == [check.name for check in expected]
    assert all(line.endswith(c.promise) for line, c in zip(lines, expected, strict=True))


def test_the_first_check_is_who_owns_the_mount_points() -> None:
    assert CHECKS[0].name == "owner"


def test_the_page_names_every_check() -> None:
    assert [check.name for check in CHECKS if f"`{check.name}`" not in README] == []


def test_an_image_without_the_two_lines_is_told_them(
    engine: docker.DockerClient, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.images.get(BASE_IMAGE)

    code = main(["--stage", "clean", "--image", BASE_IMAGE, "--only", "owner,user"])

    out = capsys.readouterr().out
    assert code == 1
    assert "RUN install -d -o 10001 -g 10001 /data/in /data/out" in out
    assert "USER 10001:10001" in out


def test_who_has_docker_alone_runs_the_kit_in_a_container(
    engine: docker.DockerClient, images: dict[str, str], tmp_path: Path
) -> None:
    variables = {"IN_CONTAINER": "1", "TAG": images["clean"].partition(":")[2]}
    asked = {"STAGE": "clean", "IMAGE": images["clean"], "ONLY": "owner", "JSON": "report.json"}
    result = subprocess.run(
        [ROOT / "scripts/conform.sh"],
        cwd=tmp_path,
        env=os.environ | variables | asked,
        capture_output=True,
        text=True,
        check=False,
    )
    engine.images.remove(f"stagecoach/conformance:{variables['TAG']}")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 hold, 0 do not" in result.stdout
    assert (tmp_path / "report.json").stat().st_uid == os.getuid()
