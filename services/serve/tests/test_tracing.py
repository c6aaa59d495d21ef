"""Trace context and request ids, in answers and in the log."""

import json
import logging
import re
from pathlib import Path

import pytest
from asking import Worker
from hypothesis import given
from hypothesis import strategies as st
from serve.runtime.tracing import trace_of
from serve_testing.made_models import DIAMONDS, publish_model
from serve_testing.processes import running, until

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ROW = {"carat": 1, "cut": "Good"}
FORM = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


@pytest.mark.parametrize("path", ["/predict", "/live", "/nowhere"])
def test_an_answer_goes_on_with_the_trace_of_its_request(diamonds: Worker, path: str) -> None:
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    answer = diamonds.ask("POST", path, json={"rows": [ROW]}, headers=headers)
    found = FORM.fullmatch(answer.headers["traceresponse"])

    assert found is not None
    assert (found[1], found[3]) == (TRACE, "01")
    assert found[2] != SPAN


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
    ],
)
def test_a_trace_that_cannot_be_read_is_started_anew(diamonds: Worker, traceparent: str) -> None:
    answer = diamonds.ask(
        "POST", "/predict", json={"rows": [ROW]}, headers={"traceparent": traceparent}
    )
    found = FORM.fullmatch(answer.headers["traceresponse"])

    assert answer.status_code == 200
    assert found is not None
    assert found[1] != TRACE


def test_what_a_later_version_appends_is_left_alone() -> None:
    assert trace_of(f"01-{TRACE}-{SPAN}-01-more".encode()).id == TRACE.encode()


@given(st.binary(max_size=80))
def test_any_bytes_lead_to_a_right_trace(traceparent: bytes) -> None:
    assert FORM.fullmatch(trace_of(traceparent).response().decode())


def test_traces_and_requests_differ(diamonds: Worker) -> None:
    answers = [diamonds.predict(ROW) for _ in range(20)]

    for header in ("traceresponse", "x-request-id"):
        assert len({answer.headers[header] for answer in answers}) == 20


def test_by_default_a_request_is_not_logged(
    diamonds: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "stagecoach"):
        diamonds.predict(ROW)

    assert caplog.records == []


def test_an_error_of_ours_is_logged_with_its_ids(
    diamonds: Worker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(diamonds.watcher.model), "predict_json", lambda *_: 1 / 0)
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "x-request-id": "mine"}
    answer = diamonds.ask("POST", "/predict", json={"rows": [ROW]}, headers=headers)

    [record] = caplog.records
    assert answer.status_code == 500
    assert (vars(record)["request_id"], vars(record)["trace_id"]) == ("mine", TRACE)
    assert record.exc_info is not None


def test_the_log_of_requests_has_what_finds_them_again(tmp_path: Path) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    headers = {"content-type": "application/json", "traceparent": f"00-{TRACE}-{SPAN}-01"}
    body = json.dumps({"rows": [ROW]})
    with running(tmp_path, "workers = 1\naccess_log = true", LOG_FORMAT="json") as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        _, answered, _ = server.ask("POST", "/predict?a=secret", body, **headers)
        line = json.loads(server.wait_for("POST /predict"))

    assert line["trace_id"] == TRACE
    assert line["request_id"] == answered["x-request-id"]
    assert (line["route"], line["method"], line["status"]) == ("/predict", "POST", 200)
    assert 0 < line["seconds"] < 5
    assert "secret" not in json.dumps(line)


@pytest.mark.parametrize("form", ["", "json"])
def test_no_request_forges_or_hides_a_line_of_the_log(tmp_path: Path, form: str) -> None:
    publish_model(tmp_path / "volume", DIAMONDS)
    hostile = b"x\x1b[2J\xc2\x85\xe2\x80\xaeserve     forged"
    requests = [
        b"GET /%0aserve%20%20%20%20%20forged%1b%5b2J HTTP/1.1\r\nHost: a\r\n",
        b"GET /" + hostile.replace(b" ", b"") + b" HTTP/1.1\r\nHost: " + hostile + b"\r\n",
        b"GET /live HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + hostile + b"\r\n",
        b"FORGED\x1b[2J /live HTTP/1.1\r\n",
    ]
    with running(tmp_path, "workers = 1\naccess_log = true", LOG_FORMAT=form) as server:
        until(lambda: server.ask("GET", "/ready")[0] == 200)
        for request in requests:
            with server.open() as connection:
                connection.sendall(request + b"Connection: close\r\n\r\n")
                connection.recv(1)
        body = json.dumps({"rows": [{hostile.decode(): hostile.decode()}]})
        server.ask("POST", "/predict", body, **{"content-type": "application/json"})
    log = server.rest_of_log()

    lines = log.removesuffix("\n").split("\n")
    assert any("POST /predict 422" in line for line in lines)
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("serve     forged") for line in lines)
