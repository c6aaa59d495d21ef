"""How serve is replaced: tried first, at its last address, and not left half done.

With a made-up docker.
"""

import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.running import HINT_VARIABLES, ROOT, last_line
from support.waiting import until

DOCKER = """#!/bin/sh
echo "$* at $PORT $BIND" >>"$CALLS"
case "$*" in
    ps*working_dir*) ;;
    ps*status=running*) [ -n "$STOPPED" ] || echo 0123 ;;
    ps*) echo 0123 ;;
    inspect*PortBindings*) echo "$BOUND" ;;
    run*"serving differences"*) echo "  port old → new" ;;
    compose*run*trial*)
        [ -z "$REFUSES" ] || { echo "Error response from daemon: $REFUSES" >&2; exit 1; }
        ;;
    compose*--force-recreate*)
        if [ -n "$HOLD" ]; then
            touch "$HOLD/replacing"
            while [ ! -e "$HOLD/released" ]; do sleep 0.02; done
        fi
        echo replaced >>"$CALLS"
        ;;
    inspect*Health*) echo "running false healthy" ;;
esac
"""
"""A machine with a serve, published at BOUND; REFUSES is why another one can't start.

With HOLD, a folder, the replacement goes on once the file `released` is there.
"""
ENDPOINT = f"driver failed programming connectivity on endpoint serve-trial ({'ab' * 32})"
NO_ADDRESS = f"{ENDPOINT}: listen tcp4 10.99.99.99:8000: bind: cannot assign requested address"


@dataclass(frozen=True)
class Machine:
    """A machine with a made-up docker."""

    folder: Path
    project: str

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text("utf-8").splitlines()

    @property
    def trial(self) -> str:
        """How another serve was tried."""
        [call] = [call for call in self.calls if "compose" in call and "serve-trial" in call]
        return call

    @property
    def replacements(self) -> list[str]:
        return [call for call in self.calls if "--force-recreate" in call]

    def environment(self, **variables: str) -> dict[str, str]:
        program = self.folder / "bin/docker"
        program.parent.mkdir(exist_ok=True)
        program.write_text(DOCKER, encoding="utf-8")
        program.chmod(0o755)
        plain = {key: value for key, value in os.environ.items() if key not in HINT_VARIABLES}
        own = {
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "CALLS": str(self.folder / "calls"),
            "COMPOSE_PROJECT_NAME": self.project,
            "BOUND": "8000 127.0.0.1",
            "REFUSES": "",
            "STOPPED": "",
            "HOLD": "",
        }
        return plain | own | variables

    def make(self, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "scripts/pipeline.sh", command],
            env=self.environment(**variables),
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    project = f"made-up-{uuid.uuid4().hex[:8]}"
    yield Machine(tmp_path, project)
    (ROOT / ".local/locks" / project).unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("bound", "variables", "options"),
    [
        ("8000 127.0.0.1", {}, ""),
        ("8000 127.0.0.1", {"PORT": "8001"}, "--service-ports "),
        ("8000 127.0.0.1", {"BIND": "10.99.99.99"}, "--service-ports "),
        ("8000 127.0.0.1", {"BIND": "0.0.0.0"}, "--publish 0.0.0.0::8000 "),
        ("8000 0.0.0.0", {"BIND": "127.0.0.1"}, "--publish 127.0.0.1::8000 "),
        ("8000 ::1", {"BIND": "[::]"}, "--publish [::]::8000 "),
        ("8000 ::1", {}, ""),
    ],
)
def test_another_serve_is_tried_at_the_address_where_it_is_to_listen(
    machine: Machine, bound: str, variables: dict[str, str], options: str
) -> None:
    machine.make("deploy-serve", BOUND=bound, **variables)

    assert f"--no-deps {options}serve" in machine.trial
    assert len(machine.replacements) == 1


def test_an_address_that_this_machine_does_not_have_leaves_the_serve_that_runs(
    machine: Machine,
) -> None:
    refused = machine.make("deploy-serve", BIND="10.99.99.99", REFUSES=NO_ADDRESS)

    assert refused.returncode == 1
    assert last_line(refused) == (
        "the new serve can't start: BIND=10.99.99.99 is not an address of this machine; name one of"
        f" its own, for example: BIND=127.0.0.1 COMPOSE_PROJECT_NAME={machine.project}"
        " make deploy-serve; the old one keeps running"
    )
    assert machine.replacements == []


def test_what_docker_says_is_repeated_without_its_prefix_and_its_ids(machine: Machine) -> None:
    refused = machine.make("deploy-serve", BIND="127.0.0.2", REFUSES=f"{ENDPOINT}: no memory")

    assert last_line(refused) == (
        "the new serve can't start: driver failed programming connectivity on endpoint"
        " serve-trial: no memory; the old one keeps running"
    )


@pytest.mark.parametrize(
    ("variables", "at"),
    [({}, "8220 127.0.0.2"), ({"PORT": "8221", "BIND": "127.0.0.3"}, "8221 127.0.0.3")],
)
def test_a_serve_that_is_stopped_starts_at_its_last_address(
    machine: Machine, variables: dict[str, str], at: str
) -> None:
    started = machine.make("deploy-serve", BOUND="8220 127.0.0.2", STOPPED="yes", **variables)

    [call] = machine.replacements
    assert call.endswith(f" serve at {at}")
    assert ("serve stays at port 8220" in started.stdout) == (not variables)


def test_a_command_to_paste_has_the_address_that_serve_keeps(machine: Machine) -> None:
    refused = machine.make("deploy-serve", BOUND="8220 127.0.0.2", REFUSES=NO_ADDRESS)

    assert " PORT=8220 make deploy-serve" in last_line(refused)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_an_interruption_waits_until_the_new_serve_runs(
    machine: Machine, number: signal.Signals
) -> None:
    command = subprocess.Popen(
        [ROOT / "scripts/pipeline.sh", "deploy-serve"],
        env=machine.environment(HOLD=str(machine.folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until((machine.folder / "replacing").exists, seconds=30)
    os.killpg(command.pid, number)
    (machine.folder / "released").touch()
    _, said = command.communicate(timeout=30)

    assert "replaced" in machine.calls
    assert command.returncode == 128 + number
    assert said.splitlines()[-1] == "interrupted; serve runs as the files say"
