"""Workers with a model, for the tests of what they answer."""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before any test loads ONNX Runtime

import hypothesis
import pytest
from asking import Worker
from limited_server import LIMITS, Client
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, publish_model
from serve_testing.processes import Server, running, until

# A busy machine takes longer than any deadline for one example.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")


@pytest.fixture
def diamonds(tmp_path: Path) -> Worker:
    """Return a worker with price = 1000 carat + depth + 10 cut + color."""
    publish_model(tmp_path, DIAMONDS)
    return Worker(tmp_path)


@pytest.fixture
def penguins(tmp_path: Path) -> Worker:
    """Return a worker with a model of three classes and a private column."""
    publish_model(tmp_path, PENGUINS)
    return Worker(tmp_path)


@pytest.fixture
def flights(tmp_path: Path) -> Worker:
    """Return a worker with a boolean class, datetimes, dates and integer categories."""
    publish_model(tmp_path, FLIGHTS)
    return Worker(tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server with low limits."""
    folder = tmp_path_factory.mktemp("limits")
    publish_model(folder / "volume", DIAMONDS)
    with running(folder, LIMITS) as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    """Open a connection to the server with low limits."""
    with server.open() as connection:
        yield Client(connection)
