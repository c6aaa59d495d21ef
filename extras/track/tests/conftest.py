"""What the tests share: volumes of models, MLflow's own server, and track as a process."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from track.environment import prepare
from track.settings import Settings

TRACK = Path(__file__).parents[1]
ROOT = TRACK.parents[1]
EXAMPLES = ROOT / "contract/examples"
MLFLOW = ROOT / ".envs/track-server/bin"
SECONDS = 180
"""On a machine that does much else MLflow takes a minute to load."""
RUN = {"finished": "2026-03-01T10:00:30+00:00", "seconds": 30.0}


@dataclass(frozen=True)
class Volume:
    """A model volume, and the pipeline file beside it."""

    path: Path
    pipeline: str

    @property
    def ids(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir() if path.is_dir())

    def add(self, example: Path) -> str:
        """Publish the model of an example volume, trained when RUN says; return its id."""
        model_id = (example / "LATEST").read_text(encoding="utf-8").strip()
        draft = shutil.copytree(example / model_id, self.path / f".draft-{model_id}")
        (draft / "run.json").write_text(json.dumps(RUN), encoding="utf-8")
        os.utime(draft / "manifest.json")
        draft.rename(self.path / model_id)
        return model_id

    def point(self, model_id: str) -> None:
        (self.path / "LATEST").write_text(f"{model_id}\n", encoding="utf-8")

    def judge(self, model_id: str, verdict: Mapping[str, Any]) -> None:
        (self.path / model_id / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")

    def document(self, model_id: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.path / model_id / "model.json").read_bytes())
        return found

    def examples(self, model_id: str) -> list[dict[str, Any]]:
        lines = (self.path / model_id / "examples.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def log(self, server: "Server") -> None:
        """Do what the process does, here: MLflow takes seconds to load."""
        settings = Settings(server.url, self.pipeline)
        prepare(settings)
        from track.work import track  # noqa: PLC0415  # as in __main__.py

        track(self.path, settings)

    def track(self, uri: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run track as a process."""
        return subprocess.run(
            [sys.executable, "-m", "track"],
            env=self.environment(uri) | variables,
            cwd=self.path.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def environment(self, uri: str) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, (TRACK / "src", ROOT / "contract/src"))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "STAGE_IN": str(self.path),
            "STAGE_CONFIG": str(self.path.parent),
            "PIPELINE": self.pipeline,
            "MLFLOW_TRACKING_URI": uri,
        }


@dataclass(frozen=True)
class Server:
    """MLflow's own server, asked by its REST API."""

    url: str

    def ask(self, path: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.url}/api/2.0/mlflow/{path}", json=body, timeout=SECONDS)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, **parameters: str) -> requests.Response:
        url = f"{self.url}/api/2.0/mlflow/{path}"
        return requests.get(url, params=parameters, timeout=SECONDS)

    def experiment(self, name: str) -> str:
        answer = self.get("experiments/get-by-name", experiment_name=name)
        answer.raise_for_status()
        return str(answer.json()["experiment"]["experiment_id"])

    def runs(self, name: str, tag: str, value: str) -> list[dict[str, Any]]:
        """Return the runs of an experiment with a tag."""
        query = f"tags.`{tag}` = '{value}'"
        found = self.ask("runs/search", experiment_ids=[self.experiment(name)], filter=query)
        runs: list[dict[str, Any]] = found.get("runs", [])
        return runs

    def versions(self, name: str) -> list[dict[str, Any]]:
        answer = self.get("model-versions/search", filter=f"name = '{name}'")
        answer.raise_for_status()
        versions: list[dict[str, Any]] = answer.json().get("model_versions", [])
        return versions

    def live(self, name: str) -> dict[str, Any]:
        answer = self.get("registered-models/alias", name=name, alias="live")
        answer.raise_for_status()
        version: dict[str, Any] = answer.json()["model_version"]
        return version


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return empty_volume(tmp_path)


@pytest.fixture
def houses(volume: Volume) -> Volume:
    """The same with the model of the contract's houses, live."""
    volume.point(volume.add(EXAMPLES / "model"))
    return volume


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    port = free_port()
    options = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    command = ["server", "--host", "127.0.0.1", "--port", f"{port}", *options]
    with running([*command, "--artifacts-destination", f"{folder}/artifacts"], folder):
        url = f"http://127.0.0.1:{port}"
        wait_until_well(f"{url}/health")
        yield Server(url)


def empty_volume(folder: Path) -> Volume:
    """Return an empty volume of a pipeline that no other test has."""
    name = f"pipeline-{uuid.uuid4().hex[:8]}"
    (folder / f"{name}.toml").write_text("", encoding="utf-8")
    (folder / "model").mkdir()
    return Volume(folder / "model", name)


@contextmanager
def running(command: list[str], folder: Path, **variables: str) -> Iterator[None]:
    """Run MLflow's command in an environment of its own, to the end of the block."""
    if not (MLFLOW / "mlflow").exists():
        pytest.fail("no MLflow to log to; type: scripts/envs.sh track-server")
    environment = os.environ | {
        "PATH": f"{MLFLOW}:{os.environ['PATH']}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        **variables,
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [MLFLOW / "mlflow", *command],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            # MLflow starts its servers as children of their own, and they wait for their clients.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(SECONDS)


def wait_until_well(url: str) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if requests.get(url, timeout=1).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    pytest.fail(f"{url} was not well within {SECONDS} s")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
