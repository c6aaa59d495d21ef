"""Serve: the examples as CSV tables, and in MLflow's request formats."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.models.model_data import TOLERANCE, largest_difference
from conformance.models.tensors import Row
from conformance.serving.clients import JSON, Client, json_of
from conformance.serving.http_checks import http_check
from conformance.serving.problems import MLFLOW_ERROR, check_error
from conformance.serving.rows import complete_examples
from conformance.serving.servers import example_clients


@http_check("predict-csv", promise="/predict adds predictions to a CSV table")
def predict_csv(subject: Subject) -> None:
    for client in example_clients(subject):
        examples = client.model.examples
        response = client.http.post(
            "/predict",
            content=csv_of([example.row for example in examples]),
            headers={"content-type": "text/csv"},
        )
        media_type = response.headers.get("content-type", "")
        if response.status_code != 200 or not media_type.startswith("text/csv"):
            raise Fault(
                f"POST /predict with text/csv returns {response.status_code} and"
                f" {media_type or 'no content type'}: {response.text}",
                "return CSV for CSV, unless the Accept header requests another type",
            )
        rows = list(csv.DictReader(io.StringIO(response.text)))
        target, classes = client.model.document["target"]["name"], client.model.classes
        names = [f"predicted_{target}"]
        if classes is not None:
            names = [f"probability_{_text(value)}" for value in classes]
        try:
            found = np.array([[float(row[name]) for name in names] for row in rows])
        except (KeyError, ValueError) as error:
            raise Fault(
                f"POST /predict returns CSV with the columns {list(rows[0]) if rows else []}"
                f" ({error!r})",
                f"add predicted_{target}, and probability_<class> for classes",
            ) from None
        expected = np.array([example.expected for example in examples])
        if len(found) != len(expected):
            raise Fault(
                f"POST /predict returns {len(found)} lines for a CSV table of {len(expected)}",
                "return one line for each row, in the order of the request",
            )
        worst, distance = largest_difference(found.reshape(expected.shape), expected)
        if distance > TOLERANCE:
            raise Fault(
                "predictions of POST /predict for a CSV table differ from examples.jsonl",
                "an empty cell is missing; parse other cells as texts by the cleaning rules",
                row=examples[worst].row,
                expected=examples[worst].expected,
                found=found[worst].tolist(),
            )


@http_check(
    "invocations",
    promise="/invocations accepts MLflow's formats: dataframe_split, dataframe_records, instances,"
    " inputs, CSV; its errors are MLflow's",
)
def invocations(subject: Subject) -> None:
    for client in example_clients(subject):
        examples = complete_examples(client.model)
        rows = [example.row for example in examples]
        classes = client.model.classes
        expected = [
            example.expected if classes is None else classes[int(np.argmax(example.expected))]
            for example in examples
        ]
        for name, (content, headers) in _formats(rows).items():
            response = client.http.post("/invocations", content=content, headers=headers)
            predictions = json_of(response).get("predictions")
            if not _agree(predictions, expected):
                raise Fault(
                    f"predictions of POST /invocations with {name} differ from examples.jsonl",
                    'return {"predictions": […]}: numbers, or the most likely classes',
                    expected=expected,
                    found=predictions,
                )
        check_wrong_invocation(client, rows[0])
        if (status := client.http.get("/ping").status_code) != 200:
            raise Fault(f"GET /ping returns {status}", "return 200 while a model is live")


def check_wrong_invocation(client: Client, row: Row) -> None:
    """Check that MLflow's formats have MLflow's errors."""
    wrong = [{**row, "no such column": 1}]
    answer = client.http.post("/invocations", json={"dataframe_records": wrong})
    if answer.status_code not in {400, 422}:
        raise Fault(
            f"POST /invocations with an unknown column returns {answer.status_code}: {answer.text}",
            "answer 422, or 400",
        )
    check_error(answer, MLFLOW_ERROR)


def _formats(rows: Sequence[Row]) -> dict[str, tuple[str, Mapping[str, str]]]:
    names = list(rows[0])
    columns = {name: [row[name] for row in rows] for name in names}
    split = {"columns": names, "data": [[row[name] for name in names] for row in rows]}
    records = [dict(row) for row in rows]
    bodies: dict[str, Any] = {"dataframe_split": split, "dataframe_records": records}
    bodies |= {"instances": records, "inputs": columns}
    formats = {name: (json.dumps({name: body}), JSON) for name, body in bodies.items()}
    return {**formats, "CSV": (csv_of(rows), {"content-type": "text/csv"})}


def _agree(predictions: Any, expected: Sequence[Any]) -> bool:
    if not isinstance(predictions, list) or len(predictions) != len(expected):
        return False
    if isinstance(expected[0], str):
        return predictions == list(expected)
    try:
        found = np.array(predictions, np.float64)
        return largest_difference(found, np.array(expected))[1] <= TOLERANCE
    except (TypeError, ValueError):
        return False


def csv_of(rows: Sequence[Row]) -> str:
    """Return a CSV table; a missing value is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([["" if v is None else _text(v) for v in row.values()] for row in rows])
    return text.getvalue()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
