"""API keys: who may ask, and how keys change."""

import logging
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from asking import Worker
from serve.runtime.access import Keys
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import run, running, until, workers_of
from stage_contract import SettingsError

KEY, OTHER = "k" * 32, "o" * 32
ROW = {"carat": 1, "cut": "Good"}
BEARER = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"# the shop\n{KEY}\n\n{OTHER}\n")
    return path


@pytest.fixture
def worker(tmp_path: Path, keys: Path) -> Worker:
    publish_model(tmp_path / "volume", DIAMONDS)
    return Worker(tmp_path / "volume", api_keys_file=keys)


def status(worker: Worker, headers: dict[str, str], path: str = "/predict") -> int:
    return worker.ask("POST", path, json={"rows": [ROW]}, headers=headers).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer {OTHER}"},
        {"x-api-key": KEY},
        {"x-api-key": OTHER, "authorization": "Basic abc"},
        {"x-api-key": KEY[:-1], "authorization": f"Bearer {KEY}"},
        {"x-api-key": KEY, "authorization": f"Bearer {KEY[:-1]}"},
    ],
)
def test_a_key_opens_predict(worker: Worker, headers: dict[str, str]) -> None:
    assert status(worker, headers) == 200


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "no API key was sent"),
        ({"authorization": KEY}, "no API key was sent"),
        ({"authorization": f"Basic {KEY}"}, "no API key was sent"),
        ({"authorization": "Bearer "}, "the API key is not accepted"),
        ({"x-api-key": KEY[:-1]}, "the API key is not accepted"),
        ({"x-api-key": "# the shop"}, "the API key is not accepted"),
        ({"x-api-key": KEY + "é"}, "the API key is not accepted"),
        ({"x-api-key": KEY[:-1], "authorization": "Bearer x"}, "the API key is not accepted"),
    ],
)
def test_without_a_right_key_nothing_is_predicted(
    worker: Worker, headers: dict[str, str], said: str
) -> None:
    encoded: Any = {name: value.encode() for name, value in headers.items()}
    answer = worker.ask("POST", "/predict", json={"rows": [ROW]}, headers=encoded)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="predictions"'
    assert said in answer.json()["detail"]
    assert KEY[:-1] not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        *("/model", "/metrics", "/report", "/openapi.json", "/nowhere", "/docs/x"),
        *("/page/overview", "/page/nowhere", "/page/assets/x/y", "/docs/assets/x/y"),
    ],
)
def test_every_other_route_wants_a_key(worker: Worker, path: str) -> None:
    assert worker.ask("GET", path).status_code == 401
    assert worker.ask("GET", path, headers=BEARER).status_code != 401


@pytest.mark.parametrize(
    "path",
    [
        "/live",
        "/ready",
        "/ping",
        "/health",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/test/ready",
        f"/v2/models/test/versions/{DIAMONDS.id}/ready",
    ],
)
def test_health_wants_no_key(worker: Worker, path: str) -> None:
    assert worker.ask("GET", path).status_code == 200
    assert worker.ask("HEAD", path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/page/assets/page.js",
        "/docs",
        "/docs/assets/docs.js",
        "/docs/assets/swagger-ui.css",
    ],
)
def test_static_pages_want_no_key_and_name_nothing_of_the_model(worker: Worker, path: str) -> None:
    answer = worker.ask("GET", path)

    assert answer.status_code == 200
    if path in {"/", "/docs"}:
        assert "<body data-key>" in answer.text
        for name in ("carat", "price", "test", DIAMONDS.id, "Ideal"):
            assert name not in answer.text


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_with_a_key_a_page_does_not_ask_for_one(worker: Worker, path: str) -> None:
    answer = worker.ask("GET", path, headers=BEARER)

    assert answer.status_code == 200
    assert "data-key" not in answer.text
    assert ("carat" in answer.text) is (path == "/")


@pytest.mark.parametrize(
    ("settings", "private"),
    [
        ({"page": False}, ("/page/assets/page.js",)),
        ({"docs": False}, ("/docs", "/docs/assets/docs.js")),
        ({"page": False, "docs": False}, ("/", "/docs", "/page/assets/page.js")),
    ],
)
def test_a_page_that_is_off_is_not_public(
    tmp_path: Path, keys: Path, settings: dict[str, bool], private: tuple[str, ...]
) -> None:
    worker = Worker(tmp_path, api_keys_file=keys, **settings)

    for path in private:
        assert worker.ask("GET", path).status_code == 401
        assert worker.ask("GET", path, headers=BEARER).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/test",
        "/v2/models/test/ready/infer",
        "/v2/models/ready",
        "/v2/models//ready",
        "/v2/models/a/b/ready",
        "/livex",
    ],
)
def test_what_only_looks_like_health_wants_a_key(worker: Worker, path: str) -> None:
    assert worker.ask("GET", path).status_code == 401
    assert worker.ask("POST", path).status_code == 401


WRONG = DIAMONDS.but(id="b" * 16, expected=[1.0, 2.0])
"""A model whose refusal names a column."""


def test_a_client_without_a_key_reads_no_column_and_no_path(worker: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", WRONG)
    worker.poll()
    known = worker.ask("GET", "/ready", headers=BEARER).json()
    public = worker.ask("GET", "/ready").json()

    assert known["name"] == "test"
    assert known["refused"]["reason"] != public["refused"]["reason"]
    assert set(public) == {"status", "model", "since", "refused"}
    assert public["model"] == DIAMONDS.id
    assert public["refused"]["id"] == WRONG.id
    assert public["refused"]["reason"] == "it does not answer its examples as train did"


@pytest.mark.parametrize("path", ["/ready", "/ping", "/health", "/v2/health/ready"])
def test_without_a_model_the_reason_has_details_for_clients_with_a_key(
    tmp_path: Path, keys: Path, path: str
) -> None:
    publish_model(tmp_path / "volume", WRONG)
    worker = Worker(tmp_path / "volume", api_keys_file=keys)
    known = worker.ask("GET", path, headers=BEARER)
    public = worker.ask("GET", path)

    assert (known.status_code, public.status_code) == (503, 503)
    in_short = f"no model is live: model {WRONG.id} was refused, it does not answer its examples"
    assert public.json()["detail"] == f"{in_short} as train did"
    assert known.json()["detail"] != public.json()["detail"]


def test_the_name_of_the_model_is_not_told_without_a_key(worker: Worker) -> None:
    public = worker.ask("GET", "/v2/models/other/ready")
    known = worker.ask("GET", "/v2/models/other/ready", headers=BEARER)

    assert (public.status_code, known.status_code) == (404, 404)
    assert public.json()["detail"] == "model other is not served here"
    assert known.json()["detail"] == "model other is not served here, expected test"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf%b\r\n%b  \r\n",
        b"%b\t \n\x0b\n%b",
        b"\xef\xbb\xbf# the shop\r%b\r%b\r",
    ],
)
def test_what_editors_add_to_the_file_is_no_part_of_a_key(
    tmp_path: Path, keys: Path, content: bytes
) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    keys.write_bytes(content % (KEY.encode(), OTHER.encode()))
    worker = Worker(tmp_path / "volume", api_keys_file=keys)

    assert status(worker, BEARER) == 200
    assert status(worker, {"x-api-key": OTHER}) == 200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_that_windows_wrote_in_utf_16_is_read(
    tmp_path: Path, keys: Path, encoding: str
) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    mark = "" if encoding == "utf-16" else "\ufeff"
    keys.write_bytes(f"{mark}{KEY}\r\n".encode(encoding))

    assert status(Worker(tmp_path / "volume", api_keys_file=keys), BEARER) == 200


def test_public_paths_can_be_chosen(tmp_path: Path, keys: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    worker = Worker(tmp_path / "volume", api_keys_file=keys, public=["/metrics"])

    assert worker.ask("GET", "/metrics").status_code == 200
    assert worker.ask("GET", "/metricsx").status_code == 401
    assert worker.ask("GET", "/live").status_code == 401


def test_a_changed_file_is_taken_over(worker: Worker, keys: Path) -> None:
    keys.write_text("n" * 32)
    worker.service.tick(connections=0)

    assert status(worker, BEARER) == 401
    assert status(worker, {"x-api-key": "n" * 32}) == 200


@pytest.mark.parametrize("damage", [lambda path: path.write_text("#\n"), os.unlink])
def test_a_wrong_change_leaves_the_keys_and_is_logged_once(
    worker: Worker, keys: Path, damage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    damage(keys)
    with caplog.at_level(logging.ERROR):
        worker.service.tick(connections=0)
        worker.service.tick(connections=0)

    [record] = caplog.records
    assert "the keys from before stay valid" in record.getMessage()
    assert status(worker, BEARER) == 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no key in it, expected one a line"),
        ("# only this\n", "no key in it"),
        (f"{KEY}\nsecret\n", "key 2 has fewer than 16 characters"),
        (f"{KEY}\n{OTHER} # secret of ada\n", "key 2 can't be sent"),
        (f"{KEY}é\n", "key 1 can't be sent"),
        (f"{KEY}\n{OTHER}\0\n", "key 2 can't be sent"),
        (f"{KEY}\u200b\n", "key 1 can't be sent"),
        (f"{KEY}\n{'k' * 70_000}\n", "key 2 has more than 16,366 characters"),
    ],
)
def test_a_file_without_good_keys_is_a_wrong_setting(keys: Path, text: str, said: str) -> None:
    keys.write_text(text)

    with pytest.raises(SettingsError, match=said) as error:
        Keys(keys, public=(), max_header_bytes=16_384)
    assert "secret" not in str(error.value)


def test_a_file_that_is_not_there_ends_with_78_and_one_line(tmp_path: Path) -> None:
    ended = run(tmp_path, settings=f"api_keys_file = '{tmp_path}/none'")

    assert ended.returncode == 78
    assert ended.stdout.count("\n") == 1
    assert (
        "/none: No such file or directory; deploy/keys.yaml in COMPOSE_FILE mounts" in ended.stdout
    )


def test_a_key_that_no_header_field_can_carry_is_refused_by_the_check(
    tmp_path: Path, keys: Path
) -> None:
    keys.write_text("k" * 2000)
    settings = f"api_keys_file = '{keys}'"

    fits = run(tmp_path, "--check", settings=f"{settings}\nmax_header_bytes = 2018")
    too_long = run(tmp_path, "--check", settings=f"{settings}\nmax_header_bytes = 2017")

    assert (fits.returncode, too_long.returncode) == (0, 78)
    assert "key 1 has more than 1,999 characters" in too_long.stdout


@pytest.mark.skipif(os.getuid() != 0, reason="only root can take another user's part")
def test_an_unreadable_file_says_what_to_type(tmp_path: Path, keys: Path) -> None:
    keys.chmod(0o600)
    tmp_path.chmod(0o755)
    said = "not readable for uid 10001; on the host: chown 10001 FILE && chmod 400 FILE"
    child = os.fork()
    if not child:
        os.setuid(10001)
        try:
            Keys(keys, public=(), max_header_bytes=16_384)
        except SettingsError as error:
            os._exit(0 if said in str(error) else 1)
        os._exit(2)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_worker_that_starts_anew_while_the_file_is_wrong_knows_the_keys_from_before(
    tmp_path: Path, keys: Path
) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    answers: dict[tuple[str, str], int] = {}
    with running(tmp_path, f"workers = 2\napi_keys_file = '{keys}'") as server:
        for _ in range(2):
            server.wait_for("live: model")
        keys.write_text(OTHER)
        for _ in range(2):
            server.wait_for("API keys read: 1")
        keys.write_text("")
        for _ in range(2):
            server.wait_for("the keys from before stay valid")
        os.kill(workers_of(server)[0], signal.SIGKILL)
        server.wait_for("the keys from before stay valid")
        server.wait_for("live: model")

        def both_have_answered() -> bool:
            for key in (KEY, OTHER):
                status, headers, _text = server.ask("GET", "/model", **{"x-api-key": key})
                answers[headers["x-request-id"].partition("-")[0], key] = status
            return len(answers) == 4

        until(both_have_answered)

    assert {(key, status) for (_worker, key), status in answers.items()} == {
        (KEY, 401),
        (OTHER, 200),
    }


def test_keys_stand_in_no_log_and_change_while_the_server_runs(tmp_path: Path, keys: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    settings = f"workers = 2\naccess_log = true\napi_keys_file = '{keys}'"
    asked = {"content-type": "application/json", "x-api-key": KEY}
    body = b'{"rows": [{"carat": 1, "cut": "Good"}]}'
    with running(tmp_path, settings) as server:
        for _ in range(2):
            server.wait_for("live: model")
        until(lambda: server.ask("POST", "/predict", body, **asked)[0] == 200)
        keys.write_text(OTHER)
        for _ in range(2):
            server.wait_for("API keys read: 1")
        assert {server.ask("POST", "/predict", body, **asked)[0] for _ in range(10)} == {401}
        server.process.terminate()
        server.process.wait(10)
        log = server.rest_of_log()

    assert "POST /predict 401" in log
    assert KEY not in log


PUBLIC = (
    "/live",
    "/ready",
    "/ready/more",
    "/ping",
    "/health",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/other/ready",
    "/v2/models/other/versions/1/ready",
    "/v2/health/nowhere",
)
HOSTILE = {
    "host": "evil.example",
    "origin": "https://evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-for": "evil.example",
    "x-request-id": "evil.example\u00e9<script>",
    "traceparent": "evil.example",
    "access-control-request-method": "GET",
    "access-control-request-headers": "evil.example",
    "x-api-key": "evil.example-wrong",
}


@pytest.mark.parametrize("published", [(), (WRONG,), (DIAMONDS,), (DIAMONDS, WRONG)], ids=len)
def test_without_a_key_no_answer_tells_a_name_or_a_path_or_echoes_a_field(
    tmp_path: Path, keys: Path, published: tuple[Any, ...]
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    worker = Worker(volume, api_keys_file=keys, cors_origins=["https://page.example"])
    for model in published:
        publish_model(volume, model)
        worker.poll()
    hostile: Any = {name: value.encode() for name, value in HOSTILE.items()}

    for path in (*PUBLIC, "/predict", "/model", "/", "/docs", "/openapi.json", "/nowhere"):
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
            answer = worker.ask(method, path, headers=hostile)
            said = f"{answer.headers} {answer.text}"
            assert answer.status_code < 500 or answer.status_code == 503
            names = ("carat", "cut", "price", str(tmp_path), "volume", ".json", "evil.example")
            told = [name for name in names if name in said.replace(path, "")]
            assert not told, (method, path, said)
