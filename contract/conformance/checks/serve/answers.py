"""Checks of serve: predictions for the examples, by /predict and the Open Inference Protocol."""

import json
from collections.abc import Sequence

import numpy as np

from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.models.model_data import TOLERANCE, Example, largest_difference
from conformance.serving.clients import Client, Protocol, json_of
from conformance.serving.http_checks import http_check
from conformance.serving.rows import complete_examples
from conformance.serving.servers import example_clients

_REQUEST_ID = "request 4711"


@http_check(
    "predict",
    promise="/predict predicts the examples as expected, in one request and one by one",
)
def predict(subject: Subject) -> None:
    for client in example_clients(subject):
        for examples in [client.model.examples, *([each] for each in client.model.examples)]:
            _check_examples(client, examples, "predict")


@http_check(
    "oip-infer",
    promise="/v2/models/{name}/infer predicts the examples as expected, with one input per column",
    oip=True,
)
def oip_infer(subject: Subject) -> None:
    for client in example_clients(subject):
        # In a tensor no value can be missing, so rows with a missing value are sent alone.
        complete = complete_examples(client.model)
        for examples in [complete, *([each] for each in client.model.examples)]:
            _check_examples(client, examples, "oip")
        check_request_id(client, complete[0])


def check_request_id(client: Client, example: Example) -> None:
    """Check that the id of a request of the Open Inference Protocol comes back."""
    body = json.loads(client.tensors([example.row])) | {"id": _REQUEST_ID}
    found = json_of(client.http.post(client.infer_path, json=body)).get("id")
    if found != _REQUEST_ID:
        raise Fault(
            f"POST {client.infer_path} loses the id of the request",
            "return `id` as it came, see 'Open Inference Protocol' in contract/reference/api.md",
            expected=_REQUEST_ID,
            found=found,
        )


def _check_examples(client: Client, examples: Sequence[Example], protocol: Protocol) -> None:
    answer = client.predict([each.row for each in examples], protocol=protocol)
    path = "/predict" if protocol == "predict" else client.infer_path
    expected_id = client.model.artifact.manifest["id"]
    if answer.model != expected_id:
        raise Fault(
            f"POST {path} names model {answer.model}, but LATEST names {expected_id}",
            "return the artifact's id: as `model` in /predict, as `model_version` in the Open"
            " Inference Protocol",
        )
    expected = np.array([each.expected for each in examples], np.float64)
    row, distance = largest_difference(answer.numbers, expected)
    if distance > TOLERANCE:
        raise Fault(
            f"POST {path} predicts otherwise than examples.jsonl, in a request of"
            f" {len(examples)} rows",
            "clean each value by the rules of the signature, and pack the graph's inputs as"
            " contract/reference/types.md says",
            row=examples[row].row,
            expected=examples[row].expected,
            found=answer.numbers[row].tolist(),
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
                    f"GET {health} answers {status}; expected 200",
                    "answer 200 while a model is live",
                )
        described = json_of(client.http.get(path))
        names = [tensor["name"] for tensor in described.get("inputs", [])]
        if sorted(names) != sorted(field["name"] for field in client.model.fields):
            raise Fault(
                f"GET {path} lists the inputs {names}; expected one for each column",
                "list one input for each column of the signature, of shape [-1, 1]",
            )
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
                f"GET {path}-other answers {status}; expected 404",
                "answer 404 for any model name other than the pipeline's name",
            )
