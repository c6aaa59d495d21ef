"""Clients that ask for much and read nothing, stall or leave: the memory of a worker stays flat."""

import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import Server, running, until
from serve_testing.request_forms import infer_request

CLIENTS = 20
FIELDS = [{"name": "carat", "type": "number"}, {"name": "cut", "type": "string"}]
ROW = {"carat": 1, "cut": "Good"}
ROWS = 1000
COLUMNS = {name: [value] * ROWS for name, value in ROW.items()}
MB = 1_000_000
REPORT = "<!doctype html>" + "x" * 2 * MB
LIMITS = f"""
workers = 1
max_body_bytes = {MB}
max_waiting_bytes = {4 * MB}
"""
MAX_GROWTH_BYTES = 30 * MB
"""Four megabytes that wait, the work on one request, and what connections and libraries take."""

type Speak = Callable[[Server, socket.socket], None]


def request(
    path: str, body: bytes = b"", *fields: str, method: str = "POST", version: str = "1.1"
) -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "host: a", f"content-length: {len(body)}", *fields]
    return "\r\n".join([*lines, "\r\n"]).encode() + body


def of_type(kind: str) -> str:
    return f"content-type: {kind}"


def get(path: str) -> bytes:
    return request(path, method="GET")


TABLE = b"carat,cut,id\n" + (b"1,Good," + b"x" * 85 + b"\n") * 9900
JSON = json.dumps({"rows": [ROW] * ROWS}).encode()
SPLIT = {"columns": list(ROW), "data": [list(ROW.values())] * ROWS}
TENSORS, BEHIND = infer_request(COLUMNS, FIELDS, is_binary=True)
REQUESTS: Mapping[str, bytes] = {
    "CSV": request("/predict", TABLE, of_type("text/csv")),
    "JSON": request("/predict", JSON, of_type("application/json")) * 20,
    "small JSON": request(
        "/predict",
        json.dumps({"rows": [ROW] * 500}).encode(),
        of_type("application/json"),
    )
    * 200,
    "tensors": request(
        "/v2/models/test/infer",
        TENSORS + BEHIND,
        of_type("application/octet-stream"),
        f"inference-header-content-length: {len(TENSORS)}",
    )
    * 20,
    "MLflow": request(
        "/invocations",
        json.dumps({"dataframe_split": SPLIT}).encode(),
        of_type("application/json"),
    )
    * 20,
    "HTTP/1.0": request("/predict", TABLE, of_type("text/csv"), version="1.0"),
    "an absolute target": request("http://a/predict", TABLE, of_type("text/csv")),
    "behind another": get("/live") + request("/predict", TABLE, of_type("text/csv")),
    "what is refused": request("/predict", b"", of_type("image/png")) * 5000,
    "many behind another": get("/docs") * 5000,
    "the report": get("/report") * 10,
    "the description": get("/openapi.json") * 100,
    "metrics": get("/metrics") * 1000,
    "an asset": get("/docs/assets/swagger-ui-bundle.js") * 10,
    "what is not there": get("/" + "a" * 4000) * 500,
}


def reads_nothing(_server: Server, connection: socket.socket, sent: bytes) -> None:
    """Send everything, as far as it is taken."""
    send(connection, sent)


def stalls(_server: Server, connection: socket.socket, sent: bytes) -> None:
    """Send all but the last byte."""
    send(connection, sent[:-1])


def leaves(_server: Server, connection: socket.socket, sent: bytes) -> None:
    """Send everything and hang up."""
    send(connection, sent)
    connection.close()


def send(connection: socket.socket, data: bytes) -> None:
    left = memoryview(data)
    with suppress(OSError):
        while left:
            left = left[connection.send(left) :]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("greedy")
    publish_model(folder / "volume", DIAMONDS.but(ignored=("id",), report=REPORT))
    with running(folder, LIMITS) as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        server.ask("GET", "/openapi.json")
        yield server


def peak_bytes(server: Server, *, reset: bool = False) -> int:
    """Return the most memory that the worker has had since the last reset."""
    process = Path(f"/proc/{server.process.pid}")
    if reset:
        (process / "clear_refs").write_text("5")
    lines = (process / "status").read_text().splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


LARGE = ("CSV", "tensors", "HTTP/1.0", "an absolute target", "behind another")


@pytest.mark.parametrize(
    ("name", "behaviour"),
    [
        *((name, reads_nothing) for name in REQUESTS),
        *((name, stalls) for name in LARGE),
        *((name, leaves) for name in LARGE),
    ],
)
def test_the_memory_stays_flat(server: Server, name: str, behaviour: Any) -> None:
    before = peak_bytes(server, reset=True)
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(server.open()) for _ in range(CLIENTS)]
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(1)
        waiting = itertools.count()

        def speak() -> None:
            while (place := next(waiting)) < CLIENTS:
                behaviour(server, connections[place], REQUESTS[name])

        threads = [threading.Thread(target=speak) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        answered = predict(server)

    assert answered == 200
    assert peak_bytes(server) - before < MAX_GROWTH_BYTES
    until(lambda: predict(server) == 200)


def predict(server: Server) -> int:
    body = json.dumps({"rows": [ROW]}).encode()
    status: int = server.ask("POST", "/predict", body, **{"content-type": "application/json"})[0]
    return status
