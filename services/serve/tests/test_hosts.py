"""Hosts that a request may name: a protection from DNS rebinding."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import Worker
from limited_server import Client, request
from serve.settings import Settings
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import Server, running, until

ROW = {"carat": 1, "cut": "Good"}
ALLOWED = ("api.example.com", "*.inside.example", "serve")


@pytest.fixture
def worker(tmp_path: Path) -> Worker:
    publish_model(tmp_path, DIAMONDS)
    return Worker(tmp_path, allowed_hosts=ALLOWED)


@pytest.fixture(scope="module", params=[True, False], ids=["fast path", "framework"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    publish_model(folder / "volume", DIAMONDS)
    fast_path = "true" if request.param else "false"
    table = f'workers = 1\nfast_path = {fast_path}\nallowed_hosts = ["api.example.com"]\n'
    with running(folder, table) as started:
        until(lambda: started.ask("GET", "/ready")[0] == 200)
        yield started


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "API.Example.com:8000",
        "api.example.com.",
        "a.inside.example",
        "a.b.inside.example:1",
        "serve:8000",
        "localhost",
        "localhost:8000",
        "127.0.0.1:8000",
        "10.1.2.3",
        "[::1]:8000",
        "[2001:db8::1]",
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/ready", "/metrics", "/docs", "/nothing"])
def test_an_allowed_host_is_answered(worker: Worker, host: str, path: str) -> None:
    method = "POST" if path == "/predict" else "GET"

    answer = worker.ask(method, path, json={"rows": [ROW]}, headers={"host": host})

    assert answer.status_code == (404 if path == "/nothing" else 200)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "api.example.com.evil.example",
        "evil-api.example.com",
        "inside.example",
        "127.0.0.1.evil.example",
        "1.2.3",
        "localhost.evil.example",
        "api.example.com:8000@evil.example",
        "evil.example/api.example.com",
        "[::1].evil.example",
        "[evil.example]",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/ready", "/metrics", "/docs", "/", "/nothing"])
def test_another_host_is_refused_on_every_path(worker: Worker, host: str, path: str) -> None:
    method = "POST" if path == "/predict" else "GET"

    answer = worker.ask(method, path, json={"rows": [ROW]}, headers={"host": host})

    assert answer.status_code == 421
    assert "allowed_hosts" in answer.json()["detail"]
    assert "price" not in answer.text


def test_by_default_every_host_is_answered(diamonds: Worker) -> None:
    assert diamonds.ask("GET", "/ready", headers={"host": "any.example"}).status_code == 200


def test_a_server_refuses_a_prediction_for_another_host(server: Server) -> None:
    with server.open() as connection:
        connection.sendall(request().replace(b"host: a", b"host: evil.example"))
        refused = Client(connection).read()
    with server.open() as connection:
        connection.sendall(request().replace(b"host: a", b"host: api.example.com"))
        allowed = Client(connection).read()

    assert refused[0] == 421
    assert b"evil.example" in refused[2]
    assert allowed[0] == 200


def test_refused_hosts_are_counted(worker: Worker) -> None:
    worker.ask("GET", "/ready", headers={"host": "evil.example"})

    counted = worker.ask("GET", "/metrics", headers={"host": "serve"}).text
    assert 'refused_requests_total{limit="host"} 1' in counted


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("https://api.example.com", "api.example.com"),
        ("api.example.com:8000", "api.example.com"),
        ("API.example.com", "api.example.com"),
        ("api.example.com/", "api.example.com"),
        ("*", None),
        ("", None),
        ("a..b", None),
        ("api.*.com", None),
    ],
)
def test_a_name_that_no_request_can_have_is_refused(name: str, meant: str | None) -> None:
    with pytest.raises(ValueError, match="expected a name such as api") as error:
        Settings(allowed_hosts=(name,))

    assert (f"did you mean {meant}?" in str(error.value)) == (meant is not None)
