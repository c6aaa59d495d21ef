"""The checks of serve find a fault in the answers of a server that runs in the test."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from conformance.checks.serve import (
    basics,
    fields,
    lifecycle,
    predictions,
    request_formats,
)
from conformance.harness.faults import Fault
from conformance.harness.runs import Run
from conformance.harness.subject import Subject
from conformance.models.model_data import Example
from conformance.serving import problems
from conformance.serving.clients import Client
from conformance.serving.made_models import model_with_field
from support.answering import SUBJECT, client_of, problem

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
    ("media_type", "is_right"),
    [
        ("text/plain; version=0.0.4; charset=utf-8", True),
        ("application/openmetrics-text; version=1.0.0", True),
        ("text/html", False),
        ("application/json", False),
    ],
)
def test_metrics_of_a_media_type_that_prometheus_does_not_scrape_are_found(
    media_type: str, monkeypatch: pytest.MonkeyPatch, *, is_right: bool
) -> None:
    text = "# TYPE requests counter\nrequests_total 1.0\n# EOF\n"
    headers = {"content-type": media_type}
    client = client_of(lambda _request: httpx.Response(200, text=text, headers=headers))
    monkeypatch.setattr(basics, "ready_client", lambda _subject: client)

    with nullcontext() if is_right else pytest.raises(Fault, match="media type that Prometheus"):
        basics.prometheus(SUBJECT)


@pytest.mark.parametrize(
    "text",
    [
        "# TYPE rows counter\nrows_total 1\n# TYPE rows_total_seconds gauge\nrows_total_seconds 1",
        '# TYPE up gauge\nup 1\n# TYPE t histogram\nt_bucket{le="+Inf"} 1\nt_count 1\nt_sum 1',
        "untyped 1\n",
    ],
)
def test_metrics_whose_types_come_first_are_right(text: str) -> None:
    basics.check_types(text)


@pytest.mark.parametrize(
    "text",
    [
        "rows_total 1\n# TYPE rows counter",
        "rows_total 1\n# TYPE rows_total counter",
        't_bucket{le="+Inf"} 1\n# TYPE t histogram',
        "# TYPE up gauge\nup 1\n# TYPE up gauge\nup 1",
    ],
)
def test_metrics_whose_type_comes_after_samples_are_found(text: str) -> None:
    with pytest.raises(Fault, match=r"has samples of .* before the line '# TYPE"):
        basics.check_types(text)


def showing(example: Mapping[str, object]) -> Client:
    """Return a server whose docs show a row, and which requires the column size."""
    content = {"application/json": {"example": {"rows": [example]}}}
    schema = {"paths": {"/predict": {"post": {"requestBody": {"content": content}}}}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/openapi.json":
            return httpx.Response(200, json=schema)
        [row] = json.loads(request.content)["rows"]
        return problem(422) if row.get("size") is None else httpx.Response(200, json={})

    return client_of(answer)


def test_an_example_of_the_docs_without_a_required_value_is_found() -> None:
    basics.check_example(showing({"size": 1.0}))

    with pytest.raises(Fault, match="is answered with 422"):
        basics.check_example(showing({"size": None}))


MLFLOW = {"error_code": "BAD_REQUEST", "message": "no such column"}


def always(status: int, document: object) -> httpx.Response:
    request = httpx.Request("POST", "http://server/invocations")
    return httpx.Response(status, json=document, request=request)


@pytest.mark.parametrize(
    ("document", "members"),
    [
        ({"error": "size: expected a number"}, problems.OIP_ERROR),
        ({"error": "why", "detail": []}, problems.OIP_ERROR),
        (MLFLOW, problems.MLFLOW_ERROR),
    ],
)
def test_an_error_in_the_form_of_its_protocol_is_right(
    document: object, members: Sequence[str]
) -> None:
    problems.check_error(always(422, document), members)


@pytest.mark.parametrize(
    ("document", "members"),
    [
        ({"title": "Unprocessable Content", "status": 422}, problems.OIP_ERROR),
        ({"error": {"size": "why"}}, problems.OIP_ERROR),
        ({"error": ""}, problems.OIP_ERROR),
        (["why"], problems.OIP_ERROR),
        ({"error_code": "BAD_REQUEST"}, problems.MLFLOW_ERROR),
        ({"title": "Unprocessable Content", "status": 422}, problems.MLFLOW_ERROR),
    ],
)
def test_an_error_in_another_form_than_that_of_its_protocol_is_found(
    document: object, members: Sequence[str]
) -> None:
    with pytest.raises(Fault, match="without an error of its protocol"):
        problems.check_error(always(422, document), members)


@pytest.mark.parametrize(
    ("status", "document"), [(200, {"predictions": [2.0]}), (422, {"title": "wrong"})]
)
def test_a_wrong_invocation_without_an_error_of_mlflow_is_found(
    status: int, document: object
) -> None:
    right = client_of(lambda _request: httpx.Response(400, json=MLFLOW))
    request_formats.check_wrong_invocation(right, {"size": 1.0})

    wrong = client_of(lambda _request: httpx.Response(status, json=document))
    with pytest.raises(Fault, match="POST /invocations"):
        request_formats.check_wrong_invocation(wrong, {"size": 1.0})


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


def test_the_fields_to_try_are_an_unknown_key_and_a_sample_of_the_seed() -> None:
    unknown, *others = fields.chosen_fields(1, 5)

    assert unknown["about"] == "A key that the contract does not know"
    assert len(others) == 5
    assert fields.chosen_fields(1, 5) == [unknown, *others] != fields.chosen_fields(2, 5)


@pytest.mark.parametrize("kind", ["number", "integer", "string", "boolean", "date", "datetime"])
def test_a_wrong_field_is_put_into_a_column_of_its_type(kind: str, tmp_path: Path) -> None:
    artifact = model_with_field(tmp_path, {"name": "x", "type": kind, "trim": True})

    fields_of_model = json.loads((artifact / "model.json").read_bytes())["signature"]["fields"]
    assert [field["type"] for field in fields_of_model if "trim" in field] == [kind]


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
