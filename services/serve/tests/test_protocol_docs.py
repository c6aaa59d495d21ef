"""/openapi.json describes every hot route: its examples work, and answers are as it says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from asking import Worker
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, publish_model

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


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (PENGUINS, "top_k=2"),
        (FLIGHTS, "top_k=1&on_error=skip&outside_training=true"),
        (DIAMONDS, "on_error=skip"),
        (DIAMONDS, "explain=true&on_error=skip"),
        (PENGUINS, "explain=true"),
        (FLIGHTS, "explain=true&top_k=1"),
        (DIAMONDS, "outside_training=true"),
    ],
)
def test_answers_with_options_are_as_described(
    tmp_path: Path, model: MadeModel, query: str
) -> None:
    publish_model(tmp_path, model)
    worker = Worker(tmp_path)
    document = worker.ask("GET", "/openapi.json").json()
    post = document["paths"]["/predict"]["post"]
    named = {each["name"] for each in post["parameters"] if each["in"] == "query"}
    rows = [*model.rows, {"odd": 1}] if "skip" in query else model.rows

    answer = worker.ask("POST", f"/predict?{query}", json={"rows": rows})

    assert ("top_k" in named) == (model.classes is not None)
    assert named >= {"on_error", "outside_training", "explain"}
    assert answer.status_code == 200
    check(answer.json(), document["components"]["schemas"]["PredictionsWithOptions"], document)


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


OPERATIONS = {
    "predict",
    "infer",
    "infer_version",
    "invocations",
    "get_live",
    "get_ready",
    "get_model",
    "get_metrics",
    "get_report",
    "get_server_metadata",
    "get_server_live",
    "get_server_ready",
    "get_model_metadata",
    "get_model_ready",
    "get_model_version_metadata",
    "get_model_version_ready",
    "ping",
    "get_health",
    "get_version",
}


def document_of(tmp_path: Path, model: MadeModel, **settings: Any) -> dict[str, Any]:
    publish_model(tmp_path / "volume", model)
    keys = tmp_path / "keys"
    keys.write_text("k" * 32)
    worker = Worker(tmp_path / "volume", api_keys_file=keys, **settings)
    answer = worker.ask("GET", "/openapi.json", headers={"x-api-key": "k" * 32})
    document: dict[str, Any] = answer.raise_for_status().json()
    return document


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        yield from ((path, operation) for operation in item.values())


def nodes_of(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from nodes_of(each)


def test_clients_are_generated_with_names_that_stay(tmp_path: Path) -> None:
    document = document_of(tmp_path, DIAMONDS)

    assert [each["operationId"] for _, each in operations_of(document)].count("infer") == 1
    assert {each["operationId"] for _, each in operations_of(document)} == OPERATIONS
    assert "Response " not in str(document)


@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS, FLIGHTS], ids=lambda model: model.target)
def test_generators_of_clients_can_read_every_schema(tmp_path: Path, model: MadeModel) -> None:
    document = document_of(tmp_path, model)
    schemas = [*nodes_of(document["components"]["schemas"])]

    assert "HTTPValidationError" not in document["components"]["schemas"]
    for _, operation in operations_of(document):
        for parameter in operation.get("parameters", ()):
            assert parameter["schema"]["type"] in {"string", "integer", "boolean"}
    for schema in schemas:
        if schema.get("type") == "array":
            assert "items" in schema
        if isinstance(schema.get("enum"), list):
            types = {type(value) for value in schema["enum"]} - {type(None)}
            assert types in ({str}, {int}), schema


def test_every_operation_says_what_it_may_refuse(tmp_path: Path) -> None:
    document = document_of(tmp_path, DIAMONDS)
    public = {path for path, each in operations_of(document) if each.get("security") == []}

    assert public == {
        "/live",
        "/ready",
        "/ping",
        "/health",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/{name}/ready",
        "/v2/models/{name}/versions/{version}/ready",
    }
    for path, operation in operations_of(document):
        answers = operation["responses"]
        assert ("401" in answers) == (path not in public)
        assert {"200", "408", "431", "503"} <= set(answers)
        assert all("schema" in next(iter(each["content"].values())) for each in answers.values())
        assert ("422" in answers) == ("requestBody" in operation)


def test_days_and_moments_have_the_formats_of_json_schema(tmp_path: Path) -> None:
    row = document_of(tmp_path, FLIGHTS)["components"]["schemas"]["Row"]["properties"]

    assert row["day"]["anyOf"][0]["format"] == "date"
    assert row["hour"]["format"] == "date-time"
