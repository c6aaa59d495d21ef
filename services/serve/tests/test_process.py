"""The server as a process: starting, following under load, ending."""

import http.client
import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import SECONDS, Server, run, running, until

ROW = {"carat": 1, "cut": "Good"}
MODELS = {
    model.id: (model, price)
    for model, price in (
        (DIAMONDS, 1020.5),
        (DIAMONDS.but(id="d" * 16, bias=(5000.0,)), 6020.5),
    )
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path) as server:
        server.wait_for(f"live: model {DIAMONDS.id}")
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        yield server


def test_sigterm_ends_the_server_within_seconds(server: Server) -> None:
    idle = server.connect()
    idle.request("GET", "/live")
    idle.getresponse().read()

    server.process.send_signal(signal.SIGTERM)

    assert server.process.wait(5) == 0
    idle.close()


def test_a_request_under_way_is_answered_before_the_end(server: Server) -> None:
    body = json.dumps({"rows": [ROW]}).encode()
    connection = server.connect()
    connection.request("GET", "/live")
    connection.getresponse().read()  # from now on a worker has it
    connection.putrequest("POST", "/predict")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", str(len(body)))
    connection.endheaders(body[:5])
    until(lambda: server.ask("GET", "/live")[0] == 200)
    server.process.send_signal(signal.SIGTERM)

    connection.send(body[5:])

    assert connection.getresponse().status == 200
    connection.close()


def test_requests_that_never_come_whole_do_not_keep_a_server_from_its_end(tmp_path: Path) -> None:
    halves = (
        b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n{",
        b"GET /live HTTP/1.1\r\nhost",
        b"POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n{",
    )
    with running(tmp_path, "workers = 1") as server, ExitStack() as stack:
        until(lambda: server.ask("GET", "/live")[0] == 200)
        predict, live, nowhere = (stack.enter_context(server.open()) for _ in halves)
        for connection, half in zip((predict, live, nowhere), halves, strict=True):
            connection.sendall(half)
        assert status_of(nowhere) == 404  # By now the worker has the others, too.
        server.process.send_signal(signal.SIGTERM)

        assert status_of(predict) == 503
        assert status_of(live) == 503
        assert nowhere.recv(1) == b""  # It has had its answer.
        assert server.process.wait(SECONDS) == 0
        assert "error" not in server.rest_of_log()


def status_of(connection: socket.socket) -> int:
    """Return the status of one whole answer."""
    with http.client.HTTPResponse(connection) as answer:
        answer.begin()
        answer.read()
        return answer.status


def test_swaps_under_load_fail_no_request_and_mix_no_models(server: Server, tmp_path: Path) -> None:
    wrong: list[Any] = []
    seen: set[str] = set()
    stop = threading.Event()

    def keep_asking() -> None:
        connection = server.connect()
        headers = {"content-type": "application/json"}
        while not stop.is_set():
            connection.request("POST", "/predict", json.dumps({"rows": [ROW]}), headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            model = answer.headers["x-model-id"]
            seen.add(model)
            if found != {"model": model, "predictions": [{"price": MODELS[model][1]}]}:
                wrong.append(found)
        connection.close()

    clients = [threading.Thread(target=keep_asking) for _ in range(3)]
    for client in clients:
        client.start()
    for _ in range(5):
        for model, _price in [*MODELS.values()][::-1]:
            publish_model(tmp_path / "volume", model)
            server.wait_for(f"live: model {model.id}")
    stop.set()
    for client in clients:
        client.join(SECONDS)

    assert wrong == []
    assert seen == set(MODELS)


def test_every_worker_follows_by_itself(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    with running(tmp_path, "workers = 2\npoll_seconds = 0.01") as server:
        models = {}

        def both_serve(expected: str) -> bool:
            _status, headers, _text = server.ask("GET", "/ready")
            models[headers["x-request-id"].partition("-")[0]] = headers["x-model-id"]
            return [*models.values()] == [expected] * 2

        until(lambda: both_serve(DIAMONDS.id))
        other = [*MODELS.values()][1][0]
        publish_model(tmp_path / "volume", other)
        until(lambda: both_serve(other.id))


def test_head_is_answered_where_get_is_without_a_body(server: Server) -> None:
    connection = server.connect()

    def ask(method: str, path: str) -> tuple[int, str | None]:
        connection.request(method, path)
        answer = connection.getresponse()
        # If a body came after a HEAD the next answer would not begin where it should.
        assert (answer.read() == b"") == (method == "HEAD")
        return answer.status, answer.headers["content-type"]

    for path in ("/live", "/ready", "/metrics", "/model", "/docs", "/ping", "/", "/nowhere"):
        assert ask("HEAD", path) == ask("GET", path)
    assert ask("HEAD", "/predict") == (405, "application/problem+json")
    assert ask("GET", "/live")[0] == 200
    connection.close()


def test_a_body_of_ten_megabytes_is_refused_so_that_the_client_can_read_it(server: Server) -> None:
    body = b'{"rows": [' + b" " * 10_000_000
    json_type = {"content-type": "application/json"}
    declared = server.ask("POST", "/predict", body, **json_type)
    in_chunks = server.ask("POST", "/predict", iter([body[:5_000_000]] * 3), **json_type)

    for status, headers, text in (declared, in_chunks):
        assert status == 413
        assert headers["content-type"] == "application/problem+json"
        assert "longer than 8,388,608 bytes" in json.loads(text)["detail"]


def test_a_client_that_asks_first_is_refused_before_it_sends(server: Server) -> None:
    connection = server.connect()
    connection.putrequest("POST", "/predict")
    connection.putheader("content-type", "application/json")
    connection.putheader("content-length", "10000000")
    connection.putheader("expect", "100-continue")
    connection.endheaders()

    answer = connection.getresponse()

    assert (answer.status, answer.headers["connection"]) == (413, "close")
    connection.close()


def test_a_client_that_leaves_in_the_middle_does_no_harm(server: Server) -> None:
    for sent in (b"", b'{"rows": [', b"5\r\nhello\r\n"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            head = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
            length = (
                b"transfer-encoding: chunked\r\n\r\n"
                if sent[:1] == b"5"
                else b"content-length: 99\r\n\r\n"
            )
            connection.sendall(head + length + sent)

    assert server.ask("GET", "/ready")[0] == 200


@pytest.mark.parametrize(
    ("settings", "variables", "said"),
    [
        ("workerz = 2", {}, "test.toml: [serve] workerz is not a setting; did you mean workers?"),
        ("", {"STAGE_PORT": "eighty"}, "STAGE_PORT = 'eighty': expected a port from 1 to 65535"),
        ("", {"PIPELINE": "tests"}, "no such pipeline file; did you mean test?"),
    ],
)
def test_a_wrong_setting_ends_with_78_and_one_line(
    tmp_path: Path, settings: str, variables: dict[str, str], said: str
) -> None:
    ended = run(tmp_path, settings=settings, **variables)

    assert ended.returncode == 78
    assert ended.stderr == ""
    assert ended.stdout.count("\n") == 1
    assert said in ended.stdout


def test_help_and_version_need_no_settings(tmp_path: Path) -> None:
    assert "/config/$PIPELINE.toml" in run(tmp_path, "--help", settings="?").stdout
    assert run(tmp_path, "--version", settings="?").stdout == "serve 0.2.0\n"


def test_check_prints_the_settings_and_serves_nothing(tmp_path: Path) -> None:
    checked = run(tmp_path, "--check", settings="max_rows = 7")

    assert checked.returncode == 0
    assert json.loads(checked.stdout)["max_rows"] == 7


def test_check_says_what_is_wrong_with_a_setting_or_a_key(tmp_path: Path) -> None:
    typo = run(tmp_path, "--check", settings="max_row = 7")
    keyless = run(tmp_path, "--check", settings='api_keys_file = "/nowhere/keys"')

    assert (typo.returncode, keyless.returncode) == (78, 78)
    assert "max_row is not a setting; did you mean max_rows?" in typo.stderr + typo.stdout
    assert "/nowhere/keys" in keyless.stderr + keyless.stdout
