"""The label is the graph's, in every form of an answer, even if another class is likelier."""

import csv
import io
from pathlib import Path

import pytest
from asking import CSV, Worker
from serve_testing.made_models import FLIGHTS, publish_model

ROW = {"hour": "2013-01-01T05:00", "number": 9, "holiday": False}

LATE = FLIGHTS.but(
    id="e" * 16, label=1, changes=(("decision", {"threshold": 0.01, "by": {"value": 0.01}}),)
)


@pytest.fixture
def late(tmp_path: Path) -> Worker:
    """Return a worker that calls every flight late."""
    publish_model(tmp_path, LATE)
    return Worker(tmp_path)


def test_json_names_the_class_of_the_graph(late: Worker, flights: Worker) -> None:
    (answer,), (plain,) = (worker.predict(ROW).json()["predictions"] for worker in (late, flights))

    assert answer["late"] is True
    assert plain["late"] is False
    assert answer["probabilities"] == plain["probabilities"]
    assert answer["probabilities"]["true"] < 0.5


def test_a_csv_table_names_it(late: Worker) -> None:
    answer = late.send(b"hour,number\n2013-01-01T05:00,9\n", CSV)

    assert [row["predicted_late"] for row in csv.DictReader(io.StringIO(answer.text))] == ["true"]


def test_tensors_name_it(late: Worker) -> None:
    inputs = [
        {"name": "hour", "datatype": "BYTES", "shape": [1, 1], "data": ["2013-01-01T05:00"]},
        {"name": "number", "datatype": "FP64", "shape": [1, 1], "data": [9]},
    ]

    answer = late.ask("POST", "/v2/models/test/infer", json={"inputs": inputs})

    assert answer.json()["outputs"][0]["data"] == [True]


def test_mlflow_is_told_it(late: Worker) -> None:
    assert late.ask("POST", "/invocations", json={"instances": [ROW]}).json() == {
        "predictions": [True]
    }


def test_the_model_tells_what_it_decides_by(late: Worker, flights: Worker) -> None:
    assert late.ask("GET", "/model").json()["decision"]["threshold"] == 0.01
    assert flights.ask("GET", "/model").json()["decision"] is None


def test_the_docs_say_how_a_class_is_named(late: Worker, flights: Worker, tmp_path: Path) -> None:
    told = [how_named(late), how_named(flights)]
    publish_model(
        tmp_path, FLIGHTS.but(id="f" * 16, changes=(("decision", {"costs": [[0, 1], [9, 0]]}),))
    )
    told.append(how_named(Worker(tmp_path)))

    assert told == [
        "true from a probability of 0.01 on.",
        "The likeliest class.",
        "The class whose errors are expected to cost least.",
    ]


def how_named(worker: Worker) -> str:
    schemas = worker.ask("GET", "/openapi.json").json()["components"]["schemas"]
    text: str = schemas["Prediction"]["properties"]["late"]["description"]
    return text
