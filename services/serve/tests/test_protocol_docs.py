"""/openapi.json describes every hot route: its examples work, and answers are as it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from asking import Worker
from made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, publish_model

HOT = (
    "/predict",
    "/v2/models/{name}/infer",
    "/v2/models/{name}/versions/{version}/infer",
    "/invocations",
)


def examples(body: dict[str, Any]) -> Iterator[Any]:
    if "example" in body:
        yield body["example"]
    yield from (each["value"] for each in body.get("examples", {}).values())


def check(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    jsonschema.validate(value, {**schema, "components": document["components"]})


def ask(worker: Worker, path: str, media_type: str, example: Any) -> httpx.Response:
    content = (
        example if isinstance(example, str) else httpx.Request("POST", "/", json=example).read()
    )
    return worker.ask("POST", path, content=content, headers={"content-type": media_type})


@pytest.mark.parametrize("template", HOT)
@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS, FLIGHTS], ids=lambda model: model.target)
def test_examples_and_answers_are_as_described(
    tmp_path: Path, model: MadeModel, template: str
) -> None:
    publish_model(tmp_path, model)
    worker = Worker(tmp_path)
    document = worker.ask("GET", "/openapi.json").json()
    post = document["paths"][template]["post"]
    path = template.format(name="test", version=model.id)
    asked = 0

    for media_type, body in post["requestBody"]["content"].items():
        for example in examples(body):
            answer = ask(worker, path, media_type, example)
            asked += 1

            assert answer.status_code == 200, answer.text
            if not isinstance(example, str):
                check(example, body["schema"], document)
            kind = answer.headers["content-type"].partition(";")[0]
            described = post["responses"]["200"]["content"][kind]
            if kind == "application/json":
                check(answer.json(), described["schema"], document)
    assert asked > 0


@pytest.mark.parametrize("template", HOT)
@pytest.mark.parametrize("content", [b"{", b"[]", b'{"rows": [{}], "inputs": []}'])
def test_errors_are_as_described(diamonds: Worker, template: str, content: bytes) -> None:
    document = diamonds.ask("GET", "/openapi.json").json()
    responses = document["paths"][template]["post"]["responses"]
    path = template.format(name="test", version=DIAMONDS.id)

    answer = diamonds.ask(
        "POST", path, content=content, headers={"content-type": "application/json"}
    )

    described = responses[str(answer.status_code)]["content"]
    [schema] = [described[answer.headers["content-type"]]["schema"]]
    check(answer.json(), schema, document)


def test_columns_are_part_of_every_request_schema(diamonds: Worker) -> None:
    schemas = diamonds.ask("GET", "/openapi.json").json()["components"]["schemas"]
    tensors = schemas["InferRequest"]["properties"]["inputs"]["items"]["anyOf"]

    carat = tensors[0]["properties"]
    assert carat["name"]["const"] == "carat"
    assert carat["datatype"]["enum"][0] == "FP64"
    assert carat["data"]["items"]["exclusiveMinimum"] == 0
    assert tensors[-1]["properties"]["name"]["enum"] == ["price", "id"]
    forms = [form["required"] for form in schemas["Invocation"]["oneOf"]]
    assert forms == [["dataframe_split"], ["dataframe_records"], ["instances"], ["inputs"]]
