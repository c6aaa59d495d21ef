"""/docs, /openapi.json and /model: made from the live model, and without the internet."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from asking import CSV, Worker
from openapi_spec_validator import validate
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, field, publish_model


def schema_of(worker: Worker, name: str) -> Any:
    return worker.ask("GET", "/openapi.json").json()["components"]["schemas"][name]


def test_the_docs_load_everything_they_need_from_here(diamonds: Worker) -> None:
    page = diamonds.ask("GET", "/docs")
    addresses = re.findall(r"(?:href|src)=\"([^\"]+)\"", page.text)
    script = diamonds.ask("GET", "/docs/assets/docs.js").text
    addresses += [f"docs/assets/{name}" for name in re.findall(r'from "\./(.+)"', script)]
    addresses += re.findall(r'fetch\("(.+?)"', script)

    assert page.headers["content-type"].startswith("text/html")
    assert {"openapi.json", "docs/assets/key.js", "docs/assets/swagger-ui.css"} < {*addresses}
    for address in addresses:
        assert "//" not in address
        assert diamonds.ask("GET", f"/{address}").is_success


def test_without_the_page_the_root_leads_to_the_docs(tmp_path: Path) -> None:
    answer = Worker(tmp_path, page=False).ask("GET", "/")

    assert (answer.status_code, answer.headers["location"]) == (307, "docs")


def test_docs_can_be_switched_off(tmp_path: Path) -> None:
    worker = Worker(tmp_path, docs=False, page=False)

    assert {worker.ask("GET", path).status_code for path in ("/docs", "/openapi.json", "/")} == {
        404
    }


@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS, FLIGHTS], ids=lambda model: model.target)
def test_the_description_is_valid_and_its_example_works(tmp_path: Path, model: MadeModel) -> None:
    publish_model(tmp_path, model)
    worker = Worker(tmp_path)
    document = worker.ask("GET", "/openapi.json").json()
    post = document["paths"]["/predict"]["post"]
    bodies = post["requestBody"]["content"]
    promised = post["responses"]["200"]["content"]["application/json"]["example"]

    answer = worker.ask(
        "POST", "/predict", json=bodies["application/json"]["examples"]["real"]["value"]
    )
    table = worker.send(bodies["text/csv"]["example"].encode(), CSV)

    validate(document)
    assert document["openapi"].startswith("3.1")
    assert answer.json() == promised
    assert table.status_code == 200


def test_without_a_model_the_description_has_every_route_and_no_columns(tmp_path: Path) -> None:
    document = Worker(tmp_path).ask("GET", "/openapi.json").json()
    predictions = {path for path, item in document["paths"].items() if "post" in item}

    validate(document)
    assert predictions == {
        "/predict",
        "/invocations",
        "/v2/models/{name}/infer",
        "/v2/models/{name}/versions/{version}/infer",
    }
    assert {"/live", "/metrics", "/model", "/ready", "/v2", "/ping"} <= set(document["paths"])
    assert "Row" not in document["components"]["schemas"]


def test_the_description_follows_the_model(diamonds: Worker, tmp_path: Path) -> None:
    before = schema_of(diamonds, "Row")
    publish_model(tmp_path, PENGUINS)
    diamonds.poll()

    assert "carat" in before["properties"]
    assert "bill" in schema_of(diamonds, "Row")["properties"]


def test_a_column_is_described_by_type_bounds_unit_and_what_training_saw(diamonds: Worker) -> None:
    row = schema_of(diamonds, "Row")

    assert row["required"] == ["carat", "cut"]
    assert row["additionalProperties"] is False
    assert row["properties"]["carat"] == {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": ("Weight of the stone. Unit: carat. In training 0.2 to 5.01, median 0.7."),
        "examples": [0.23],
    }
    assert row["properties"]["cut"] == {
        "type": "string",
        "minLength": 1,
        "description": "In training 2 different values.",
        "examples": ["Ideal", "Good"],
    }
    assert row["properties"]["color"] == {
        "type": ["string", "null"],
        "maxLength": 5,
        "description": "Missing in 3 of 100 rows.",
    }
    assert row["properties"]["price"] == {"description": "Accepted and ignored."}


def test_declared_constraints_are_part_of_the_schema(tmp_path: Path) -> None:
    fields = [
        field("grade", "string", "strings 0", constraints={"enum": ["a", "b"], "pattern": "a|b"}),
        field("since", "date", "numbers 0", constraints={"minimum": "2013-01-01"}, missing=0),
    ]
    rows = [{"grade": "a", "since": "2013-01-02"}]
    model = DIAMONDS.but(fields=fields, rows=rows, numbers=[[0.0]], strings=[[0.0]], expected=[0.0])
    publish_model(tmp_path, model)
    properties = schema_of(Worker(tmp_path), "Row")["properties"]

    assert properties["grade"]["enum"] == ["a", "b", None]
    assert properties["grade"]["pattern"] == "^(?:a|b)$"
    assert properties["since"] == {
        "type": "string",
        "format": "date",
        "minLength": 1,
        "description": "At least 2013-01-01.",
    }


def test_private_values_are_nowhere(tmp_path: Path) -> None:
    seen = {"example": "Biscoe", "minimum": "Biscoe", "distinct": 1}
    seen |= {"categories": [{"value": "Biscoe", "rows": 9}]}
    *others, island = PENGUINS.fields
    private = island | {"observed": island["observed"] | seen}
    publish_model(tmp_path, PENGUINS.but(fields=[*others, private]))
    worker = Worker(tmp_path)
    texts = [worker.ask("GET", path).text for path in ("/model", "/openapi.json", "/ready")]

    assert not any("Biscoe" in text for text in texts)
    assert schema_of(worker, "Row")["properties"]["island"]["description"] == (
        "Its values are private."
    )


def test_classes_are_part_of_the_answers_schema(flights: Worker) -> None:
    prediction = schema_of(flights, "Prediction")

    assert prediction["properties"]["late"]["type"] == "boolean"
    assert prediction["properties"]["probabilities"]["required"] == ["false", "true"]


def test_the_model_is_described_with_quality_and_origin(diamonds: Worker) -> None:
    about = diamonds.ask("GET", "/model").json()

    assert (about["id"], about["name"], about["task"]) == (DIAMONDS.id, "test", "regression")
    assert about["target"]["name"] == "price"
    assert about["metrics"]["rmse"] == {"value": 1.0, "low": 0.9, "high": 1.1}
    assert about["verdict"] == {"accepted": True}
    assert about["lineage"][0]["source"] == "diamonds.csv"
    assert about["stage"] == {"name": "train", "version": "0"}
    assert about["created"] == "2026-11-24T08:00:00+00:00"
    assert about["signature"]["fields"][0]["name"] == "carat"


def test_who_accepted_a_model_and_why_is_no_matter_of_clients(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    override = {"when": "2026-11-24T09:00:00+00:00", "who": "ada@laptop", "why": "for the board"}
    verdict = {"accepted": True, "reasons": ["r2 0.2, expected 0.9"], "override": override}
    (tmp_path / DIAMONDS.id / "verdict.json").write_text(json.dumps(verdict))

    about = Worker(tmp_path).ask("GET", "/model").json()

    assert about["verdict"] == verdict | {"override": {"when": override["when"]}}


def test_what_is_not_there_is_a_problem_document(diamonds: Worker) -> None:
    missing = diamonds.ask("GET", "/nothing")
    method = diamonds.ask("POST", "/ready")

    assert (missing.status_code, method.status_code) == (404, 405)
    assert missing.headers["content-type"] == "application/problem+json"
    assert missing.json()["detail"] == "/nothing: nothing is here, see /docs"
    assert method.headers["allow"] == "GET, HEAD"


def test_the_docs_run_no_inline_script_and_stand_in_no_other_page(diamonds: Worker) -> None:
    answer = diamonds.ask("GET", "/docs")

    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert re.findall(r"<script(?! [^>]*src=)|<style| style=| on[a-z]+=", answer.text) == []


def test_every_answer_says_that_its_type_is_not_to_be_guessed(diamonds: Worker) -> None:
    for path in ("/predict", "/docs", "/live", "/nowhere"):
        answer = diamonds.ask("GET", path)
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_description_says_which_keys_are_wanted(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("k" * 32)
    worker = Worker(tmp_path, api_keys_file=keys)
    document = worker.ask("GET", "/openapi.json", headers={"x-api-key": "k" * 32}).json()

    validate(document)
    assert document["security"] == [{"bearer": []}, {"key": []}]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs/",
        "/docs/assets",
        "/live/",
        "/v2/",
        "/ready//",
        "//evil.example",
        "/\\evil.example",
    ],
)
def test_no_answer_leads_to_the_host_that_a_client_names(diamonds: Worker, path: str) -> None:
    named = {
        "host": "evil.example",
        "x-forwarded-host": "evil.example",
        "x-forwarded-prefix": "//evil.example",
        "forwarded": "host=evil.example",
        "origin": "https://evil.example",
        "referer": "https://evil.example/",
    }
    for method in ("GET", "HEAD", "POST"):
        answer = diamonds.ask(method, path, headers=named)

        assert answer.headers.get("location", "docs") == "docs"
        assert "evil.example" not in str(answer.headers)
        assert "evil.example" in path or "evil.example" not in answer.text
