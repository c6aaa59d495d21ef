"""Numbers with quantiles: in every form of a response, and models that promise them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from asking import CSV, Worker
from pyarrow import parquet
from serve.api.predictions.batching import answer_json_batch
from serve.batch.arguments import Folders, read_arguments
from serve.batch.scoring import score
from serve.model.admission import Bounds
from serve.model.models import load_model
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from serve_testing.request_forms import infer_request
from stage_contract import ContractError, open_latest

LEVELS = ["0.1", "0.5", "0.95"]
PRICED = DIAMONDS.but(quantiles=[0.1, 0.5, 0.95])
ROWS = [{"carat": 0.23, "depth": 61.5, "cut": "Ideal"}, {"carat": 1.0, "cut": "Good"}]
COLUMNS = {"carat": [0.23, 1.0], "depth": [61.5, None], "cut": ["Ideal", "Good"]}
EXPECTED = [(322.0, 282.0, 322.0, 367.0), (1020.5, 980.5, 1020.5, 1065.5)]
NAMES = ["predicted_price", *(f"predicted_price_quantile_{level}" for level in LEVELS)]


@pytest.fixture
def priced(tmp_path: Path) -> Worker:
    publish_model(tmp_path, PRICED)
    return Worker(tmp_path)


def test_json_has_the_quantiles_by_level(priced: Worker) -> None:
    response = priced.predict(*ROWS)

    assert response.json()["predictions"] == [
        {"price": price, "quantiles": dict(zip(LEVELS, quantiles, strict=True))}
        for price, *quantiles in EXPECTED
    ]


def test_a_model_without_quantiles_answers_as_before(diamonds: Worker) -> None:
    assert diamonds.predict(ROWS[0]).json()["predictions"] == [{"price": 322.0}]


def test_a_csv_table_gets_a_column_for_each_level(priced: Worker) -> None:
    response = priced.send(b"carat,depth,cut\n0.23,61.5,Ideal\n1,,Good\n", CSV)

    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [tuple(float(row[name]) for name in NAMES) for row in rows] == EXPECTED


@pytest.mark.parametrize("is_binary", [False, True])
def test_the_quantiles_are_one_more_tensor(priced: Worker, *, is_binary: bool) -> None:
    fields = [
        {"name": "carat", "type": "number"},
        {"name": "depth", "type": "number"},
        {"name": "cut", "type": "string"},
    ]
    header, tail = infer_request(COLUMNS, fields, is_binary=is_binary)
    headers = {"inference-header-content-length": str(len(header))} if is_binary else {}

    response = priced.ask("POST", "/v2/models/test/infer", content=header + tail, headers=headers)

    assert outputs_of(response) == {
        "price": ([2, 1], [row[0] for row in EXPECTED]),
        "quantiles": ([2, 3], [number for row in EXPECTED for number in row[1:]]),
    }
    metadata = priced.ask("GET", "/v2/models/test").json()["outputs"]
    assert [(each["name"], each["shape"]) for each in metadata] == [
        ("price", [-1, 1]),
        ("quantiles", [-1, 3]),
    ]


def outputs_of(response: Any) -> dict[str, tuple[list[int], list[float]]]:
    length = int(response.headers.get("inference-header-content-length", len(response.content)))
    data, found = response.content[length:], {}
    for output in json.loads(response.content[:length])["outputs"]:
        assert output["datatype"] == "FP32"
        size = output.get("parameters", {}).get("binary_data_size", 0)
        numbers = output.get("data") or np.frombuffer(data[:size], "<f4").tolist()
        found[output["name"]] = (output["shape"], numbers)
        data = data[size:]
    return found


@pytest.mark.parametrize(
    ("params", "predictions"),
    [
        ({}, [price for price, *_ in EXPECTED]),
        ({"pyfunc_predict_fn": "predict_quantiles"}, [quantiles for _, *quantiles in EXPECTED]),
    ],
)
def test_mlflow_asks_for_numbers_or_for_quantiles(
    priced: Worker, params: dict[str, str], predictions: list[Any]
) -> None:
    response = priced.ask("POST", "/invocations", json={"inputs": COLUMNS, "params": params})

    assert response.json() == {"predictions": predictions}


@pytest.mark.parametrize("method", ["predict_interval", "predict_proba"])
def test_mlflow_cannot_ask_for_outputs_that_the_model_lacks(priced: Worker, method: str) -> None:
    body = {"instances": ROWS, "params": {"pyfunc_predict_fn": method}}

    assert priced.ask("POST", "/invocations", json=body).status_code == 422


def test_requests_that_arrive_together_get_their_own_quantiles(priced: Worker) -> None:
    bodies = [json.dumps({"rows": rows}).encode() for rows in (ROWS[:1], ROWS, ROWS[1:])]
    model = priced.watcher.live()

    responses = [json.loads(each or b"") for each in answer_json_batch(model, bodies)]

    assert [each["predictions"] for each in responses] == [
        json.loads(model.predict_json(body))["predictions"] for body in bodies
    ]


@pytest.mark.parametrize("out", ["scored.parquet", "scored.csv"])
def test_whole_files_get_a_column_for_each_level(tmp_path: Path, out: str) -> None:
    folders = Folders(source=tmp_path / "in", target=tmp_path / "out", model=tmp_path / "model")
    for folder in (folders.source, folders.target):
        folder.mkdir()
    publish_model(folders.model, PRICED)
    parquet.write_table(pa.table(COLUMNS), folders.source / "new.parquet")

    score(read_arguments(["new.parquet", out], folders), folders.model)

    if out.endswith("csv"):
        rows = list(csv.DictReader(io.StringIO((folders.target / out).read_text())))
        assert [tuple(float(row[name]) for name in NAMES) for row in rows] == EXPECTED
    else:
        table = parquet.read_table(folders.target / out).select(NAMES)
        assert table.schema.types == [pa.float32()] * 4
        assert list(zip(*table.to_pydict().values(), strict=True)) == EXPECTED


def test_the_docs_and_the_model_describe_the_quantiles(priced: Worker) -> None:
    document = priced.ask("GET", "/openapi.json").json()

    schemas = document["components"]["schemas"]
    quantiles = schemas["Prediction"]["properties"]["quantiles"]
    assert quantiles["required"] == LEVELS
    assert schemas["Prediction"]["required"] == ["price", "quantiles"]
    response = document["paths"]["/predict"]["post"]["responses"]["200"]["content"]
    example = response["application/json"]["example"]["predictions"][0]["quantiles"]
    assert [*example] == LEVELS
    assert priced.ask("GET", "/model").json()["quantiles"] == {"levels": [0.1, 0.5, 0.95]}
    assert priced.ask("GET", "/page/form").json()["quantiles"] == {"levels": [0.1, 0.5, 0.95]}


def refusal_of(volume: Path, model: MadeModel) -> str:
    publish_model(volume, model)
    with pytest.raises(ContractError) as refused:
        load_model(open_latest(volume, "model"), name="test", max_rows=10)
    return str(refused.value)


def levels(*values: float) -> tuple[tuple[str, Any], ...]:
    return (("quantiles", {"levels": values}),)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            PRICED.but(changes=(("quantiles", None),)),
            "quantiles tensor(float), expected prediction tensor(float);",
        ),
        (
            DIAMONDS.but(changes=levels(0.1, 0.5)),
            "expected prediction tensor(float), quantiles tensor(float)",
        ),
        (PENGUINS.but(changes=levels(0.1, 0.5)), "a class has no quantiles"),
        (PRICED.but(interval=0.9), "a model has an interval or quantiles, not both"),
        (PRICED.but(target="quantiles"), "a target with quantiles can't be called quantiles"),
        (PRICED.but(changes=levels(0.1, 0.9, 0.95)), "with 0.5 among them"),
        (PRICED.but(changes=levels(0.9, 0.5, 0.1)), "expected ascending numbers between 0 and 1"),
        (PRICED.but(changes=levels(0.5, 0.9, 1)), "expected ascending numbers between 0 and 1"),
        (PRICED.but(changes=levels(0.1, 0.1, 0.5)), "expected ascending numbers between 0 and 1"),
    ],
)
def test_outputs_and_model_json_agree(tmp_path: Path, model: MadeModel, reason: str) -> None:
    assert reason in refusal_of(tmp_path, model)


def test_a_graph_with_fewer_quantiles_than_levels_is_refused(tmp_path: Path) -> None:
    refusal = refusal_of(tmp_path, PRICED.but(changes=levels(0.1, 0.5)))

    assert "model.onnx: quantiles has 3 columns, model.json has 2 levels" in refusal


def test_quantiles_that_are_not_the_promised_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = PRICED.graph()
    monkeypatch.setattr(MadeModel, "graph", lambda _model: graph)
    monkeypatch.setattr("serve_testing.made_models._offsets", lambda _model: np.array([1, 2, 3.0]))

    refusal = refusal_of(tmp_path, PRICED)

    assert "line 1 of 2 gives [322.0, 282.0, 322.0, 367.0] here, expected [322.0, 323.0," in refusal


@pytest.mark.parametrize(
    ("after", "lost"),
    [
        (DIAMONDS, "answers without quantiles"),
        (DIAMONDS.but(quantiles=[0.1, 0.5, 0.9]), "answers without quantile 0.95"),
    ],
)
def test_clients_of_quantiles_fail_on_a_model_without(
    tmp_path: Path, after: MadeModel, lost: str
) -> None:
    publish_model(tmp_path, PRICED)
    before = load_model(open_latest(tmp_path, "model"), name="test", max_rows=10)
    publish_model(tmp_path, after.but(id="d" * 16))

    with pytest.raises(ContractError, match=f"not compatible with a.*: {lost}"):
        load_model(
            open_latest(tmp_path, "model"),
            before,
            name="test",
            max_rows=10,
            bounds=Bounds(signature="compatible"),
        )


def test_more_quantiles_are_no_change_that_clients_notice(tmp_path: Path) -> None:
    publish_model(tmp_path, PRICED)
    before = load_model(open_latest(tmp_path, "model"), name="test", max_rows=10)
    publish_model(tmp_path, DIAMONDS.but(quantiles=[0.1, 0.25, 0.5, 0.95], id="d" * 16))

    after = load_model(
        open_latest(tmp_path, "model"),
        before,
        name="test",
        max_rows=10,
        bounds=Bounds(signature="compatible"),
    )

    assert after.id == "d" * 16
