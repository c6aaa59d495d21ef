"""Cross-origin requests: pages of which origins may ask."""

from pathlib import Path

import httpx
import pytest
from asking import Worker
from serve_testing.made_models import DIAMONDS, publish_model

ORIGIN = "https://page.example"
ROW = {"carat": 1, "cut": "Good"}
ASKS_FIRST = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type, x-api-key",
}


def worker(tmp_path: Path, *origins: str) -> Worker:
    publish_model(tmp_path, DIAMONDS)
    return Worker(tmp_path, cors_origins=origins)


def predict(worker: Worker, origin: str) -> httpx.Response:
    return worker.ask("POST", "/predict", json={"rows": [ROW]}, headers={"origin": origin})


def test_by_default_no_page_is_told_that_it_may_ask(diamonds: Worker) -> None:
    answer = predict(diamonds, ORIGIN)
    first = diamonds.ask("OPTIONS", "/predict", headers=ASKS_FIRST)

    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert first.status_code == 405
    assert not [name for name in first.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", ["/predict", "/model", "/v2/models/test/infer"])
def test_a_page_of_an_allowed_origin_may_ask(tmp_path: Path, path: str) -> None:
    asked = worker(tmp_path, ORIGIN)
    first = asked.ask("OPTIONS", path, headers=ASKS_FIRST)
    method = "GET" if path == "/model" else "POST"
    answer = asked.ask(method, path, headers={"origin": ORIGIN})

    assert first.status_code == 200
    assert first.headers["access-control-allow-origin"] == ORIGIN
    assert first.headers["access-control-allow-headers"] == "content-type, x-api-key"
    assert "POST" in first.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]


def test_a_page_of_another_origin_may_not(tmp_path: Path) -> None:
    asked = worker(tmp_path, ORIGIN)
    first = asked.ask(
        "OPTIONS", "/predict", headers=ASKS_FIRST | {"origin": "https://evil.example"}
    )

    assert "access-control-allow-origin" not in predict(asked, "https://evil.example").headers
    assert "access-control-allow-origin" not in first.headers


def test_all_origins_can_be_allowed(tmp_path: Path) -> None:
    asked = worker(tmp_path, "*")

    assert predict(asked, "null").headers["access-control-allow-origin"] == "null"


def test_a_wrong_request_tells_the_page_why(tmp_path: Path) -> None:
    answer = worker(tmp_path, ORIGIN).ask(
        "POST", "/predict", json={"rows": []}, headers={"origin": ORIGIN}
    )

    assert answer.status_code == 422
    assert answer.headers["access-control-allow-origin"] == ORIGIN


def test_the_question_whether_to_ask_needs_no_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("k" * 32)
    publish_model(tmp_path / "volume", DIAMONDS)
    asked = Worker(tmp_path / "volume", cors_origins=[ORIGIN], api_keys_file=keys)

    assert asked.ask("OPTIONS", "/predict", headers=ASKS_FIRST).status_code == 200
    assert predict(asked, ORIGIN).status_code == 401
