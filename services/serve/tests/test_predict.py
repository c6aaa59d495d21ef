"""POST /predict: right requests, and every kind of wrong one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import JSON, Worker, errors
from hypothesis import given
from hypothesis import strategies as st
from serve.codecs.predictions import Prediction, ResponseWriter
from serve.schema.model_json import read_description
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, publish_model

ROW = {"carat": 0.23, "depth": 61.5, "cut": "Ideal", "color": None}


def test_a_number_comes_back_under_the_name_of_the_target(diamonds: Worker) -> None:
    answer = diamonds.predict(ROW, {"carat": 1, "cut": "Good"})

    assert answer.status_code == 200
    assert answer.content == (
        b'{"model":"aaaaaaaaaaaaaaaa","predictions":[{"price":322.0},{"price":1020.5}]}'
    )


def test_a_class_comes_back_with_the_probabilities_of_all(penguins: Worker) -> None:
    answer = penguins.predict({"bill": 39.1, "year": 2007, "island": "Biscoe"})

    [prediction] = answer.json()["predictions"]
    assert prediction["species"] == "Adelie"
    assert list(prediction["probabilities"]) == ["Adelie", "Chin%strap", 'G"entoo']
    assert sum(prediction["probabilities"].values()) == pytest.approx(1)


def test_a_boolean_class_is_true_or_false(flights: Worker) -> None:
    answer = flights.predict(
        {"hour": "2013-01-01T05:00", "day": "2013-01-01", "holiday": True, "number": 7}
    )

    [prediction] = answer.json()["predictions"]
    assert prediction["late"] is True
    assert list(prediction["probabilities"]) == ["false", "true"]


def test_every_answer_names_the_model_and_the_request(diamonds: Worker) -> None:
    given_id = {"x-request-id": "order/7"}
    right = diamonds.ask("POST", "/predict", json={"rows": [ROW]}, headers=given_id)
    wrong = diamonds.send(b"{")
    page = diamonds.ask("GET", "/live", headers={"x-request-id": "no\tgood"})

    assert right.headers["x-request-id"] == "order/7"
    assert {a.headers["x-model-id"] for a in (right, wrong, page)} == {DIAMONDS.id}
    assert wrong.headers["x-request-id"] != page.headers["x-request-id"]
    assert page.headers["x-request-id"].isprintable()


def test_a_column_that_always_had_a_value_must_have_one(diamonds: Worker) -> None:
    absent = diamonds.predict({"carat": 1})
    empty = diamonds.predict({"carat": 1, "cut": None}, {"carat": 1, "cut": " NA "})

    expected = "a text; this column must have a value"
    assert absent.status_code == empty.status_code == 422
    assert errors(absent) == [{"row": 1, "column": "cut", "value": None, "expected": expected}]
    assert [(error["row"], error["value"]) for error in errors(empty)] == [(1, None), (2, " NA ")]


def test_any_other_column_may_be_null_absent_or_a_text_that_means_missing(
    diamonds: Worker,
) -> None:
    answer = diamonds.predict(
        {"carat": 1, "cut": "Good"},
        {"carat": 1, "cut": "Good", "depth": None, "color": None},
        {"carat": 1, "cut": "Good", "depth": "NA", "color": ""},
    )

    assert answer.json()["predictions"] == [{"price": 1020.5}] * 3


def test_values_beyond_those_of_training_are_accepted_and_counted(diamonds: Worker) -> None:
    answer = diamonds.predict(ROW, ROW | {"carat": 99, "cut": "Odd"}, ROW | {"cut": "Odd"})

    assert answer.status_code == 200
    assert diamonds.watcher.live().row_counts.outside_training() == {
        "out_of_range": {"carat": 1},
        "unknown_category": {"cut": 2},
    }


def test_source_columns_that_are_no_feature_are_ignored_whatever_they_hold(
    diamonds: Worker,
) -> None:
    answer = diamonds.predict(ROW | {"price": [{"a": None}], "id": "x"})

    assert answer.json()["predictions"] == [{"price": 322.0}]


def test_an_unknown_column_is_refused_once_with_the_closest_known_one(diamonds: Worker) -> None:
    answer = diamonds.predict(ROW | {"colour": "E"}, ROW | {"colour": "F"})

    assert answer.status_code == 422
    assert errors(answer) == [
        {
            "row": 1,
            "column": "colour",
            "expected": "a column of the model, see GET /model",
            "did_you_mean": "color",
        }
    ]


@pytest.mark.parametrize(
    ("cell", "value", "expected"),
    [
        ({"carat": "1"}, "1", "a number, not a text; in JSON send 1 without quotes"),
        ({"carat": True}, True, "a number"),
        ({"carat": [1]}, "a list", "a number"),
        ({"carat": {}}, "an object", "a number"),
        ({"carat": 0}, 0, "more than 0"),
        ({"carat": 10**30, "color": "abcdef"}, "abcdef", "at most 5 characters"),
        ({"cut": 5}, 5, "a text"),
        ({"cut": "x" * 999, "color": False}, False, "a text"),
    ],
)
def test_a_wrong_cell_is_refused_with_row_column_value_and_expectation(
    diamonds: Worker, cell: dict[str, Any], value: object, expected: str
) -> None:
    answer = diamonds.predict(ROW, ROW | cell)

    column = [*cell][-1]
    assert answer.status_code == 422
    assert errors(answer) == [{"row": 2, "column": column, "value": value, "expected": expected}]


def test_what_is_wrong_with_a_private_column_is_said_without_its_value(penguins: Worker) -> None:
    answer = penguins.predict({"island": 12345})

    assert errors(answer) == [{"row": 1, "column": "island", "expected": "a text"}]


def test_a_long_list_of_errors_is_cut(diamonds: Worker) -> None:
    answer = diamonds.predict(*[{"carat": 0}] * 11)

    assert answer.json()["detail"] == "more than 20 errors, the first follow"
    assert len(errors(answer)) == 20


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "not JSON"),
        (b'{"rows": [', 400, "not JSON: Expecting value: line 1 column 11"),
        (b'{"rows": [{"carat": 1, "cut": "a"}]} x', 400, "Extra data"),
        (b'\xef\xbb\xbf{"rows": []}', 400, "BOM"),
        (b'{"rows": [{"cut": "\xff"}]}', 400, "not UTF-8: invalid start byte at byte 19"),
        (b'{"rows": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", 400, "nested too deeply"),
        (b'{"rows": [{"carat": 1, "cut": "a", "id": NaN}]}', 400, "NaN is no JSON value"),
        (b'{"rows": [{"carat": -Infinity, "cut": "a"}]}', 422, '"value":"-Infinity"'),
        (b'{"rows": [{"carat": 1e999, "cut": "a"}]}', 422, '"value":"inf"'),
        (b'{"rows": [{"carat": 1' + b"0" * 5000 + b', "cut": "a"}]}', 422, "a number"),
        (b'{"rows": [{"carat": 1, "cut": "\\ud800"}]}', 422, r'"value":"\\ud800"'),
        (b'{"rows": [{"\\ud800": 1, "carat": 1, "cut": "a"}]}', 422, r'"column":"\\ud800"'),
        (b"[]", 422, 'an object {\\"rows\\"'),
        (b"1", 422, 'an object {\\"rows\\"'),
        (b"{}", 422, "at least one object"),
        (b'{"row": []}', 422, '"did_you_mean":"rows"'),
        (b'{"rows": [{}], "explain": true}', 422, "and nothing else"),
        (b'{"rows": []}', 422, "at least one object"),
        (b'{"rows": {}}', 422, "at least one object"),
        (b'{"rows": [[1], null]}', 422, '"row":2'),
    ],
)
def test_a_wrong_body_is_the_clients_error_and_says_what_is_wrong(
    diamonds: Worker, body: bytes, status: int, said: str
) -> None:
    answer = diamonds.send(body)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.text


def test_of_a_key_that_is_there_twice_the_last_counts_on_both_ways(diamonds: Worker) -> None:
    fast = diamonds.send(b'{"rows": [{"carat": 9, "cut": "Good", "carat": 1}]}')
    careful = diamonds.send(b'{"rows": [{"carat": 9, "cut": "Good", "carat": 1, "depth": ""}]}')

    assert fast.content == careful.content


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "none"),
        ({"content-type": "application/x-www-form-urlencoded"}, "x-www-form-urlencoded"),
        ({"content-type": "application/json; charset=latin-1"}, "latin-1"),
        ({"content-type": "text/csv; charset=hex"}, "hex"),
        ({"content-type": "text/csv; charset=klingon"}, "klingon"),
        ({"content-type": "text/csv; charset=punycode"}, "punycode"),
        ({"content-type": "text/csv; charset=idna"}, "idna"),
        ({"content-type": "text/csv; charset=utf-7"}, "utf-7"),
        ({"content-type": 'text/csv; charset="Unicode_Escape"'}, "Unicode_Escape"),
        ({"content-type": "text/tab-separated-values; charset=utf-7"}, "utf-7"),
        ({"content-type": "text/plain"}, "text/csv, which may also have tabs"),
        (JSON | {"content-encoding": "gzip"}, "compressed"),
    ],
)
def test_another_content_type_is_refused_with_the_right_ones(
    diamonds: Worker, headers: dict[str, str], said: str
) -> None:
    answer = diamonds.send(b"{}", headers)

    assert answer.status_code == 415
    assert said in answer.json()["detail"]


def test_json_with_its_charset_is_json(diamonds: Worker) -> None:
    body = json.dumps({"rows": [ROW]}).encode()

    assert diamonds.send(body, {"content-type": 'Application/JSON; charset="UTF-8"'}).is_success


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_another_method_is_refused_with_the_right_one(diamonds: Worker, method: str) -> None:
    answer = diamonds.ask(method, "/predict")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=2)

    assert worker.predict(ROW, ROW).status_code == 200
    assert worker.predict(ROW, ROW, ROW).status_code == 413
    assert worker.predict(ROW, ROW, ROW | {"depth": ""}).status_code == 413
    assert worker.send(b'{"rows": [' + b"[]," * 9_000).status_code == 413


@pytest.mark.parametrize(
    ("path", "head", "tail"),
    [
        ("/predict", b'{"rows": [{', b"}]}"),
        ("/invocations", b'{"instances": [{', b"}]}"),
        ("/v2/models/test/infer", b'{"inputs": [], "parameters": {', b"}}"),
    ],
)
def test_more_values_than_rows_can_have_are_refused(
    tmp_path: Path, path: str, head: bytes, tail: bytes
) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=100, max_body_bytes=1_000_000)
    keys = b",".join(b'"%d": 1' % number for number in range(20_000))

    answer = worker.ask("POST", path, content=head + keys + tail, headers=JSON)

    assert answer.status_code == 413
    assert "too many values; send the rows in several requests" in answer.text


def test_commas_in_texts_are_no_values(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=1, max_body_bytes=1_000_000)

    for text in (",", ',"', ",\\", ',\\"'):
        row = ROW | {"cut": text * 20_000, "depth": ""}
        assert worker.predict(row).status_code == 200


def test_a_body_of_as_many_values_as_the_limits_allow_is_answered(tmp_path: Path) -> None:
    names = [f"ignored {number}" for number in range(100)]
    publish_model(tmp_path, DIAMONDS.but(ignored=names))
    worker = Worker(tmp_path, max_rows=1000, max_body_bytes=10_000_000)
    row = ROW | {"depth": ""} | dict.fromkeys(names, 1)

    assert worker.predict(*[row] * 1000).status_code == 200


def test_a_body_in_chunks_is_put_together(diamonds: Worker) -> None:
    body = json.dumps({"rows": [ROW]}).encode()

    answer = diamonds.send([body[:9], b"", body[9:]])

    assert answer.json()["predictions"] == [{"price": 322.0}]


def test_a_body_that_is_too_long_is_refused_declared_or_not(diamonds: Worker) -> None:
    declared = diamonds.send(b" " * 100_001)
    in_chunks = diamonds.send([b" " * 60_000, b" " * 60_000])
    endless = diamonds.send([b" " * 100_000] * 20)

    assert [a.status_code for a in (declared, in_chunks, endless)] == [413] * 3
    assert "connection" not in in_chunks.headers
    assert endless.headers["connection"] == "close"


def test_without_a_model_the_answer_says_what_to_run(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    answers = [worker.predict(ROW), worker.ask("GET", "/ready"), worker.ask("GET", "/model")]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert {answer.headers["retry-after"] for answer in answers} == {"1"}
    assert all("make up" in answer.json()["detail"] for answer in answers)
    assert worker.ask("GET", "/live").status_code == 200


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_a_float32_is_printed_as_its_shortest_decimal(values: list[float]) -> None:
    singles = np.array(values, np.float32)
    answers = ResponseWriter("id", read_description(json.dumps(DIAMONDS.document()).encode()))

    printed = json.loads(answers.json(Prediction(singles)))["predictions"]

    assert [each["price"] for each in printed] == [float(str(single)) for single in singles]


def test_a_number_that_is_not_finite_is_null(diamonds: Worker) -> None:
    answer = diamonds.predict(ROW | {"carat": 1e300})

    assert answer.json()["predictions"] == [{"price": None}]


@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS, FLIGHTS], ids=lambda model: model.target)
def test_names_and_classes_are_written_as_valid_json(model: Any) -> None:
    odd = model.but(target='p"r%i\\ce', rows=[])
    answers = ResponseWriter("id", read_description(json.dumps(odd.document()).encode()))
    count = len(odd.classes or [0])

    prediction = Prediction(
        np.full((2, count), 0.5, np.float32),
        None if odd.classes is None else np.array([0, 1], np.int64),
    )

    first, second = json.loads(answers.json(prediction))["predictions"]
    assert next(iter(first)) == 'p"r%i\\ce'
    if odd.classes:
        assert [first[odd.target], second[odd.target]] == list(odd.classes[:2])
