"""`make up` and `make deploy-serve` make serve what the files say, and replace it only for that."""

import re
import socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from conftest import MakePipeline
from support.polling import failed, polling
from support.running import ROOT, Pipeline, last_line

TABLE = (ROOT / "data/penguins.csv").read_text(encoding="utf-8")
SETTINGS = """source = "penguins.csv"
target = "species"
[train]
candidates = ["linear"]
trials = 1
[serve]
"""
KEY = "0123456789abcdef"
KEYS = ROOT / "deploy/keys.yaml"


@pytest.fixture(scope="module")
def pipeline(session_pipelines: MakePipeline) -> Pipeline:
    """A small pipeline that is up."""
    pipeline = session_pipelines()
    pipeline.provide("penguins.csv", TABLE)
    pipeline.configure(SETTINGS)
    up = pipeline.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    return pipeline


@dataclass(frozen=True)
class Change:
    """What is changed, what is said of it, and what tells that it took effect."""

    said: str
    serve: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    memory: int = 512 * 2**20
    docs: int = 200


CHANGES = [
    Change("memory 512m → 600m", variables={"SERVE_MEMORY": "600m"}, memory=600 * 2**20),
    Change("serve.docs True → False", serve="docs = false\n", docs=404),
    Change("LOG_FORMAT unset → json", variables={"LOG_FORMAT": "json"}),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.said)
def test_a_change_is_shown_by_status_and_takes_effect(pipeline: Pipeline, change: Change) -> None:
    pipeline.configure(SETTINGS + change.serve)

    status = pipeline.look("status", **change.variables)
    deployed = pipeline.make("deploy-serve", **change.variables)

    assert status.returncode == 1
    assert change.said in status.stdout
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert change.said in deployed.stdout
    assert f"project {pipeline.project}, image stagecoach/serve:" in deployed.stdout
    assert last_line(deployed) == f"serve answers with model {pipeline.latest('model').id}"
    container = pipeline.engine.containers.get(pipeline.container_id("serve"))
    assert container.attrs["HostConfig"]["Memory"] == change.memory
    assert httpx.get(f"{pipeline.url}/docs").status_code == change.docs


def test_what_is_as_the_files_say_is_not_replaced(pipeline: Pipeline) -> None:
    pipeline.configure(SETTINGS)
    pipeline.make("deploy-serve")
    before = pipeline.container_id("serve")

    again = pipeline.make("deploy-serve")

    assert again.returncode == 0, again.stderr
    assert pipeline.container_id("serve") == before


@pytest.mark.parametrize(
    ("serve", "variables", "code", "told"),
    [
        ("max_row = 5\n", {}, 78, "max_row is not a setting; did you mean max_rows?"),
        ("max_model_mb = 0.001\n", {}, 1, "refused"),
        ("", {"BIND": "10.99.99.99"}, 1, "BIND=10.99.99.99 is not an address of this machine"),
        ("", {"SERVE_MEMORY": "60m"}, 1, "it needs more memory than its limit, SERVE_MEMORY=60m"),
    ],
)
def test_a_running_serve_is_not_replaced_by_one_that_would_not_start(
    pipeline: Pipeline, serve: str, variables: dict[str, str], code: int, told: str
) -> None:
    before = pipeline.container_id("serve")
    pipeline.configure(SETTINGS + serve)

    with polling(pipeline) as answers:
        deployed = pipeline.make("deploy-serve", **variables)

    assert deployed.returncode == code
    assert told in last_line(deployed)
    assert pipeline.container_id("serve") == before
    assert failed(answers) == []
    assert trials(pipeline) == []


def trials(pipeline: Pipeline) -> list[str]:
    """Return the containers in which another serve was tried."""
    found = pipeline.engine.containers.list(all=True, filters={"name": "serve-trial"})
    return [each.name for each in found if each.name.startswith(pipeline.project)]


def test_a_port_that_is_taken_is_told_with_another_one_and_that_one_works(
    pipeline: Pipeline,
) -> None:
    pipeline.configure(SETTINGS)
    before = pipeline.container_id("serve")
    with socket.create_server(("127.0.0.1", 0)) as taken, ExitStack() as stack:
        port = taken.getsockname()[1]
        # Another program may listen there already.
        with suppress(OSError):
            stack.enter_context(socket.create_server(("127.0.0.1", port + 1)))
        refused = replace(pipeline, port=port).make("deploy-serve")
    [advised] = map(int, re.findall(r"PORT=(\d+) ", last_line(refused)))
    moved = replace(pipeline, port=advised)
    deployed = moved.make("deploy-serve")

    assert refused.returncode == 1
    assert f"port {port} of this machine is taken" in last_line(refused)
    assert advised > port + 1
    assert pipeline.hint("deploy-serve", PORT=str(advised)) in last_line(refused)
    assert deployed.returncode == 0, deployed.stderr
    assert pipeline.container_id("serve") != before
    assert httpx.get(f"{moved.url}/ready").status_code == 200
    pipeline.make("deploy-serve")


def test_rerun_says_what_it_leaves_and_what_is_wrong_with_settings(pipeline: Pipeline) -> None:
    pipeline.configure(f"{SETTINGS}max_rows = 5\n")
    changed = pipeline.make("rerun")
    pipeline.configure(f"{SETTINGS}max_row = 5\n")
    wrong = pipeline.make("rerun")
    status = pipeline.look("status")
    pipeline.configure(SETTINGS)

    assert changed.returncode == 0, changed.stderr
    assert "serve.max_rows 10000 → 5" in changed.stdout
    assert wrong.returncode == 78
    assert "max_row is not a setting; did you mean max_rows?" in last_line(wrong)
    assert status.returncode == 1
    assert "max_row is not a setting; did you mean max_rows? (line 7)" in status.stdout
    assert "correct that first; make up and make deploy-serve fail until then" in status.stdout


def test_up_puts_keys_on_a_running_serve_and_asks_with_one_wherever_it_listens(
    pipeline: Pipeline,
) -> None:
    keys = pipeline.folder / "keys"
    keys.write_text(f"{KEY}\n", encoding="utf-8")
    keys.chmod(0o644)
    pipeline.configure(f'{SETTINGS}api_keys_file = "/run/secrets/api-keys"\n')
    locked = replace(pipeline, compose_files=(KEYS,))

    up = locked.make("up", API_KEYS=str(keys), BIND="0.0.0.0")

    assert up.returncode == 0, up.stdout + up.stderr
    assert "mount /run/secrets/api-keys none → " in up.stdout
    assert "x-api-key: YOUR-KEY" in up.stdout
    assert KEY not in up.stdout + up.stderr
    assert httpx.get(f"{pipeline.url}/model").status_code == 401
    assert httpx.get(f"{pipeline.url}/model", headers={"x-api-key": KEY}).status_code == 200
    replace_file(keys, "another-key-of-today\n")
    status = locked.look("status", API_KEYS=str(keys), BIND="0.0.0.0")
    assert status.returncode == 1
    assert "/run/secrets/api-keys: replaced on the host since the start" in status.stdout


def replace_file(path: Path, text: str) -> None:
    """Put another file in the place of one, as most editors do."""
    draft = path.with_name("draft")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(path)
