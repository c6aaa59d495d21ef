"""The checks of serve find a fault in the answers of a server that runs in the test."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from conformance.checks.serve import bodies, lifecycle, model_watching, outputs, predictions
from conformance.harness.faults import Fault
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.models.model_data import Example
from conformance.serving import switching
from conformance.serving.clients import Client
from conformance.serving.servers import Server
from conformance.serving.watching_server import WatchingServer

SUBJECT = cast(Subject, SimpleNamespace(api="all"))
MAX_BYTES = 1_000_000


def client_of(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    http = httpx.Client(base_url="http://server", transport=httpx.MockTransport(answer))
    model = SimpleNamespace(
        fields=[{"name": "size", "type": "number"}],
        examples=[Example({"size": 1.0}, 2.0)],
        classes=None,
        document={"target": {"name": "price"}},
    )
    return Client(http, "houses", cast(Any, model))


def problem(status: int) -> httpx.Response:
    document = {"type": "about:blank", "title": "wrong", "status": status, "detail": "why"}
    return httpx.Response(
        status,
        content=json.dumps(document),
        headers={"content-type": "application/problem+json"},
    )


def strict(request: httpx.Request) -> httpx.Response:
    return problem(413 if len(request.read()) > MAX_BYTES else 422)


def by_header(request: httpx.Request) -> httpx.Response:
    return problem(413 if int(request.headers.get("content-length", 0)) > MAX_BYTES else 422)


def without_rows(request: httpx.Request) -> httpx.Response:
    """Take a body without rows for an empty list."""
    if request.read() == b"{}":
        return httpx.Response(200, json={"model": "0123456789abcdef", "predictions": []})
    return problem(422)


def with_nan(request: httpx.Request) -> httpx.Response:
    """Take NaN for a missing value."""
    if b"NaN" in request.read():
        return httpx.Response(200, json={"model": "0123456789abcdef", "predictions": []})
    return problem(422)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    def serve(answer: Callable[[httpx.Request], httpx.Response]) -> None:
        monkeypatch.setattr(bodies, "ready_client", lambda _subject: client_of(answer))

    return serve


def test_a_server_that_counts_the_bytes_of_a_body_is_right(asked: Callable[[Any], None]) -> None:
    asked(strict)

    bodies.too_large(SUBJECT)
    bodies.wrong_body(SUBJECT)


def test_a_limit_by_the_header_alone_is_found(asked: Callable[[Any], None]) -> None:
    asked(by_header)

    with pytest.raises(Fault, match="32 MB in chunks, without a Content-Length returns 422"):
        bodies.too_large(SUBJECT)


def test_a_body_without_rows_that_is_answered_is_found(asked: Callable[[Any], None]) -> None:
    asked(without_rows)

    with pytest.raises(Fault, match="/predict with an object without rows returns 200"):
        bodies.wrong_body(SUBJECT)


def test_a_nan_in_json_that_is_answered_is_found(asked: Callable[[Any], None]) -> None:
    asked(with_nan)

    with pytest.raises(Fault, match="/predict with NaN returns 200"):
        bodies.wrong_body(SUBJECT)


def overwhelmed(_request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("the server has closed the connection")


@pytest.mark.parametrize(
    ("answer", "is_ready"),
    [(strict, True), (overwhelmed, True), (with_nan, False), (lambda _: problem(500), True)],
)
def test_a_server_that_tiny_values_bring_down_is_found(
    answer: Callable[[httpx.Request], httpx.Response], *, is_ready: bool
) -> None:
    server = cast(Server, SimpleNamespace(http=client_of(answer).http, is_ready=lambda: is_ready))

    with nullcontext() if answer is strict else pytest.raises(Fault, match="times 0 in"):
        bodies.check_tiny_values(server, b"0", 1_000)


FIELDS: list[dict[str, Any]] = [
    {"name": "size", "type": "number", "constraints": {"required": True}},
    {"name": "rooms", "type": "integer", "constraints": {"required": True}},
    {"name": "floor", "type": "integer"},
    {"name": "garden", "type": "boolean", "constraints": {"required": True}},
    {"name": "garage", "type": "boolean"},
    {"name": "sold", "type": "date"},
]
DATATYPES = {
    "size": "FP64",
    "rooms": "INT64",
    "floor": "FP64",
    "garden": "BOOL",
    "garage": "FP64",
    "sold": "BYTES",
}


def inputs_of(datatypes: Mapping[str, str]) -> dict[str, Any]:
    return {"inputs": [{"name": name, "datatype": kind} for name, kind in datatypes.items()]}


def test_a_datatype_that_has_all_values_of_its_column_is_right() -> None:
    predictions.check_inputs(inputs_of(DATATYPES), FIELDS)


@pytest.mark.parametrize(
    ("name", "kind"), [("garage", "BOOL"), ("floor", "INT64"), ("rooms", "FP64"), ("sold", "FP64")]
)
def test_another_datatype_is_found(name: str, kind: str) -> None:
    with pytest.raises(Fault, match=f"gives the input {name} the datatype {kind}"):
        predictions.check_inputs(inputs_of(DATATYPES | {name: kind}), FIELDS)


@pytest.mark.parametrize("shape", [[1, 1], [1]])
def test_an_output_of_another_shape_is_found(shape: list[int]) -> None:
    output = {"name": "price", "shape": shape, "datatype": "FP32", "data": [2.0]}
    client = client_of(lambda _: httpx.Response(200, json={"outputs": [output]}))

    with nullcontext() if len(shape) == 2 else pytest.raises(Fault, match=r"has the shape \[1\]"):
        client.predict([{"size": 1.0}], protocol="oip")


def reading(one: float, zero: float, nan: float) -> Callable[[httpx.Request], httpx.Response]:
    """Return a server that answers these codes to the values of a boolean."""
    meanings = {1.0: one, 0.0: zero}

    def answer(request: httpx.Request) -> httpx.Response:
        [tensor] = json.loads(request.content)["inputs"]
        codes = [meanings.get(value, nan) for value in tensor["data"]]
        return httpx.Response(200, json={"outputs": [{"name": "price", "data": codes}]})

    return answer


@pytest.mark.parametrize("codes", [(2.0, 1.0, 0.0), (1.0, 1.0, 0.0), (2.0, 1.0, 1.0)])
def test_booleans_that_are_read_otherwise_from_numbers_are_found(codes: Sequence[float]) -> None:
    is_right = codes == (2.0, 1.0, 0.0)

    with nullcontext() if is_right else pytest.raises(Fault, match="reads the wrong booleans"):
        predictions.check_booleans(
            client_of(reading(*codes)), predictions.boolean_model(), missing=math.nan
        )


@pytest.mark.parametrize(
    "told", [None, "an-id", {"id": "an-id"}, {"id": "another", "reason": "why"}]
)
def test_a_refused_model_that_is_not_told_with_its_reason_is_found(told: object) -> None:
    model_watching.check_told({"refused": {"id": "an-id", "reason": "why"}}, "an-id")

    with pytest.raises(Fault, match="does not say that an-id is not served, and why"):
        model_watching.check_told({"refused": told}, "an-id")


@pytest.mark.parametrize(
    ("ready", "versions", "live"),
    [
        (200, {"versions": ["new"]}, True),
        (200, {"versions": ["old", "new"]}, True),
        (200, {}, True),
        (200, {"versions": []}, True),
        (200, {"versions": ["old"]}, False),
        (404, {"versions": ["new"]}, False),
    ],
)
def test_a_standard_server_has_switched_once_its_metadata_name_the_version(
    ready: int, versions: Mapping[str, Sequence[str]], *, live: bool
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_ready = request.url.path == "/v2/models/houses/versions/new/ready"
        return httpx.Response(ready) if is_ready else httpx.Response(200, json=versions)

    server = Server(cast(Any, None), client_of(answer).http, "houses", "/v2/health/ready")

    assert switching.is_live(server, "houses", version="new") == live


@pytest.mark.parametrize("found", [None, "another"])
def test_a_lost_request_id_is_found(found: str | None) -> None:
    client = client_of(lambda _request: httpx.Response(200, json={"id": found, "outputs": []}))

    with pytest.raises(Fault, match="does not return the id of the request"):
        predictions.check_request_id(client, Example({"size": 1.0}, 2.0))


def test_a_request_id_that_comes_back_is_right() -> None:
    client = client_of(
        lambda request: httpx.Response(200, json={"id": json.loads(request.content)["id"]})
    )

    predictions.check_request_id(client, Example({"size": 1.0}, 2.0))


def watching_with(ids: Sequence[str]) -> WatchingServer:
    """Return a server whose model answers with these ids, one after the other."""
    answered: Iterator[str] = iter(ids)

    def wait_until(condition: Callable[[], bool], **_: object) -> None:
        while not condition():
            pass

    return cast(
        WatchingServer,
        SimpleNamespace(
            first=SimpleNamespace(name="first"),
            server=SimpleNamespace(wait_until=wait_until),
            live_model=lambda _protocol: next(answered),
            mentions=lambda _model: True,
        ),
    )


def test_a_bad_model_that_goes_live_late_is_named_by_its_own_kind() -> None:
    kinds = {"bad-1": "model.onnx is cut off", "bad-2": "it is of another kind"}

    model_watching.check_refused(watching_with(["first"]), "bad-1", kinds, SUBJECT)
    with pytest.raises(Fault, match=r"bad-1 answers, .*: model.onnx is cut off"):
        model_watching.check_refused(watching_with(["bad-1"]), "bad-2", kinds, SUBJECT)


@pytest.mark.parametrize("found", [0.00012, 0.0, math.nan])
def test_a_small_prediction_with_fewer_digits_is_found(found: float) -> None:
    example = Example({"size": 1.0}, 0.000123456)
    model = cast(Any, SimpleNamespace(examples=[example]))
    outputs.check_digits(model, {"predict": [0.0001234561], "CSV": [0.0001234559]})

    with pytest.raises(Fault, match="a prediction by CSV has lost digits"):
        outputs.check_digits(model, {"predict": [0.000123456], "CSV": [found]})


@pytest.fixture
def report_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let /report answer with a policy."""
    (tmp_path / "report.html").write_bytes(b"<p>report")

    def serve(policy: str) -> None:
        headers = {"content-security-policy": policy}
        client = client_of(lambda _: httpx.Response(200, content=b"<p>report", headers=headers))
        model = SimpleNamespace(artifact=SimpleNamespace(path=tmp_path))
        client = replace(client, model=cast(Any, model))
        monkeypatch.setattr(outputs, "ready_client", lambda _subject: client)

    return serve


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'none'; style-src 'unsafe-inline'",
        "Default-Src 'none'; script-src 'none'; script-src-elem 'none';",
    ],
)
def test_a_policy_that_forbids_scripts_is_right(
    policy: str, report_with: Callable[[str], None]
) -> None:
    report_with(policy)

    outputs.report_page(SUBJECT)


@pytest.mark.parametrize(
    "policy",
    ["", "script-src 'none'", "default-src 'none' a.example", "default-src 'none'; script-src a"],
)
def test_a_policy_that_may_allow_scripts_is_found(
    policy: str, report_with: Callable[[str], None]
) -> None:
    report_with(policy)

    with pytest.raises(Fault, match="has the Content-Security-Policy"):
        outputs.report_page(SUBJECT)


def subject_that_ends(missing: Run) -> Subject:
    """A server that refuses an unknown key, and ends like this without a pipeline file."""
    folder = missing.out
    refused = Run(78, "no_such_setting: unknown key; expected one of max_rows", 1.0, folder)
    fake = SimpleNamespace(
        settings="", api="all", run=lambda **options: refused if "settings" in options else missing
    )
    return cast(Subject, fake)


def test_a_server_that_starts_without_a_pipeline_file_is_found(tmp_path: Path) -> None:
    line = "/config/not-there.toml: no such file; correct PIPELINE"
    lifecycle.serve_settings(subject_that_ends(Run(78, line, 1.0, tmp_path)))

    with pytest.raises(Fault, match="expected 78"):
        lifecycle.serve_settings(subject_that_ends(Run(137, "listening", 1.0, tmp_path)))
