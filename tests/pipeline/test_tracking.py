"""`MLFLOW_TRACKING_URI` with make: models go to MLflow's own server, or to a folder."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from conftest import MakePipeline
from support.running import ROOT, TAG, Pipeline, free_port, last_line

QUICK = """\
source = "penguins.csv"
target = "species"
[train]
candidates = ["linear"]
trials = 1
"""
SECONDS = 240
OVERLAYS = (ROOT / "deploy/tracking.yaml", ROOT / "deploy/tracking-folder.yaml")


@dataclass(frozen=True)
class Server:
    """MLflow's own server on this machine."""

    port: int

    @property
    def seen_from_containers(self) -> str:
        return f"http://host.docker.internal:{self.port}"

    def live(self, name: str) -> str:
        """Return the id of the model that the alias `live` names."""
        url = f"http://127.0.0.1:{self.port}/api/2.0/mlflow/registered-models/alias"
        answer = httpx.get(url, params={"name": name, "alias": "live"}).raise_for_status().json()
        return str(tags(answer["model_version"]["tags"])["stagecoach.model_id"])


def tags(entries: list[dict[str, str]]) -> dict[str, str]:
    return {entry["key"]: entry["value"] for entry in entries}


@contextmanager
def mlflow_server(folder: Path) -> Iterator[Server]:
    subprocess.run([ROOT / "scripts/envs.sh", "track-server"], check=True)
    programs, port = ROOT / ".envs/track-server/bin", free_port()
    command = [
        *(f"{programs}/mlflow", "server", "--host", "0.0.0.0", "--port", f"{port}"),
        *("--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"),
        *("--artifacts-destination", f"{folder}/artifacts"),
        *("--allowed-hosts", f"host.docker.internal:{port},127.0.0.1:{port}"),
    ]
    variables = {"PATH": f"{programs}:{os.environ['PATH']}", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with subprocess.Popen(
        command, cwd=folder, env=os.environ | variables, start_new_session=True
    ) as process:
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/health"))
            yield Server(port)
        finally:
            # It starts its workers as children of their own, and they wait for their clients.
            os.killpg(process.pid, signal.SIGKILL)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.HTTPError:
        return False


def until(holds: object) -> None:
    assert callable(holds)
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def logged(folder: Path) -> set[str]:
    """Return the ids of the models that were logged whole to a folder."""
    query = (
        "select tags.value from tags join runs using (run_uuid)"
        " where key = 'stagecoach.model_id' and status = 'FINISHED'"
    )
    if not (folder / "mlflow.db").exists():
        return set()
    with closing(sqlite3.connect(f"file:{folder}/mlflow.db?mode=ro", uri=True)) as database:
        try:
            return {row[0] for row in database.execute(query)}
        except sqlite3.OperationalError:
            # Its tables are still being made.
            return set()


@pytest.fixture
def pipeline(make_pipeline: MakePipeline) -> Iterator[Pipeline]:
    pipeline = make_pipeline("tracked")
    pipeline.provide("penguins.csv", (ROOT / "data/penguins.csv").read_bytes())
    pipeline.configure(QUICK)
    yield pipeline
    pipeline.compose("down", "--remove-orphans", "--timeout", "2")
    pipeline.engine.images.remove(f"stagecoach/track:{TAG}", noprune=True)


def test_models_go_to_a_server_and_to_a_folder(pipeline: Pipeline, tmp_path: Path) -> None:
    with mlflow_server(tmp_path) as server:
        up = pipeline.make("up", MLFLOW_TRACKING_URI=server.seen_from_containers)

        assert up.returncode == 0, up.stdout + up.stderr
        first = pipeline.latest("model").id
        assert server.live("tracked") == first

    refused = pipeline.make("rerun", MLFLOW_TRACKING_URI=server.seen_from_containers)

    assert refused.returncode == 69
    assert last_line(refused).startswith(
        "the models were not logged to MLflow, but the pipeline's result is in place: track "
        f"    error: {server.seen_from_containers}: nothing listens there; start it"
    )
    with pipeline.client() as client:
        assert client.get("/ready").json()["model"] == first

    folder = pipeline.folder / "runs"
    watch = pipeline.make("watch", MLFLOW_TRACKING_URI=str(folder))
    assert watch.returncode == 0, watch.stdout + watch.stderr
    until(lambda: logged(folder) == {first})
    pipeline.configure(f"{QUICK}seed = 7\n")
    until(lambda: len(logged(folder)) == 2)

    assert pipeline.latest("model").id in logged(folder) - {first}


def test_only_what_tracks_has_a_network_and_with_a_folder_nothing_has() -> None:
    def config(*overlays: Path) -> dict[str, dict[str, object]]:
        files = [f"--file={path}" for path in (ROOT / "compose.yaml", *overlays)]
        result = subprocess.run(
            ["docker", "compose", *files, "--profile=*", "config", "--format", "json"],
            env=os.environ | {"TRACKING_FOLDER": "/runs", "MLFLOW_TRACKING_URI": "/runs"},
            capture_output=True,
            check=True,
        )
        services: dict[str, dict[str, object]] = json.loads(result.stdout)["services"]
        return services

    def without(services: dict[str, dict[str, object]]) -> set[str]:
        return {name for name in services if services[name].get("network_mode") == "none"}

    batch = {"ingest", "clean", "features", "train", "batch"}
    assert without(config(OVERLAYS[0])) == batch
    assert without(config(*OVERLAYS)) == batch | {"track", "tracker"}
    services = config(OVERLAYS[0])
    assert {name for name in services if "secrets" in services[name]} == {"track", "tracker"}
