"""What make passes on to the scripts, with a made-up docker."""

import os
import subprocess
from pathlib import Path

import pytest
from support.running import ROOT

DOCKER = """#!/bin/sh
for each; do printf '<%s>' "$each" >>"$CALLS"; done
"""
TEXTS = ["off by $5", "--force", "it's $HOME", "$(shell echo no) $$", 'a "b" \\ `c`', "#1"]


def make(folder: Path, *arguments: str, **variables: str) -> str:
    """Run make; return how it called docker."""
    docker = folder / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER, encoding="utf-8")
    docker.chmod(0o755)
    path = {"PATH": f"{docker.parent}:{os.environ['PATH']}", "CALLS": str(folder / "calls")}
    subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=os.environ | path | variables,
        capture_output=True,
        check=True,
    )
    return (folder / "calls").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_behind_the_command_is_passed_on_as_it_was_typed(tmp_path: Path, text: str) -> None:
    assert f"<--why={text}><--><653ec179>" in make(
        tmp_path, "rollback", "ID=653ec179", f"WHY={text}"
    )


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_before_the_command_is_passed_on_as_it_was_typed(tmp_path: Path, text: str) -> None:
    assert f"<--why={text}><--><653ec179>" in make(tmp_path, "rollback", "ID=653ec179", WHY=text)


@pytest.mark.parametrize("text", TEXTS)
def test_an_id_is_passed_on_as_it_was_typed(tmp_path: Path, text: str) -> None:
    calls = make(tmp_path, "rollback", f"ID={text}")

    assert "<stage_contract.pointers><model><rollback><--by=" in calls
    assert f"<--why=><--><{text}>" in calls


def test_two_ids_and_a_wish_for_json_are_passed_on(tmp_path: Path) -> None:
    assert "<diff><--json><--><12><34>" in make(tmp_path, "diff", "A=12", "B=34", "JSON=1")
