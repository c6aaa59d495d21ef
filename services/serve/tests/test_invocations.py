"""MLflow's scoring protocol: four forms of JSON, CSV, what is wrong, and health."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import CSV, JSON, Worker
from serve_testing.made_models import DIAMONDS, publish_model

RECORDS = [
    {"carat": 0.23, "cut": "Ideal", "depth": 61.5},
    {"carat": 1, "cut": "Good", "depth": None},
]
COLUMNS = {"carat": [0.23, 1], "cut": ["Ideal", "Good"], "depth": [61.5, None]}
SPLIT = {"columns": [*COLUMNS], "data": [[0.23, "Ideal", 61.5], [1, "Good", None]]}
PRICES = [322.0, 1020.5]


def invoke(worker: Worker, body: Any, headers: dict[str, str] = JSON) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return worker.ask("POST", "/invocations", content=content, headers=headers)


def message_of(answer: httpx.Response) -> str:
    assert answer.json()["error_code"] == "BAD_REQUEST"
    text: str = answer.json()["message"]
    return text


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": SPLIT},
        {"dataframe_split": SPLIT | {"index": [5, 6]}},
        {"dataframe_records": RECORDS},
        {"dataframe_records": [RECORDS[0], {"carat": 1, "cut": "Good"}]},
        {"instances": RECORDS},
        {"inputs": RECORDS},
        {"inputs": COLUMNS},
        {"inputs": COLUMNS, "params": None},
        {"inputs": COLUMNS, "params": {}},
        {"inputs": COLUMNS, "params": {"pyfunc_predict_fn": "predict"}},
    ],
    ids=", ".join,
)
def test_every_form_is_answered_with_predictions(diamonds: Worker, body: Any) -> None:
    answer = invoke(diamonds, body)

    assert (answer.status_code, answer.json()) == (200, {"predictions": PRICES})
    assert answer.headers["content-type"] == "application/json"


def test_single_values_are_one_row(diamonds: Worker) -> None:
    assert invoke(diamonds, {"inputs": RECORDS[0]}).json() == {"predictions": [322.0]}


def test_nan_is_a_missing_value_as_pandas_and_mlflow_write_it(diamonds: Worker) -> None:
    body = json.dumps({"dataframe_split": SPLIT}).replace("null", "NaN").encode()

    assert invoke(diamonds, body).json() == {"predictions": PRICES}


@pytest.mark.parametrize(
    "table",
    [
        b"carat,cut,depth\n0.23,Ideal,61.5\n1,Good,\n",
        b",carat,cut,depth\n0,0.23,Ideal,61.5\n1,1,Good,\n",
    ],
)
def test_a_csv_table_may_have_the_index_that_pandas_writes(diamonds: Worker, table: bytes) -> None:
    assert invoke(diamonds, table, CSV).json() == {"predictions": PRICES}


def test_a_class_is_its_label(penguins: Worker, flights: Worker) -> None:
    species = invoke(penguins, {"inputs": {"island": ["Biscoe", "Dream"]}})
    late = invoke(flights, {"inputs": {"hour": ["2013-01-01T05:00"]}})

    assert species.json() == {"predictions": ["Chin%strap", "Chin%strap"]}
    assert late.json() == {"predictions": [False]}


def test_probabilities_are_asked_for_as_mlflow_names_their_function(penguins: Worker) -> None:
    params = {"pyfunc_predict_fn": "predict_proba"}

    answer = invoke(penguins, {"inputs": {"island": ["Biscoe"]}, "params": params})

    [expected] = penguins.predict({"island": "Biscoe"}).json()["predictions"]
    assert answer.json() == {"predictions": [[*expected["probabilities"].values()]]}


ONE_OF = "expected an object with one of dataframe_split, dataframe_records, instances, inputs"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff", 400, "not UTF-8"),
        ([], 422, ONE_OF),
        ({}, 422, ONE_OF),
        ({"inputs": [], "instances": []}, 422, ONE_OF),
        ({"rows": RECORDS}, 422, ONE_OF),
        ({"inputs": COLUMNS, "signature_name": "x"}, 422, "nothing else; got"),
        ({"inputs": COLUMNS, "params": {"top": 1}}, 422, "expected params as"),
        ({"inputs": COLUMNS, "params": {"pyfunc_predict_fn": "predict_proba"}}, 422, "'predict'"),
        ({"dataframe_split": RECORDS}, 422, "expected dataframe_split as"),
        ({"dataframe_split": SPLIT | {"dtype": 1}}, 422, "columns, data and index"),
        ({"dataframe_split": SPLIT | {"columns": [1, 2, 3]}}, 422, "a list of names"),
        ({"dataframe_split": SPLIT | {"columns": None}}, 422, "a list of names"),
        ({"dataframe_split": SPLIT | {"data": [1]}}, 422, "a list of lists of values"),
        ({"dataframe_split": SPLIT | {"data": [[1]]}}, 422, 'columns; row 1: got "1 values"'),
        ({"dataframe_split": SPLIT | {"data": []}}, 422, "at least one row"),
        ({"dataframe_split": SPLIT | {"columns": ["carat"] * 3}}, 422, "only once"),
        ({"instances": [[1, 2, 3]]}, 422, "a list of objects of columns and values"),
        ({"instances": []}, 422, "at least one row"),
        ({"inputs": 7}, 422, "a list of objects"),
        ({"inputs": {}}, 422, "lists of one length"),
        ({"inputs": COLUMNS | {"cut": ["a"]}}, 422, "lists of one length"),
        ({"inputs": COLUMNS | {"cut": "a"}}, 422, "lists of one length"),
        ({"inputs": COLUMNS | {"colour": [1, 2]}}, 422, "did you mean color?"),
        ({"inputs": {"carat": [1]}}, 422, "column cut: expected this column in the table"),
        ({"inputs": COLUMNS | {"carat": [1, 0]}}, 422, "row 2, column carat: got 0, expected more"),
        ({"inputs": COLUMNS | {"carat": [1, []]}}, 422, 'row 2, column carat: got "a list"'),
        ({"instances": [RECORDS[0], {"carat": "x"}]}, 422, 'row 2, column carat: got "x"'),
        ({"instances": [RECORDS[0], 7]}, 422, "a list of objects"),
        (b'{"inputs": {"carat": [1' + b"0" * 5000 + b'], "cut": ["a"]}}', 422, "a number"),
        (b'{"inputs": {"carat": [-Infinity], "cut": ["a"]}}', 422, 'got "-inf", expected a number'),
    ],
)
def test_a_wrong_body_is_refused_with_all_that_is_wrong(
    diamonds: Worker, body: Any, status: int, said: str
) -> None:
    answer = invoke(diamonds, body)

    assert answer.status_code == status
    assert said in message_of(answer)


def test_a_wrong_table_and_another_media_type_are_refused_too(diamonds: Worker) -> None:
    table = invoke(diamonds, b"carat,cut\n0,Good\n", CSV)
    parquet = invoke(diamonds, b"PAR1", {"content-type": "application/vnd.apache.parquet"})

    assert "row 1, column carat" in message_of(table)
    assert parquet.status_code == 415


def test_an_index_is_for_mlflow_alone(diamonds: Worker) -> None:
    assert diamonds.send(b",carat,cut\n0,1,Good\n", CSV).status_code == 422


def test_limits_hold_here_too(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=1)

    bodies = [{"dataframe_split": SPLIT}, {"inputs": COLUMNS}, {"instances": RECORDS}]
    assert [invoke(worker, body).status_code for body in bodies] == [413] * 3
    assert invoke(worker, b'{"inputs": [' + b"[]," * 9_000).status_code == 413


def test_health_is_that_of_the_model(diamonds: Worker, tmp_path: Path) -> None:
    empty = Worker(tmp_path / "empty")

    for path in ("/ping", "/health"):
        assert diamonds.ask("GET", path).status_code == 200
        assert empty.ask("GET", path).status_code == 503
    assert diamonds.ask("GET", "/version").text.count(".") == 2
