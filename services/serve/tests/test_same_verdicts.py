"""A value gets one verdict and one number, whatever form it is sent in, and the error says why."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import JSON, Worker
from serve.schema.cells import CellError, Rules
from serve_testing.made_models import DIAMONDS, MadeModel, field, publish_model
from serve_testing.request_forms import csv_table, infer_request, numbers_of

KINDS: dict[str, dict[str, Any]] = {
    "number": field("x", "number", "numbers 0"),
    "bounded number": field("x", "number", "numbers 0", constraints={"minimum": 0, "maximum": 30}),
    "chosen number": field("x", "number", "numbers 0", constraints={"enum": [25, 0.5]}),
    "integer": field("x", "integer", "numbers 0"),
    "category": field("x", "integer", "strings 0"),
    "boolean": field("x", "boolean", "numbers 0"),
    "chosen boolean": field("x", "boolean", "numbers 0", constraints={"enum": [True]}),
    "words": field("x", "boolean", "numbers 0", trueValues=["Yes", "1"], falseValues=["No"]),
    "one word": field("x", "boolean", "numbers 0", trueValues=["Yes"]),
    "percentage": field("x", "number", "numbers 0", percent=True),
    "price": field("x", "number", "numbers 0", affixes=["$"], groupChar=","),
    "date": field("x", "date", "numbers 0"),
    "German date": field("x", "date", "numbers 0", format="%d.%m.%Y"),
    "moment": field("x", "datetime", "numbers 0"),
    "text": field("x", "string", "strings 0"),
    "short text": field("x", "string", "strings 0", constraints={"maxLength": 4}),
}
TEXTS = [
    *("25", " 25 ", "25.0", "2.5", "+5", ".5", "5.", "007", "1e3", "1E400", "-0", "1_000"),
    *("9007199254740992", "9007199254740993", "٢", "0x10", "NaN", "inf", "-Infinity"),
    *("true", "True", "TRUE", "tRUE", "false", "FALSE", "Yes", "yes", "No", "1", "0", "t"),
    *("", " ", "\t\u00a0", "NA", " NA", "na", "null", "None"),
    *("14 %", "14%", "0.14", "$ 1,234.50", "$5", "1,234"),
    *("2024-01-31", "2024-02-30", "31.01.2024", "2024-01-31T05:00:00Z", "2024-01-31 05:00"),
    *("2024-01-31T00:00:00", "2024-01-31 00:00", "2024-01-31T00:00:00.000Z"),
    *("2024-01-31T24:00:00Z", "0000-01-01", "Ideal", "Zoë", "a" * 200, '"', "\u2028"),
]
VALUES = [True, False, 0, 1, 25, 2.5, -0.0, 14.0, 2**53, 2**53 + 1, 1e30, None]


def model_of(kind: dict[str, Any]) -> MadeModel:
    is_text = kind["input"]["group"] == "strings"
    strings, numbers = ([[1.0]], []) if is_text else ([], [[1.0]])
    made = DIAMONDS.but(fields=[kind], strings=strings, numbers=numbers)
    return made.but(rows=[{"x": None}], expected=None, ignored=[])


def forms_of(value: Any) -> dict[str, tuple[str, bytes, dict[str, str]]]:
    """Return a value, a text or one of JSON, in each form that can hold it."""
    infer = "/v2/models/test/infer"
    column, split = {"x": [value]}, {"columns": ["x"], "data": [[value]]}
    forms: dict[str, tuple[str, Any]] = {
        "rows": ("/predict", {"rows": [{"x": value}]}),
        "eight rows": ("/predict", {"rows": [{"x": value}] * 8}),
        "split": ("/invocations", {"dataframe_split": split}),
    }
    found = {name: (path, json.dumps(body).encode(), JSON) for name, (path, body) in forms.items()}
    if not isinstance(value, bool) and value is not None:
        datatype = "BYTES" if isinstance(value, str) else "INT64"
        datatype = "FP64" if isinstance(value, float) else datatype
        tensor = [{"name": "x", "type": "", "datatype": datatype}]
        found["tensor"] = (infer, infer_request(column, tensor)[0], JSON)
        header, binary = infer_request(column, tensor, is_binary=True, parameters={})
        length = {"inference-header-content-length": str(len(header))}
        found["binary tensor"] = (infer, header + binary, length)
    return found


def verdict(answer: httpx.Response) -> float | str:
    """Return the prediction, or that the value was refused."""
    if answer.status_code == 200:
        return float(numbers_of(answer, has_classes=False).ravel()[0])
    assert answer.status_code == 422, answer.text
    return "refused"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def worker(tmp_path: Path, kind: str) -> Worker:
    publish_model(tmp_path, model_of(KINDS[kind]))
    return Worker(tmp_path)


def rules_of(worker: Worker) -> Rules:
    return worker.watcher.live().rows.rules["x"]


def test_a_value_gets_the_verdict_of_the_rules_in_every_form(worker: Worker, kind: str) -> None:
    rules, wrong = rules_of(worker), []
    for value in [*TEXTS, *VALUES]:
        verdicts = {
            name: verdict(worker.ask("POST", path, content=body, headers=headers))
            for name, (path, body, headers) in forms_of(value).items()
        }
        try:
            rules.from_json(value)
        except CellError:
            is_refused = True
        else:
            is_refused = False
        if kind in {"boolean", "chosen boolean", "words", "one word"} and value in {0, 1}:
            # A tensor has no other way to say so of a boolean that may be missing.
            verdicts = {name: each for name, each in verdicts.items() if "tensor" not in name}
        if (
            len(set(verdicts.values())) != 1
            or (set(verdicts.values()) == {"refused"}) != is_refused
        ):
            wrong.append((value, is_refused, verdicts))

    assert not wrong


def test_what_a_table_takes_json_takes_too_but_for_numbers_in_quotes(
    worker: Worker, kind: str
) -> None:
    for text in TEXTS:
        table = verdict(worker.send(csv_table([{"x": text}], ["x"]), {"content-type": "text/csv"}))
        answer = worker.predict({"x": text})
        if answer.status_code == 422 and table != "refused":
            assert kind in {"number", "bounded number", "chosen number", "integer", "category"}
            [error] = answer.json()["errors"]
            assert "not a text; in JSON send " in error["expected"]
            assert error["expected"].endswith(" without quotes")
        else:
            assert verdict(answer) == table, text


def test_a_refusal_names_row_column_value_and_what_was_expected(worker: Worker) -> None:
    rules = rules_of(worker)
    for value in [*TEXTS, *VALUES]:
        answer = worker.predict({"x": None}, {"x": value})
        if answer.status_code == 200:
            continue
        [error] = answer.json()["errors"]
        assert (error["row"], error["column"]) == (2, "x")
        assert error["value"] == value or str(value)[:100] in str(error["value"])
        with pytest.raises(CellError) as caught:
            rules.from_json(value)
        assert error["expected"] == str(caught.value)
