"""Commands to paste repeat what was set, and a serve stays at its port; with a made-up docker."""

import os
import re
import shlex
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from support.running import HINT_VARIABLES, ROOT, free_port, last_line

EMPTY = 'case "$*" in "volume inspect"*) exit 1 ;; *"history prunable"*) echo old ;; esac\n'
"""A machine without volumes, where there is something to prune all the same."""
RUNNING = """\
case "$*" in
    ps*working_dir*) echo "$WORKING_DIR" ;;
    ps*) echo 0123 ;;
    inspect*PortBindings*) echo "8220 127.0.0.2" ;;
    compose*) echo "$PORT $BIND" >>"$CALLS" ;;
    run*"history status"*) echo "$MAKE_PREFIX $*" >>"$CALLS" ;;
esac
"""
"""A machine with a serve that listens on port 8220."""
STOPPED = """\
case "$*" in
    ps*status=running*) ;;
    ps*working_dir*) echo "$WORKING_DIR" ;;
    ps*) echo 0123 ;;
    inspect*PortBindings*) echo "$LAST 127.0.0.1" ;;
    run*"history status"*) echo "$MAKE_PREFIX" >>"$CALLS" ;;
esac
"""
"""A machine with a serve that is stopped, and listened on the port LAST."""
FAILING = """\
case "$*" in
    compose*run*forced*) exit "$CODE" ;;
    inspect*OOMKilled*) echo "$IS_OUT_OF_MEMORY" ;;
esac
"""
"""A machine where a stage that is forced ends with CODE."""
NOT_REPEATED = {
    *("MLFLOW_TRACKING_URI", "TRACKING_CREDENTIALS", "TRACKING_FOLDER", "TRACK_MEMORY"),
    *("MONITOR_MEMORY", "MONITOR_WINDOW_MINUTES"),
}
"""Of tracking and monitoring alone; the first may hold a secret."""
VALUES = dict.fromkeys(HINT_VARIABLES, "it's a $value") | {
    "PIPELINE": "penguins",
    "COMPOSE_PROJECT_NAME": "made-up-2",
    "DATA": "data",
    "PIPELINES": "./pipelines",
    "PORT": "8222",
    "BIND": "127.0.0.9",
    "STAGE_MEMORY": "6g",
    "SERVE_MEMORY": "600m",
}
COMMANDS = {
    "pipeline.sh models": "up",
    "pipeline.sh report": "up",
    "pipeline.sh rollback": "up",
    "pipeline.sh track": "up",
    "history.sh status": "up",
    "history.sh history": "up",
    "history.sh verify": "up",
    "score.sh": "up",
    "cleanup.sh clean": "clean",
    "cleanup.sh prune": "prune",
}
"""A command to run, and the one that it tells to paste."""


def run(folder: Path, docker: str, command: str, **variables: str) -> tuple[str, str]:
    """Run a script; return the last line of what it says, and what the made-up docker was told."""
    program = folder / "bin/docker"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{docker}", encoding="utf-8")
    program.chmod(0o755)
    plain = {key: value for key, value in os.environ.items() if key not in HINT_VARIABLES}
    path = {"PATH": f"{program.parent}:{os.environ['PATH']}", "CALLS": str(folder / "calls")}
    script, *arguments = command.split()
    (folder / "calls").write_text("", encoding="utf-8")
    ended = subprocess.run(
        [ROOT / "scripts" / script, *arguments],
        env=plain | path | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return last_line(ended), (folder / "calls").read_text("utf-8")


def hinted(line: str, command: str) -> dict[str, str]:
    """Return the variables of the command to paste at the end of a line."""
    found = re.search(rf"(?:; |type: )(\w+=.* )make {command}\b", line)
    assert found, line
    words = shlex.split(found[1])
    variables = dict(word.split("=", maxsplit=1) for word in words)
    assert len(variables) == len(words), line
    return variables


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("variable", HINT_VARIABLES)
def test_a_command_to_paste_repeats_a_variable_that_was_set(
    tmp_path: Path, command: str, variable: str
) -> None:
    given = {"PIPELINE": "penguins", variable: VALUES[variable]}
    of_score = {"IN": "penguins.csv", "OUT": "a.csv"} if command == "score.sh" else {}

    line, _ = run(tmp_path, EMPTY, command, **given, **of_score)

    own = {} if COMMANDS[command] == "up" else {"YES": "1"}
    assert hinted(line, COMMANDS[command]) == own | given


@pytest.mark.parametrize("command", ["pipeline.sh repair", "cleanup.sh prune"])
def test_a_pipeline_without_volumes_is_not_said_to_be_well(tmp_path: Path, command: str) -> None:
    without_volumes = 'case "$*" in "volume inspect"*) exit 1 ;; esac'

    line, _ = run(tmp_path, without_volumes, command, PIPELINE="penguins")

    expected = "pipeline penguins has published nothing yet; PIPELINE=penguins make up runs it"
    assert line == expected


IMAGES = """\
case "$*" in
    "compose config") printf "services:\\n  clean:\\n    image: me/clean:1\\n"; exit "${CODE:-0}" ;;
    create*) [ "${HAS_IMAGE:-}" ] && echo 0123 ;;
    cp*) exit 1 ;;
    run*) exit 70 ;;
esac
"""
"""A machine with an image of clean that declares no settings, unless it is missing."""


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"CODE": "1"}, "Compose can't read its files; see the error above"),
        ({}, "clean: me/clean:1: no such image; PIPELINE=penguins make up builds it"),
        ({"HAS_IMAGE": "1"}, "clean: me/clean:1 has no /settings.schema.json; see its README,"),
    ],
)
def test_the_last_line_tells_why_settings_are_not_listed(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    line, _ = run(tmp_path, IMAGES, "settings.sh clean", PIPELINE="penguins", **variables)

    assert line.startswith(said)


def test_every_variable_of_the_compose_files_is_repeated() -> None:
    files = [ROOT / "compose.yaml", *(ROOT / "deploy").glob("*.yaml")]
    read = {name for path in files for name in re.findall(r"\$\{(\w+)", path.read_text("utf-8"))}

    assert read - NOT_REPEATED <= set(HINT_VARIABLES)


def test_what_prune_keeps_is_repeated_and_the_columns_that_score_keeps_are_not(
    tmp_path: Path,
) -> None:
    prune, _ = run(tmp_path, EMPTY, "cleanup.sh prune", KEEP="3")
    score, _ = run(tmp_path, EMPTY, "score.sh", KEEP="id", IN="penguins.csv", OUT="a.csv")

    assert prune.endswith("type: YES=1 KEEP=3 make prune")
    assert score.endswith("; make up trains one")


def test_a_variable_that_a_hint_sets_stands_there_once() -> None:
    hints = ROOT / "scripts/hints.sh"
    said = subprocess.run(
        ["sh", "-c", f". {hints}; make_hint up PORT=8223; make_hint watch COMPOSE_FILE="],
        env={"PORT": "8222", "TAG": "my tag", "COMPOSE_FILE": "a.yaml", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert said.splitlines() == [
        "PORT=8223 COMPOSE_FILE=a.yaml TAG='my tag' make up",
        "TAG='my tag' PORT=8222 make watch",
    ]


@pytest.fixture
def project() -> Iterator[str]:
    yield (name := f"made-up-{uuid.uuid4().hex[:8]}")
    (ROOT / ".local/locks" / name).unlink(missing_ok=True)


@pytest.mark.parametrize("command", ["up", "rerun", "watch"])
@pytest.mark.parametrize(
    ("state", "own"),
    [("137 true", "STAGE_MEMORY=8g "), ("137 false", ""), ("143 false", "")],
)
def test_a_command_to_run_again_forces_the_same_stages(
    tmp_path: Path, project: str, command: str, state: str, own: str
) -> None:
    code, is_out_of_memory = state.split()
    given = {"CODE": code, "IS_OUT_OF_MEMORY": is_out_of_memory, "FORCE": "clean"}

    line, _ = run(
        tmp_path,
        FAILING,
        f"pipeline.sh {command}",
        COMPOSE_PROJECT_NAME=project,
        STAGE_MEMORY="60m",
        **given,
    )

    memory = "" if own else " STAGE_MEMORY=60m"
    assert line.endswith(f"{own}FORCE=clean COMPOSE_PROJECT_NAME={project}{memory} make {command}")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "8220 127.0.0.2"),
        ({"PORT": "8221"}, "8221 127.0.0.2"),
        ({"BIND": "127.0.0.3"}, "8220 127.0.0.3"),
        ({"PORT": "8221", "BIND": "127.0.0.3"}, "8221 127.0.0.3"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        "history.sh status",
        *(f"pipeline.sh {name}" for name in ("up", "rerun", "watch", "deploy-serve")),
    ],
)
def test_a_serve_that_runs_stays_at_its_address_unless_another_one_is_set(
    tmp_path: Path, project: str, command: str, given: dict[str, str], wanted: str
) -> None:
    names = {"PIPELINE": "penguins", "COMPOSE_PROJECT_NAME": project, "WORKING_DIR": str(ROOT)}

    _, calls = run(tmp_path, RUNNING, command, **names, **given)

    addresses = [line for line in calls.splitlines() if re.match(r"\d", line)]
    assert set(addresses) == {wanted}


def test_rerun_ends_with_how_to_start_a_serve_that_does_not_run(
    tmp_path: Path, project: str
) -> None:
    docker = f"""\
case "$*" in
    inspect*ExitCode*) echo 0 ;;
    run*"history latest"*) echo 653ec179 ;;
esac
{STOPPED}"""
    names = {"COMPOSE_PROJECT_NAME": project, "WORKING_DIR": str(ROOT), "LAST": "8220"}

    line, _ = run(tmp_path, docker, "pipeline.sh rerun", **names)

    expected = f"COMPOSE_PROJECT_NAME={project} PORT=8220 make up starts it with model 653ec179"
    assert line == f"serve is not running; {expected}"


@pytest.mark.parametrize(
    ("started", "options"),
    [("2000-01-01T00:00:00Z", ["--reconfigured"]), ("0001-01-01T00:00:00Z", [])],
)
def test_status_compares_the_pipeline_file_only_with_a_container_that_was_started(
    tmp_path: Path, project: str, started: str, options: list[str]
) -> None:
    docker = f'case "$*" in inspect*StartedAt*) echo {started} ;; esac\n{RUNNING}'
    names = {"PIPELINE": "penguins", "COMPOSE_PROJECT_NAME": project, "WORKING_DIR": str(ROOT)}

    _, calls = run(tmp_path, docker, "history.sh status", **names)

    [call] = [line for line in calls.splitlines() if "history status" in line]
    assert [word for word in call.split() if word == "--reconfigured"] == options


@pytest.mark.parametrize(
    ("source", "started", "newer"),
    [
        ("my files", "2000-01-01T00:00:00.5Z", {"my files/a b.csv", "my files/c.csv"}),
        ("my files/a*.csv", "2000-01-01T00:00:00.5Z", {"my files/a b.csv"}),
        ("my files", "2999-01-01T00:00:00.5Z", set()),
        ("my files", "0001-01-01T00:00:00Z", set()),
        ("https://data.example/a.csv", "2000-01-01T00:00:00Z", set()),
    ],
)
def test_status_looks_for_files_of_the_source_that_are_newer_than_the_run(
    tmp_path: Path, project: str, source: str, started: str, newer: set[str]
) -> None:
    (tmp_path / "data/my files").mkdir(parents=True)
    for name in ("a b.csv", "c.csv"):
        (tmp_path / "data/my files" / name).touch()
    (tmp_path / "tiny.toml").write_text(f'source = "{source}"\n', encoding="utf-8")
    docker = f"""\
case "$*" in
    inspect*StartedAt*) echo {started} ;;
    run*"history status"*) while [ "$1" != --newer ]; do shift; done; echo "$2" >>"$CALLS" ;;
esac
{STOPPED}"""
    names = {"PIPELINE": "tiny", "COMPOSE_PROJECT_NAME": project, "WORKING_DIR": str(ROOT)}
    folders = {"DATA": str(tmp_path / "data"), "PIPELINES": str(tmp_path), "LAST": "8000"}

    _, calls = run(tmp_path, docker, "history.sh status", **names, **folders)

    assert {line for line in calls.splitlines() if line.endswith(".csv")} == newer


@contextmanager
def two_taken_ports() -> Iterator[int]:
    """Yield a port; a socket listens on it and one on the next."""
    with socket.create_server(("127.0.0.1", 0)) as first, ExitStack() as stack:
        port = int(first.getsockname()[1])
        # Another program may listen there already.
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", port + 1)))
        yield port


def test_status_of_a_stopped_serve_names_a_port_that_is_free(tmp_path: Path, project: str) -> None:
    names = {"PIPELINE": "penguins", "COMPOSE_PROJECT_NAME": project, "WORKING_DIR": str(ROOT)}
    free = free_port()

    with two_taken_ports() as taken:
        _, moved = run(tmp_path, STOPPED, "history.sh status", LAST=str(taken), **names)
        _, given = run(
            tmp_path, STOPPED, "history.sh status", LAST=str(free), PORT=str(taken), **names
        )
    _, kept = run(tmp_path, STOPPED, "history.sh status", LAST=str(free), **names)

    for prefix in (moved, given):
        [port] = map(int, re.findall(r"PORT=(\d+)", prefix))
        assert port > taken + 1
        assert is_free(port)
    assert f"PORT={free} " in kept


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("bind", ["127.0.0.1", "0.0.0.0", "127.0.0.9"])
def test_a_free_port_is_free_at_the_address_that_is_set(bind: str) -> None:
    command = ["sh", "-c", f". {ROOT}/scripts/hints.sh; free_port $FIRST"]
    address = "127.0.0.9" if bind == "127.0.0.9" else "127.0.0.1"

    with socket.create_server((address, 0)) as taken:
        first = taken.getsockname()[1]
        found = subprocess.run(
            command,
            env={"FIRST": str(first), "BIND": bind, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )

    assert int(found.stdout) > first


@pytest.mark.parametrize("command", ["pipeline.sh rerun", "history.sh status"])
@pytest.mark.parametrize(
    ("failing", "remedy"),
    [
        ('run*"serve --check"*', "a new serve takes today's files and variables: "),
        ('*"serve --check"*', "correct that first; make up and make deploy-serve fail until then"),
    ],
)
def test_a_serve_that_could_not_start_again_is_replaced_only_if_a_new_one_could(
    tmp_path: Path, project: str, command: str, failing: str, remedy: str
) -> None:
    docker = f"""\
case "$*" in {failing}) echo "serve     error: no keys" >&2; exit 78 ;; esac
{RUNNING}"""
    names = {"PIPELINE": "penguins", "COMPOSE_PROJECT_NAME": project, "WORKING_DIR": str(ROOT)}

    line, calls = run(tmp_path, docker, command, **names)

    if command == "pipeline.sh rerun":
        assert line.startswith("serve would not start again: no keys; no stage has run; ")
        assert remedy in line
        assert line.endswith("make deploy-serve") == remedy.startswith("a new serve")
    else:
        assert "--settings-error no keys" in calls
        assert f"--settings-remedy {remedy}" in calls


def test_a_score_that_fails_ends_with_its_reason_and_not_with_a_refused_model(
    tmp_path: Path,
) -> None:
    docker = """\
case "$*" in
    compose*run*batch*) echo "no such file" >&2; exit 78 ;;
    run*"history refused"*) echo "train refused a model" ;;
esac
"""

    line, _ = run(
        tmp_path, docker, "score.sh", IN="penguins.csv", OUT="a.csv", RESULTS=f"{tmp_path}"
    )

    assert line == "no such file"


def test_status_in_another_folder_names_the_one_that_its_commands_belong_to(
    tmp_path: Path, project: str
) -> None:
    other = tmp_path / "another checkout"
    other.mkdir()
    names = {"PIPELINE": "penguins", "COMPOSE_PROJECT_NAME": project, "WORKING_DIR": str(other)}

    _, calls = run(tmp_path, RUNNING, "history.sh status", **names)

    [call] = [line for line in calls.splitlines() if "history status" in line]
    address = "PORT=8220 BIND=127.0.0.2"
    prefix = f"PIPELINE=penguins COMPOSE_PROJECT_NAME={project} {address} make -C '{other}' "
    assert call.startswith(prefix)
    assert f"--made-from {other}" in call


@pytest.mark.parametrize("json", [(), ("--json",)], ids=["table", "json"])
def test_an_id_that_begins_with_a_dash_is_no_option_of_diff(
    tmp_path: Path, json: tuple[str, ...]
) -> None:
    docker = 'case "$*" in run*"history diff"*) echo "$*" | tee -a "$CALLS" ;; esac\n'

    _, calls = run(tmp_path, docker, " ".join(("history.sh diff --json 12", *json)))

    options = " ".join((*json, "-- --json 12"))
    assert calls.endswith(f" -m history diff {options}\n")
