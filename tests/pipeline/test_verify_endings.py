"""What `make verify` makes of a stage that fails, without containers: a made-up docker answers."""

import os
import subprocess
from pathlib import Path

import pytest
from support.running import ROOT, last_line

DOCKER = """\
#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in *" --no-TTY "*" $FAILING") exit "$CODE" ;; esac
"""


LATE = """\
#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    *" --no-TTY "*" ingest") : >"$CALLS.late"; kill -HUP "$PPID"; exit 129 ;;
    "volume rm"*)
        [ ! -e "$CALLS.container" ] || exit 1
        rm -f "$CALLS.volume"
        [ ! -e "$CALLS.late" ] || { mv "$CALLS.late" "$CALLS.container"; : >"$CALLS.volume"; }
        ;;
    "ps --all"*-verify) [ ! -e "$CALLS.container" ] || echo 0123 ;;
    "rm --force"*) kill -HUP "$PPID"; rm "$CALLS.container" ;;
esac
"""
"""A machine that still makes ingest's container after the signal, with the volume once again."""


def verify(
    folder: Path, *, failing: str = "", code: int = 0, script: str = DOCKER
) -> subprocess.CompletedProcess[str]:
    """Verify where `docker compose run` of one stage ends with a code, and all else with 0."""
    docker = folder / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(script, encoding="utf-8")
    docker.chmod(0o755)
    facts = {"CALLS": str(folder / "calls"), "FAILING": failing, "CODE": str(code)}
    path = {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    return subprocess.run(
        [ROOT / "scripts/history.sh", "verify"],
        env=os.environ | facts | path | {"PIPELINE": "penguins"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_model_that_is_refused_where_a_refusal_fails_is_compared(tmp_path: Path) -> None:
    result = verify(tmp_path, failing="train", code=65)

    assert result.returncode == 0, result.stderr
    assert last_line(result) == "the live model comes from the source again, byte by byte"
    assert "-m history compare train" in (tmp_path / "calls").read_text()


@pytest.mark.parametrize(("stage", "code"), [("train", 70), ("train", 78), ("clean", 65)])
def test_another_failure_ends_it_with_its_code(tmp_path: Path, stage: str, code: int) -> None:
    result = verify(tmp_path, failing=stage, code=code)

    assert result.returncode == code
    assert last_line(result) == f"{stage} failed; see the error above"
    assert f"-m history compare {stage}" not in (tmp_path / "calls").read_text()


def test_a_container_that_appears_after_a_signal_is_removed_with_its_volume(
    tmp_path: Path,
) -> None:
    result = verify(tmp_path, script=LATE)

    assert result.returncode == 129
    assert "rm --force --volumes 0123" in (tmp_path / "calls").read_text()
    assert [path.name for path in tmp_path.glob("calls.*")] == []
