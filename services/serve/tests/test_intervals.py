"""Numbers with an interval: the ends in every form of an answer, and models that promise them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from asking import CSV, JSON, Worker
from pyarrow import parquet
from serve.api.predictions.batching import answer_json_batch
from serve.batch.arguments import Folders, read_arguments
from serve.batch.scoring import score
from serve.model.admission import Bounds
from serve.model.models import load_model
from serve_testing.made_models import DIAMONDS, PENGUINS, MadeModel, publish_model
from serve_testing.request_forms import infer_request
from stage_contract import ContractError, open_latest

PRICED = DIAMONDS.but(interval=0.9)
ROWS = [{"carat": 0.23, "depth": 61.5, "cut": "Ideal"}, {"carat": 1.0, "cut": "Good"}]
COLUMNS = {"carat": [0.23, 1.0], "depth": [61.5, None], "cut": ["Ideal", "Good"]}
EXPECTED = [(322.0, 312.0, 422.0), (1020.5, 1010.5, 1120.5)]
NAMES = ["predicted_price", "predicted_price_low", "predicted_price_high"]


@pytest.fixture
def priced(tmp_path: Path) -> Worker:
    publish_model(tmp_path, PRICED)
    return Worker(tmp_path)


def test_json_has_the_ends_beside_the_number(priced: Worker) -> None:
    answer = priced.predict(*ROWS)

    assert answer.json()["predictions"] == [
        {"price": price, "interval": {"low": low, "high": high}} for price, low, high in EXPECTED
    ]


def test_a_model_without_intervals_answers_as_before(diamonds: Worker) -> None:
    assert diamonds.predict(ROWS[0]).json()["predictions"] == [{"price": 322.0}]


def test_a_csv_table_gets_three_columns(priced: Worker) -> None:
    answer = priced.send(b"carat,depth,cut\n0.23,61.5,Ideal\n1,,Good\n", CSV)

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [tuple(float(row[name]) for name in NAMES) for row in rows] == EXPECTED


@pytest.mark.parametrize("is_binary", [False, True])
def test_tensors_of_both_ends_are_further_outputs(priced: Worker, *, is_binary: bool) -> None:
    fields = [
        {"name": "carat", "type": "number"},
        {"name": "depth", "type": "number"},
        {"name": "cut", "type": "string"},
    ]
    header, tail = infer_request(COLUMNS, fields, is_binary=is_binary)
    headers = {"inference-header-content-length": str(len(header))} if is_binary else {}

    answer = priced.ask("POST", "/v2/models/test/infer", content=header + tail, headers=headers)

    assert outputs_of(answer) == dict(
        zip(("price", "low", "high"), map(list, zip(*EXPECTED, strict=True)), strict=True)
    )


def outputs_of(answer: Any) -> dict[str, list[float]]:
    length = int(answer.headers.get("inference-header-content-length", len(answer.content)))
    outputs = json.loads(answer.content[:length])["outputs"]
    data = answer.content[length:]
    found = {}
    for output in outputs:
        assert (output["datatype"], output["shape"]) == ("FP32", [2, 1])
        size = output.get("parameters", {}).get("binary_data_size", 0)
        found[output["name"]] = output.get("data") or np.frombuffer(data[:size], "<f4").tolist()
        data = data[size:]
    return found


def test_one_end_can_be_asked_for(priced: Worker) -> None:
    inputs = [{"name": "carat", "datatype": "FP64", "shape": [1, 1], "data": [1]}]
    inputs.append({"name": "cut", "datatype": "BYTES", "shape": [1, 1], "data": ["Good"]})
    asked = {"inputs": inputs, "outputs": [{"name": "high"}]}

    answer = priced.ask("POST", "/v2/models/test/infer", json=asked)

    assert [(o["name"], o["data"]) for o in answer.json()["outputs"]] == [("high", [1120.5])]
    told = priced.ask("GET", "/v2/models/test").json()["outputs"]
    assert [each["name"] for each in told] == ["price", "low", "high"]


@pytest.mark.parametrize(
    ("params", "predictions"),
    [
        ({}, [price for price, _, _ in EXPECTED]),
        ({"pyfunc_predict_fn": "predict_interval"}, [[low, high] for _, low, high in EXPECTED]),
    ],
)
def test_mlflow_asks_for_numbers_or_for_ends(
    priced: Worker, params: dict[str, str], predictions: list[Any]
) -> None:
    answer = priced.ask("POST", "/invocations", json={"inputs": COLUMNS, "params": params})

    assert answer.json() == {"predictions": predictions}


def test_mlflow_can_ask_no_other_model_for_ends(diamonds: Worker, penguins: Worker) -> None:
    for worker in (diamonds, penguins):
        body = {"instances": ROWS, "params": {"pyfunc_predict_fn": "predict_interval"}}

        assert worker.ask("POST", "/invocations", json=body).status_code == 422


def test_requests_that_arrive_together_get_their_own_ends(priced: Worker) -> None:
    bodies = [json.dumps({"rows": rows}).encode() for rows in (ROWS[:1], ROWS, ROWS[1:])]
    model = priced.watcher.live()

    answers = [json.loads(answer or b"") for answer in answer_json_batch(model, bodies)]

    assert [each["predictions"] for each in answers] == [
        json.loads(model.predict_json(body))["predictions"] for body in bodies
    ]
    feeds = [model.json_rows.read(body) for body in bodies]
    shapes = [prediction.values.shape for prediction in model.run_each(feeds, [1, 2, 1])]
    assert shapes == [(1, 3), (2, 3), (1, 3)]


@pytest.mark.parametrize("out", ["scored.parquet", "scored.csv"])
def test_whole_files_get_three_columns(tmp_path: Path, out: str) -> None:
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
        assert table.schema.types == [pa.float32()] * 3
        assert list(zip(*table.to_pydict().values(), strict=True)) == EXPECTED


def test_the_docs_and_the_model_tell_of_intervals(priced: Worker) -> None:
    document = priced.ask("GET", "/openapi.json").json()

    schemas = document["components"]["schemas"]
    interval = schemas["Prediction"]["properties"]["interval"]
    assert interval["description"] == "Holds 0.9 of the true values."
    assert schemas["Prediction"]["required"] == ["price", "interval"]
    answer = document["paths"]["/predict"]["post"]["responses"]["200"]["content"]
    assert answer["application/json"]["example"]["predictions"][0]["interval"].keys() == {
        "low",
        "high",
    }
    names = [
        each["properties"]["name"]
        for each in schemas["InferResponse"]["properties"]["outputs"]["items"]["anyOf"]
    ]
    assert names == [{"const": name} for name in ("price", "low", "high")]
    assert priced.ask("GET", "/model").json()["interval"]["coverage"] == 0.9


def refusal_of(volume: Path, model: MadeModel) -> str:
    publish_model(volume, model)
    with pytest.raises(ContractError) as refused:
        load_model(open_latest(volume, "model"), name="test", max_rows=10)
    return str(refused.value)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            PRICED.but(changes=(("interval", None),)),
            "low tensor(float), prediction tensor(float), expected prediction tensor(float);",
        ),
        (
            DIAMONDS.but(changes=(("interval", {"coverage": 0.9}),)),
            "expected high tensor(float), low tensor(float), prediction tensor(float)",
        ),
        (PENGUINS.but(changes=(("interval", {"coverage": 0.9}),)), "a class has no interval"),
        (PRICED.but(target="low"), "a target with an interval can't be called low"),
    ],
)
def test_outputs_and_model_json_agree(tmp_path: Path, model: MadeModel, reason: str) -> None:
    assert reason in refusal_of(tmp_path, model)


def test_ends_that_are_not_the_promised_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "serve_testing.made_models._ends", lambda number: [number - 10, number + 101]
    )

    refusal = refusal_of(tmp_path, PRICED)

    assert "line 1 of 2 gives [322.0, 312.0, 422.0] here, expected [322.0, 312.0, 423.0]" in refusal


def test_clients_of_intervals_fail_on_a_model_without(tmp_path: Path) -> None:
    publish_model(tmp_path, PRICED)
    before = load_model(open_latest(tmp_path, "model"), name="test", max_rows=10)
    publish_model(tmp_path, DIAMONDS.but(id="d" * 16))

    with pytest.raises(ContractError, match=r"not compatible with a.*: answers without interval"):
        load_model(
            open_latest(tmp_path, "model"),
            before,
            name="test",
            max_rows=10,
            bounds=Bounds(signature="compatible"),
        )


def test_a_text_that_is_no_number_is_refused_as_ever(priced: Worker) -> None:
    assert priced.send(b'{"rows": [{"carat": "big"}]}', JSON).status_code == 422
