"""What the scripts say of a wrong setting before anything is built; with a made-up docker."""

import json
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.running import HINT_VARIABLES, ROOT, last_line

DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
    "volume inspect"*) exit "$NO_VOLUME" ;;
    ps*) echo "$RUNNING" ;;
    inspect*.Mounts*) echo "$SOURCE" ;;
    run*"serve --check") echo "serve error: api_keys_file k: key 1 is short" >&2; exit 78 ;;
    compose*config*) [ -z "$CONFIG" ] || exit 0; echo "compose.yaml: no such thing" >&2; exit 1 ;;
esac
"""
EXPECTED = {
    "PORT": "expected a number from 1 to 65535, such as 8000",
    "BIND": "expected an IP address of this machine, such as 127.0.0.1, or 0.0.0.0 for all",
    "lots": "expected a size such as 512m or 2g",
    "4m": "expected at least 6m, Docker's minimum; for example 512m",
}


def run(folder: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    program = folder / "bin/docker"
    program.parent.mkdir(exist_ok=True)
    program.write_text(DOCKER, encoding="utf-8")
    program.chmod(0o755)
    (folder / "calls").touch()
    plain = {key: value for key, value in os.environ.items() if key not in HINT_VARIABLES}
    own = {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "CALLS": str(folder / "calls"),
        "NO_VOLUME": "0",
        "CONFIG": "",
        "RUNNING": "",
        "SOURCE": "",
    }
    script, *arguments = command.split()
    return subprocess.run(
        [ROOT / "scripts" / script, *arguments],
        env=plain | own | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def calls(folder: Path) -> list[str]:
    """Return the arguments of each call of docker."""
    return (folder / "calls").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("command", ["pipeline.sh deploy-serve", "history.sh status"])
@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORT", "99999", "PORT"),
        ("PORT", "http", "PORT"),
        ("BIND", "localhost", "BIND"),
        ("SERVE_MEMORY", "lots", "lots"),
        ("SERVE_MEMORY", "4m", "4m"),
        ("STAGE_MEMORY", "lots", "lots"),
        ("STAGE_MEMORY", "6000k", "4m"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable_and_what_is_expected(
    tmp_path: Path, command: str, variable: str, value: str, expected: str
) -> None:
    ended = run(tmp_path, command, **{variable: value})

    assert ended.returncode == 78
    assert last_line(ended) == f"{variable}={value}: {EXPECTED[expected]}"
    assert (tmp_path / "calls").read_text(encoding="utf-8") == ""


@pytest.mark.parametrize(
    "variables",
    [
        {"PORT": "1", "BIND": "[::1]"},
        {"PORT": "65535", "BIND": "0.0.0.0"},
        {"SERVE_MEMORY": "6m", "STAGE_MEMORY": "1.5 GiB"},
        {"SERVE_MEMORY": "0", "STAGE_MEMORY": "536870912"},
    ],
)
def test_a_value_that_compose_takes_is_no_obstacle(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    assert run(tmp_path, "pipeline.sh models", **variables).returncode == 0


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"NO_VOLUME": "1"}, "pipeline diamonds has published nothing yet; make up runs it"),
        ({"PIPELINE": "unknown"}, "unknown.toml: no such file; there are: "),
        ({"DATA": 'no "such" folder'}, 'DATA=no "such" folder: no such folder; name the one'),
        ({"SERVE_MEMORY": "lots"}, "SERVE_MEMORY=lots: expected a size"),
        ({}, "Compose can't read its files; see the error above"),
    ],
)
def test_a_monitor_gets_json_whatever_prevents_the_report(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    ended = run(tmp_path, "history.sh status --json", **variables)

    assert ended.returncode == 2
    report = json.loads(ended.stdout)
    assert (report["level"], report["state"]) == (2, "broken")
    [finding] = report["findings"]
    assert said in finding["text"]
    assert "Traceback" not in ended.stderr


KEYS = {"COMPOSE_FILE": "compose.yaml:deploy/keys.yaml"}
CLOSED = (
    "not readable for the containers' user (uid 10001); type: chown 10001 '{path}' && chmod 400"
    " '{path}'"
)
COMMANDS = [f"pipeline.sh {name}" for name in ("up", "watch", "deploy-serve")]


@pytest.fixture
def project() -> Iterator[str]:
    yield (name := f"made-up-{uuid.uuid4().hex[:8]}")
    (ROOT / ".local/locks" / name).unlink(missing_ok=True)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda _: None, "there is no {path}; write one API key a line to it"),
        (
            Path.mkdir,
            "a folder; type: rmdir '{path}'; then write one API key a line to a file there",
        ),
        (os.mkfifo, "not a regular file; name one with one API key a line"),
        (lambda path: path.touch(0o600), CLOSED),
    ],
)
def test_a_file_of_keys_that_can_not_be_mounted_is_named_before_docker_makes_a_folder_of_it(
    tmp_path: Path, project: str, command: str, make: Callable[[Path], None], fault: str
) -> None:
    keys = tmp_path / "my keys"
    make(keys)

    ended = run(tmp_path, command, API_KEYS=str(keys), COMPOSE_PROJECT_NAME=project, **KEYS)

    assert ended.returncode == 78
    assert last_line(ended) == f"API_KEYS={keys}: {fault.format(path=keys)}"
    calls = (tmp_path / "calls").read_text(encoding="utf-8")
    assert "run" not in calls.split()


def test_a_file_of_keys_is_named_below_the_folder_of_the_first_compose_file(
    tmp_path: Path, project: str
) -> None:
    ended = run(tmp_path, "pipeline.sh deploy-serve", COMPOSE_PROJECT_NAME=project, **KEYS)

    assert last_line(ended).startswith(f"API_KEYS=./api-keys: there is no {ROOT}/api-keys; ")


def test_a_file_of_keys_that_nothing_mounts_is_no_obstacle(tmp_path: Path, project: str) -> None:
    ended = run(tmp_path, "pipeline.sh rerun", API_KEYS="/no", COMPOSE_PROJECT_NAME=project, **KEYS)

    assert "there is no" not in ended.stderr


def test_status_says_that_serve_would_not_start_without_its_file_of_keys(tmp_path: Path) -> None:
    run(tmp_path, "history.sh status", API_KEYS="/no", CONFIG="{}", **KEYS)

    calls = (tmp_path / "calls").read_text(encoding="utf-8")
    assert "--settings-error API_KEYS=/no: there is no /no; write one API key a line" in calls


@pytest.mark.parametrize(("name", "mounts"), [("there", 1), ("gone", 0)])
def test_a_look_at_serve_makes_no_folder_where_a_mounted_file_is_gone(
    tmp_path: Path, name: str, mounts: int
) -> None:
    (tmp_path / "there").touch()

    run(tmp_path, "pipeline.sh unpin", RUNNING="0123", SOURCE=str(tmp_path / name))

    calls = (tmp_path / "calls").read_text(encoding="utf-8")
    assert "serving wait" in calls
    assert calls.count("--volumes-from") == mounts


def test_status_checks_the_files_that_serve_would_start_with_again(tmp_path: Path) -> None:
    run(tmp_path, "history.sh status", RUNNING="0123", SOURCE=str(tmp_path), CONFIG="{}")

    calls = (tmp_path / "calls").read_text(encoding="utf-8")
    assert "--volumes-from 0123:ro --entrypoint python" in calls
    assert "--settings-error api_keys_file k: key 1 is short" in calls


@pytest.mark.parametrize("action", ["rollback", "accept"])
def test_an_id_and_a_reason_that_begin_with_a_dash_are_no_options(
    tmp_path: Path, action: str
) -> None:
    run(tmp_path, f"pipeline.sh {action} --by=somebody", WHY="--by=nobody")

    (call,) = [line for line in calls(tmp_path) if "stage_contract.pointers" in line]
    assert call.endswith(" --why=--by=nobody -- --by=somebody")


def test_a_stage_that_begins_with_a_dash_is_no_option(tmp_path: Path) -> None:
    run(tmp_path, "history.sh history --served=x")

    (call,) = [line for line in calls(tmp_path) if " history --served=" in line]
    assert call.endswith(" history --served= -- --served=x")
