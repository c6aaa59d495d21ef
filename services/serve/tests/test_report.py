"""GET /report: the page that came with the live model, which may show itself and do nothing."""

import asyncio
import json
import os
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import Worker
from serve.model.artifact_files import read_verified
from serve_testing.made_models import DIAMONDS, publish_model
from stage_contract import Artifact

PAGE = "<!doctype html><title>größer</title>"


@pytest.fixture
def reported(tmp_path: Path) -> Worker:
    """Return a worker whose model has a report."""
    publish_model(tmp_path / "model", DIAMONDS.but(report=PAGE))
    return Worker(tmp_path / "model")


def test_the_report_is_the_file_of_the_live_model(reported: Worker) -> None:
    answer = reported.ask("GET", "/report")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-model-id"] == DIAMONDS.id
    assert answer.text == PAGE


def test_a_report_of_whatever_trainer_may_neither_run_nor_load_nor_be_framed(
    reported: Worker,
) -> None:
    policy = reported.ask("GET", "/report").headers["content-security-policy"].split("; ")

    assert {"default-src 'none'", "sandbox", "frame-ancestors 'none'"} <= set(policy)
    assert "script-src" not in "".join(policy)


def test_a_model_without_a_report_says_so(diamonds: Worker) -> None:
    answer = diamonds.ask("GET", "/report")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "came without a report.html" in answer.json()["detail"]


def test_without_a_model_there_is_no_report_either(tmp_path: Path) -> None:
    assert Worker(tmp_path).ask("GET", "/report").status_code == 503


def test_the_report_follows_the_live_model(reported: Worker, tmp_path: Path) -> None:
    publish_model(tmp_path / "model", DIAMONDS.but(id="b" * 16, report="another"))
    reported.poll()

    assert reported.ask("GET", "/report").text == "another"


def test_a_report_names_its_own_model_though_another_goes_live_while_it_is_read(
    reported: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_reading, may_end = threading.Event(), threading.Event()

    def read_slowly(artifact: Artifact, name: str, **options: Any) -> bytes:
        is_reading.set()
        assert may_end.wait(timeout=30)
        return read_verified(artifact, name, **options)

    monkeypatch.setattr("serve.api.report.read_verified", read_slowly)
    publish_model(tmp_path / "model", DIAMONDS.but(id="b" * 16, report="another"))

    async def ask_and_swap() -> httpx.Response:
        transport = httpx.ASGITransport(reported.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            asked = asyncio.create_task(client.get("/report"))
            assert await asyncio.to_thread(is_reading.wait, timeout=30)
            reported.admitter.poll()
            await reported.watcher.poll()
            may_end.set()
            return await asked

    answer = asyncio.run(ask_and_swap())

    assert answer.headers.get_list("x-model-id") == [DIAMONDS.id]
    assert answer.text == PAGE
    assert reported.ask("GET", "/ready").json()["model"] == "b" * 16


def test_a_report_that_became_a_pipe_keeps_no_request_waiting(
    reported: Worker, tmp_path: Path
) -> None:
    page = tmp_path / "model" / DIAMONDS.id / "report.html"
    page.unlink()
    os.mkfifo(page)

    assert reported.ask("GET", "/report").status_code >= 400


def test_model_and_docs_lead_to_the_report_where_there_is_one(
    reported: Worker, diamonds: Worker
) -> None:
    def told(worker: Worker) -> tuple[object, bool]:
        described = json.dumps(worker.ask("GET", "/openapi.json").json()["info"])
        return worker.ask("GET", "/model").json()["report"], "](report)" in described

    assert told(reported) == ("report", True)
    assert told(diamonds) == (None, False)


def test_the_report_wants_a_key_where_the_others_do(tmp_path: Path) -> None:
    publish_model(tmp_path / "model", DIAMONDS.but(report=PAGE))
    keys = tmp_path / "keys"
    keys.write_text("0123456789abcdef0123\n")
    worker = Worker(tmp_path / "model", api_keys_file=keys)

    assert worker.ask("GET", "/report").status_code == 401
    allowed = worker.ask("GET", "/report", headers={"x-api-key": "0123456789abcdef0123"})
    assert allowed.status_code == 200


def test_without_docs_there_is_no_report(tmp_path: Path) -> None:
    publish_model(tmp_path / "model", DIAMONDS.but(report=PAGE))

    worker = Worker(tmp_path / "model", docs=False)
    report = worker.ask("GET", "/report")

    assert (report.status_code, report.json()["detail"]) == (404, "/report: nothing is here")
    assert worker.ask("GET", "/model").json()["report"] is None
    method = worker.ask("GET", "/predict").json()["detail"]
    assert method == "predictions are asked for with POST"
