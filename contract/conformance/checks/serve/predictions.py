"""Checks of serve: predictions for the examples, by /predict and the Open Inference Protocol."""

import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.models.model_data import TOLERANCE, Example, largest_difference
from conformance.models.tensors import Field
from conformance.serving.clients import JSON, Client, Protocol, json_of
from conformance.serving.echo_models import EchoModel, code_of, echo_model
from conformance.serving.http_checks import http_check
from conformance.serving.rows import complete_examples
from conformance.serving.servers import example_clients
from conformance.serving.switching import served

_REQUEST_ID = "request 4711"
_METADATA = "/v2/models/{name}"
_EXACT_DATATYPES: Mapping[str, str] = MappingProxyType({"integer": "INT64", "boolean": "BOOL"})
_BOOLEANS = (False, True, None)


@http_check(
    "predict",
    promise="/predict returns the expected predictions, for one row and for many",
)
def predict(subject: Subject) -> None:
    for client in example_clients(subject):
        for examples in [client.model.examples, *([each] for each in client.model.examples)]:
            _check_examples(client, examples, "predict")


@http_check(
    "oip-infer",
    promise="/v2/models/{name}/infer returns the expected predictions, with one input per column",
    oip=True,
)
def oip_infer(subject: Subject) -> None:
    for client in example_clients(subject):
        # Most datatypes have no missing value, so a row with one is sent alone, without that input.
        complete = complete_examples(client.model)
        for examples in [complete, *([each] for each in client.model.examples)]:
            _check_examples(client, examples, "oip")
        check_request_id(client, complete[0])


def check_request_id(client: Client, example: Example) -> None:
    """Check that a response of the Open Inference Protocol repeats the id of its request."""
    body = json.loads(client.tensors([example.row])) | {"id": _REQUEST_ID}
    found = json_of(client.http.post(client.infer_path, json=body)).get("id")
    if found != _REQUEST_ID:
        raise Fault(
            f"POST {client.infer_path} does not return the id of the request",
            "return `id` unchanged; see 'Open Inference Protocol' in contract/reference/api.md",
            expected=_REQUEST_ID,
            found=found,
        )


def check_inputs(described: Any, fields: Sequence[Field]) -> None:
    """Check that the metadata lists each column, with a datatype that can hold all its values."""
    inputs = described.get("inputs", [])
    names = [tensor["name"] for tensor in inputs]
    if sorted(names) != sorted(field["name"] for field in fields):
        raise Fault(
            f"GET {_METADATA} lists the inputs {names}; expected one for each column",
            "list one input for each column of the signature, of shape [-1, 1]",
        )
    datatypes = {tensor["name"]: tensor.get("datatype") for tensor in inputs}
    for field in fields:
        expected, found = _datatype_of(field), datatypes[field["name"]]
        if found != expected:
            raise Fault(
                f"GET {_METADATA} gives the input {field['name']} the datatype {found};"
                f" expected {expected}",
                "see 'Open Inference Protocol' in contract/reference/api.md; INT64 and BOOL cannot"
                " represent a missing value",
            )


def _datatype_of(field: Field) -> str:
    may_be_missing = not field.get("constraints", {}).get("required")
    if field["type"] == "number" or (field["type"] in _EXACT_DATATYPES and may_be_missing):
        return "FP64"
    return _EXACT_DATATYPES.get(field["type"], "BYTES")


@http_check(
    "oip-missing-boolean",
    promise="a boolean that may be missing is a tensor of FP64 with 0, 1 and NaN or null",
    oip=True,
)
def oip_missing_boolean(subject: Subject) -> None:
    model = boolean_model()
    with served(subject, model.publish(subject.scratch())) as client:
        check_inputs(json_of(client.http.get(f"/v2/models/{client.name}")), client.model.fields)
        # A server with only the Open Inference Protocol may accept null and not NaN.
        check_booleans(client, model, missing=None if subject.api == "oip" else math.nan)


def boolean_model() -> EchoModel:
    """Return a model whose prediction identifies the boolean in its input."""
    field = {"name": "x", "type": "boolean"}
    return echo_model([{"field": field, "value": value} for value in _BOOLEANS], timezone="UTC")


def check_booleans(client: Client, model: EchoModel, *, missing: float | None) -> None:
    """Check that a server reads all booleans of an echo model from one tensor of numbers."""
    [column] = model.columns
    data = [missing if value is None else float(value) for value in _BOOLEANS]
    tensor = {"name": column.name, "shape": [len(data), 1], "datatype": "FP64", "data": data}
    content = json.dumps({"inputs": [tensor]}).encode()
    response = json_of(client.http.post(client.infer_path, content=content, headers=JSON))
    found = np.ravel([output["data"] for output in response["outputs"]]).tolist()
    expected = [float(code_of(*each)) for each in model.vectors]
    if found != expected:
        raise Fault(
            f"POST {client.infer_path} reads the wrong booleans from a tensor of FP64",
            "1 is true, 0 is false, NaN and null are missing; see contract/reference/api.md",
            row=data,
            expected=expected,
            found=found,
        )


def _check_examples(client: Client, examples: Sequence[Example], protocol: Protocol) -> None:
    response = client.predict([each.row for each in examples], protocol=protocol)
    path = "/predict" if protocol == "predict" else client.infer_path
    expected_id = client.model.artifact.manifest["id"]
    if response.model != expected_id:
        raise Fault(
            f"POST {path} names model {response.model}, but LATEST names {expected_id}",
            "return the artifact's id: as `model` in /predict, as `model_version` in the Open"
            " Inference Protocol",
        )
    expected = np.array([each.expected for each in examples], np.float64)
    row, distance = largest_difference(response.numbers, expected)
    if distance > TOLERANCE:
        raise Fault(
            f"POST {path} returns predictions that differ from examples.jsonl in a"
            f" request of {len(examples)} rows",
            "clean each value by the rules of the signature, and pack the graph's inputs as"
            " contract/reference/types.md says",
            row=examples[row].row,
            expected=examples[row].expected,
            found=response.numbers[row].tolist(),
        )


@http_check(
    "oip-metadata",
    promise="/v2 describes server and model: one input for each column, and the outputs",
    oip=True,
)
def oip_metadata(subject: Subject) -> None:
    for client in example_clients(subject):
        json_of(client.http.get("/v2"))
        path = f"/v2/models/{client.name}"
        for health in ("/v2/health/live", "/v2/health/ready", f"{path}/ready"):
            if (status := client.http.get(health).status_code) != 200:
                raise Fault(
                    f"GET {health} returns {status}; expected 200",
                    "return 200 while a model is live",
                )
        described = json_of(client.http.get(path))
        check_inputs(described, client.model.fields)
        target = client.model.document["target"]["name"]
        expected = {target, *(["probabilities"] if client.model.classes else [])}
        outputs = {tensor["name"] for tensor in described.get("outputs", [])}
        if outputs != expected:
            raise Fault(
                f"GET {path} has the outputs {sorted(outputs)}; expected {sorted(expected)}",
                "name the first output after the target; a classifier also has `probabilities`",
            )
        if (status := client.http.get(f"{path}-other").status_code) != 404:
            raise Fault(
                f"GET {path}-other returns {status}; expected 404",
                "return 404 for any model name other than the pipeline's name",
            )
