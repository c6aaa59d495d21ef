"""Serve: the model's examples, asked in every form that the API has."""

from collections.abc import Sequence

import numpy as np

from conformance.harness.checking import Fault
from conformance.harness.subject import Subject
from conformance.models.model_data import TOLERANCE, Example, farthest
from conformance.serving.clients import Client, Protocol, json_of
from conformance.serving.http_checks import http_check
from conformance.serving.rows import complete_examples
from conformance.serving.servers import examples_of


@http_check("predict", promise="/predict answers the examples as expected, together and one by one")
def predict(subject: Subject) -> None:
    for client in examples_of(subject):
        for examples in [client.model.examples, *([each] for each in client.model.examples)]:
            _check_examples(client, examples, "predict")


@http_check(
    "oip-infer",
    promise="/v2/models/{name}/infer answers the examples as expected, one input a column",
    oip=True,
)
def oip_infer(subject: Subject) -> None:
    for client in examples_of(subject):
        complete = complete_examples(client.model)
        for examples in [complete, *([each] for each in client.model.examples)]:
            _check_examples(client, examples, "oip")


def _check_examples(client: Client, examples: Sequence[Example], protocol: Protocol) -> None:
    found = client.predict([each.row for each in examples], protocol=protocol)
    where = "/predict" if protocol == "predict" else client.infer_path
    expected_id = client.model.artifact.manifest["id"]
    if found.model != expected_id:
        raise Fault(
            f"POST {where} says that the model is {found.model}; LATEST names {expected_id}",
            "name the id of the artifact in each answer: `model`, in the protocol `model_version`",
        )
    expected = np.array([each.expected for each in examples], np.float64)
    row, distance = farthest(found.numbers, expected)
    if distance > TOLERANCE:
        raise Fault(
            f"POST {where} answers {found.numbers[row]} to {dict(examples[row].row)}, of"
            f" {len(examples)} rows; examples.jsonl expects {expected[row]}",
            "clean each value by the rules of the signature, and feed the graph as the contract's"
            " table of types says",
        )


@http_check(
    "oip-metadata",
    promise="/v2 describes server and model: one input for each column, and the outputs",
    oip=True,
)
def oip_metadata(subject: Subject) -> None:
    for client in examples_of(subject):
        json_of(client.http.get("/v2"))
        path = f"/v2/models/{client.name}"
        for health in ("/v2/health/live", "/v2/health/ready", f"{path}/ready"):
            if (status := client.http.get(health).status_code) != 200:
                raise Fault(f"GET {health} is {status}", "answer 200 while a model is live")
        described = json_of(client.http.get(path))
        names = [tensor["name"] for tensor in described.get("inputs", [])]
        if sorted(names) != sorted(field["name"] for field in client.model.fields):
            raise Fault(
                f"GET {path} has the inputs {names}",
                "one input for each column of the signature, of shape [-1, 1]",
            )
        target = client.model.document["target"]["name"]
        expected = {target, *(["probabilities"] if client.model.classes else [])}
        outputs = {tensor["name"] for tensor in described.get("outputs", [])}
        if outputs != expected:
            raise Fault(
                f"GET {path} has the outputs {sorted(outputs)}; expected {sorted(expected)}",
                "name the outputs by the target, and `probabilities` for classes",
            )
        if (status := client.http.get(f"{path}-other").status_code) != 404:
            raise Fault(
                f"GET {path}-other is {status}; expected 404",
                "the only model has the pipeline's name",
            )
