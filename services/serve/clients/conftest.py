"""Servers for other people's clients: these have libraries that serve can't be installed with."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

SERVE = Path(__file__).parents[1]
ROOT = SERVE.parents[1]
PYTHON = ROOT / ".envs/serve-tests/bin/python"
SECONDS = 30


@dataclass(frozen=True)
class Server:
    """A server of one model, whose name is `test`."""

    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def model_id(self) -> str:
        return httpx.get(f"{self.url}/ready").headers["x-model-id"]

    def predict(self, *rows: object) -> list[dict[str, object]]:
        """Return what /predict answers, which the other ways must agree with."""
        answer = httpx.post(f"{self.url}/predict", json={"rows": rows})
        predictions: list[dict[str, object]] = answer.raise_for_status().json()["predictions"]
        return predictions


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Serve each of the unit tests' models."""
    with ExitStack() as running:
        yield {
            name: running.enter_context(serving(name, tmp_path_factory.mktemp(name)))
            for name in ("diamonds", "penguins", "flights")
        }


@pytest.fixture
def diamonds(servers: dict[str, Server]) -> Server:
    return servers["diamonds"]


@pytest.fixture
def penguins(servers: dict[str, Server]) -> Server:
    return servers["penguins"]


@pytest.fixture
def flights(servers: dict[str, Server]) -> Server:
    return servers["flights"]


@contextmanager
def serving(model: str, folder: Path) -> Iterator[Server]:
    code = (SERVE / "src", SERVE / "testing", ROOT / "contract/src")
    (folder / "test.toml").write_text("[serve]\nworkers = 1\n")
    port = free_port()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, code)),
        "PIPELINE": "test",
        "STAGE_CONFIG": str(folder),
        "STAGE_IN": str(folder / "volume"),
        "STAGE_HOST": "127.0.0.1",
        "STAGE_PORT": str(port),
    }
    publish = [PYTHON, "-m", "serve_testing.publish", model, folder / "volume"]
    subprocess.run(publish, env=environment, check=True)
    process = subprocess.Popen([PYTHON, "-m", "serve"], env=environment, cwd=folder)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/ready")
        yield Server(port)
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_until_ready(url: str) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail(f"{url} was not ready within {SECONDS} s")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
