"""The fast path: the same answers as without it, and only where nothing was added."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from serve_testing.processes import Server, running, until
from serve_testing.request_forms import every_form

KEY = "k" * 32
ORIGIN = "https://page.example"
OWN = ("x-request-id", "traceresponse", "date")
"""Fields that differ from answer to answer."""
JSON = {"content-type": "application/json"}
INFER = "/v2/models/test/infer"
ROW = {"carat": 1, "cut": "Good"}

type Asked = tuple[str, str, bytes, dict[str, str]]

BAD: dict[str, Asked] = {
    "no JSON": ("POST", "/predict", b"{", JSON),
    "no rows": ("POST", "/predict", b'{"rows": []}', JSON),
    "a wrong value": ("POST", "/predict", b'{"rows": [{"carat": "big"}]}', JSON),
    "an unknown column": ("POST", "/predict", b'{"rows": [{"caret": 1}]}', JSON),
    "too many rows": ("POST", "/predict", json.dumps({"rows": [ROW] * 101}).encode(), JSON),
    "too long": ("POST", "/predict", b" " * 50_001, JSON),
    "another type": ("POST", "/predict", b"<rows/>", {"content-type": "text/xml"}),
    "compressed": ("POST", "/predict", b"x", JSON | {"content-encoding": "gzip"}),
    "another method": ("GET", "/predict", b"", {}),
    "another method, OIP": ("PUT", INFER, b"{}", JSON),
    "HEAD": ("HEAD", "/predict", b"", {}),
    "another model": ("POST", "/v2/models/other/infer", b"{}", JSON),
    "a model with a slash": ("POST", "/v2/models/a/b/infer", b"{}", JSON),
    "no name": ("POST", "/v2/models//infer", b"{}", JSON),
    "another version": ("POST", "/v2/models/test/versions/x/infer", b"{}", JSON),
    "no tensors": ("POST", INFER, b'{"inputs": []}', JSON),
    "a lone surrogate": ("POST", "/predict", rb'{"\ud800": 1}', JSON),
    "a lone surrogate, OIP": ("POST", INFER, rb'"\ud800"', JSON),
    "a lone surrogate, MLflow": ("POST", "/invocations", rb'"\ud800"', JSON),
    "no form of MLflow": ("POST", "/invocations", b"{}", JSON),
    "a torn table": ("POST", "/predict", b'carat,cut\n1,"G', {"content-type": "text/csv"}),
    "a form that is not read": (
        "POST",
        "/predict",
        b"\xff\xff\xff\xff",
        {"content-type": "application/vnd.apache.arrow.stream"},
    ),
    "nothing there": ("POST", "/predict/", b"{}", JSON),
}


QUERIES = (
    "top_k=2",
    "explain=true",
    "explain=true&on_error=skip",
    "on_error=skip",
    "outside_training=true",
    "top_k=1&on_error=skip&outside_training=true",
    "top_k=0",
    "topk=2",
    "on_error=ignore",
    "outside_training=true#top_k=0",
    "other=1",
    "",
)


def settings(folder: Path, *, fast_path: bool) -> str:
    (folder / "keys").write_text(KEY)
    return (
        f'workers = 1\nfast_path = {json.dumps(fast_path)}\napi_keys_file = "{folder / "keys"}"\n'
        f'cors_origins = ["{ORIGIN}"]\nmax_rows = 100\nmax_body_bytes = 50000\n'
    )


@pytest.fixture(scope="module", params=[DIAMONDS, PENGUINS], ids=lambda model: model.target)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[MadeModel, Server, Server]]:
    """Yield a model, a server with the fast path, and one without."""
    folder = tmp_path_factory.mktemp("servers")
    publish_model(folder / "volume", request.param)
    other = tmp_path_factory.mktemp("without")
    publish_model(other / "volume", request.param)
    with (
        running(folder, settings(folder, fast_path=True)) as fast,
        running(other, settings(other, fast_path=False)) as plain,
    ):
        for server in (fast, plain):
            until(lambda server=server: server.ask("GET", "/ready")[0] == 200)
        yield request.param, fast, plain


def ask(server: Server, asked: Asked, **more: str) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the fields that matter, and the bytes of an answer."""
    method, path, body, headers = asked
    connection = server.connect()
    try:
        connection.request(method, path, body, {"x-api-key": KEY} | headers | more)
        answer = connection.getresponse()
        fields = sorted((name.lower(), value) for name, value in answer.getheaders())
        return answer.status, dict(each for each in fields if each[0] not in OWN), answer.read()
    finally:
        connection.close()


def test_every_form_of_a_right_request_is_answered_alike(
    both: tuple[MadeModel, Server, Server],
) -> None:
    model, fast, plain = both
    for rows in (model.rows[:1], model.rows * 20):
        forms = every_form(rows, model.fields, name="test", has_classes=model.classes is not None)
        for form, (path, body, headers) in forms.items():
            found = ask(fast, ("POST", path, body, headers), origin=ORIGIN)

            assert found[0] == 200, form
            assert found == ask(plain, ("POST", path, body, headers), origin=ORIGIN), form


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_string_is_answered_alike(
    both: tuple[MadeModel, Server, Server], query: str
) -> None:
    model, fast, plain = both
    for rows in (model.rows[:1], [*model.rows, {"odd": 1}] * 10):
        forms = every_form(rows, model.fields, name="test", has_classes=model.classes is not None)
        for form in ("JSON", "CSV"):
            path, body, headers = forms[form]
            asked = ("POST", f"{path}?{query}", body, headers)

            assert ask(fast, asked) == ask(plain, asked), form


@pytest.mark.parametrize("wrong", BAD)
@pytest.mark.parametrize("more", [{}, {"origin": ORIGIN}, {"origin": "https://evil.example"}])
def test_every_wrong_request_is_answered_alike(
    both: tuple[MadeModel, Server, Server], wrong: str, more: dict[str, str]
) -> None:
    _, fast, plain = both
    found = ask(fast, BAD[wrong], **more)

    assert 400 <= found[0] < 500
    assert found == ask(plain, BAD[wrong], **more)


@pytest.mark.parametrize("key", ["", "wrong"])
@pytest.mark.parametrize("path", ["/predict", INFER, "/invocations"])
def test_a_request_without_an_accepted_key_is_refused_alike(
    both: tuple[MadeModel, Server, Server], path: str, key: str
) -> None:
    _, fast, plain = both
    asked = ("POST", path, b"{}", JSON | {"x-api-key": key})
    found = ask(fast, asked)

    assert found[0] == 401
    assert found == ask(plain, asked)


RAW = {
    "in chunks": b"Transfer-Encoding: chunked\r\n\r\n8\r\n"
    b'{"rows":\r\n3\r\n []\r\n1\r\n}\r\n0\r\n\r\n',
    "too long, in chunks": b"Transfer-Encoding: chunked\r\n\r\n"
    + b"".join(b"4000\r\n" + b" " * 0x4000 + b"\r\n" for _ in range(4))
    + b"0\r\n\r\n",
    "too long, asks first": b"Expect: 100-continue\r\nContent-Length: 60000\r\n\r\n",
    "asks first": b'Expect: 100-continue\r\nContent-Length: 12\r\n\r\n{"rows": []}',
    "a large head": b"X-Large: " + b"x" * 17_000 + b"\r\n\r\n",
    "many fields": b"X-Many: x\r\n" * 101 + b"\r\n",
    "two hosts": b"Host: b\r\nContent-Length: 0\r\n\r\n",
    "no length": b"\r\n",
    "another protocol": b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 12\r\n\r\n"
    b'{"rows": []}',
    "two at once": b'Content-Length: 12\r\n\r\n{"rows": []}'
    b"POST /predict HTTP/1.1\r\nHost: a\r\nX-Api-Key: " + KEY.encode() + b"\r\n"
    b'Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{"rows": []}',
}


def exchange(server: Server, rest: bytes) -> list[tuple[list[bytes], bytes]]:
    """Send bytes, and return the fields that matter and the body of each answer."""
    head = f"POST /predict HTTP/1.1\r\nHost: a\r\nX-Api-Key: {KEY}\r\n"
    with server.open() as connection, connection.makefile("rb") as answers:
        connection.sendall(head.encode() + b"Content-Type: application/json\r\n" + rest)
        return [next_answer(answers) for _ in range(1 + rest.count(b"POST /predict"))]


def next_answer(answers: BinaryIO) -> tuple[list[bytes], bytes]:
    lines = [*iter(answers.readline, b"\r\n")]
    if lines[0].startswith(b"HTTP/1.1 100"):
        return next_answer(answers)
    own = tuple(name.encode() for name in OWN)
    fields = sorted(line for line in lines if not line.lower().startswith(own))
    length = next(line for line in fields if line.startswith(b"content-length"))
    return fields, answers.read(int(length.split()[1]))


@pytest.mark.parametrize("how", RAW)
def test_what_clients_do_on_a_connection_is_answered_alike(
    both: tuple[MadeModel, Server, Server], how: str
) -> None:
    _, fast, plain = both

    assert exchange(fast, RAW[how]) == exchange(plain, RAW[how])


def test_a_head_request_gets_no_body_so_that_the_next_answer_can_be_read(
    both: tuple[MadeModel, Server, Server],
) -> None:
    for server in both[1:]:
        connection = server.connect()
        try:
            connection.request("HEAD", "/live")
            first = connection.getresponse()
            assert (first.status, first.read()) == (200, b"")
            connection.request("GET", "/live")
            assert json.loads(connection.getresponse().read()) == {"status": "live"}
        finally:
            connection.close()


def test_without_a_model_predictions_are_refused_alike(tmp_path: Path) -> None:
    (tmp_path / "volume").mkdir()
    found = []
    for fast_path in (True, False):
        with running(tmp_path, settings(tmp_path, fast_path=fast_path)) as server:
            until(lambda server=server: server.ask("GET", "/live")[0] == 200)
            found.append(ask(server, BAD["no JSON"]))

    assert found[0][0] == 503
    assert found[0] == found[1]
