"""The Open Inference Protocol: metadata, inference as JSON and as binary data, what is wrong."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from asking import Worker
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, publish_model
from serve_testing.request_forms import infer_request

LENGTH = "inference-header-content-length"
CARAT = {"name": "carat", "datatype": "FP64", "shape": [2, 1], "data": [0.23, 1.0]}
DEPTH = {"name": "depth", "datatype": "FP64", "shape": [2, 1], "data": [61.5, None]}
CUT = {"name": "cut", "datatype": "BYTES", "shape": [2, 1], "data": ["Ideal", "Good"]}
INPUTS = [CARAT, DEPTH, CUT]
PRICES = [322.0, 1020.5]


def infer(worker: Worker, request: Any, tail: bytes = b"", path: str = "test") -> httpx.Response:
    """Ask for an inference; a `tail` follows the JSON."""
    body = request if isinstance(request, bytes) else json.dumps(request).encode()
    headers = {LENGTH: str(len(body))} if tail else {}
    return worker.ask("POST", f"/v2/models/{path}/infer", content=body + tail, headers=headers)


def infer_one(worker: Worker, **values: Mapping[str, Any]) -> httpx.Response:
    """Ask for one row, of which each value has the datatype by which it is called."""
    inputs = [
        {"name": name, "datatype": datatype, "shape": [1], "data": [value]}
        for name, given in values.items()
        for datatype, value in given.items()
    ]
    return infer(worker, {"inputs": inputs})


def error_of(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/json"
    text: str = answer.json()["error"]
    return text


def test_the_server_and_its_health_are_told(diamonds: Worker) -> None:
    asked = {
        path: diamonds.ask("GET", path) for path in ("/v2", "/v2/health/live", "/v2/health/ready")
    }

    assert asked["/v2"].json()["extensions"] == ["binary_tensor_data"]
    assert asked["/v2/health/live"].json() == {"live": True}
    assert asked["/v2/health/ready"].json() == {"ready": True}


def test_without_a_model_the_process_is_live_and_not_ready(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    paths = ("/v2/health/ready", "/v2/models/test", "/v2/models/test/ready")
    answers = [*(worker.ask("GET", path) for path in paths), infer(worker, {"inputs": INPUTS})]

    assert worker.ask("GET", "/v2/health/live").status_code == 200
    assert {answer.status_code for answer in answers} == {503}
    assert all("no model is live" in error_of(answer) for answer in answers)


def test_the_model_tells_one_input_a_column_and_its_outputs(flights: Worker) -> None:
    told = flights.ask("GET", "/v2/models/test").json()

    assert (told["name"], told["versions"]) == ("test", [FLIGHTS.id])
    assert [(each["name"], each["datatype"], each["shape"]) for each in told["inputs"]] == [
        ("hour", "BYTES", [-1, 1]),
        ("day", "BYTES", [-1, 1]),
        ("holiday", "FP64", [-1, 1]),
        ("number", "FP64", [-1, 1]),
    ]
    assert told["outputs"] == [
        {"name": "late", "datatype": "BOOL", "shape": [-1, 1]},
        {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
    ]


def test_integers_and_booleans_that_always_have_a_value_have_their_own_datatypes(
    tmp_path: Path,
) -> None:
    required = [each | {"observed": {"rows": 9, "missing": 0}} for each in FLIGHTS.fields]
    publish_model(
        tmp_path, FLIGHTS.but(fields=required, rows=FLIGHTS.rows[:1], expected=FLIGHTS.expected[:1])
    )
    told = Worker(tmp_path).ask("GET", "/v2/models/test").json()

    assert [each["datatype"] for each in told["inputs"]] == ["BYTES", "BYTES", "BOOL", "INT64"]
    assert all(each["parameters"]["required"] for each in told["inputs"])


def test_a_version_is_the_id_of_the_artifact(diamonds: Worker) -> None:
    paths = (f"test/versions/{DIAMONDS.id}", "test")

    for path in paths:
        assert infer(diamonds, {"inputs": INPUTS}, path=path).status_code == 200
        assert diamonds.ask("GET", f"/v2/models/{path}").json()["name"] == "test"
        assert diamonds.ask("GET", f"/v2/models/{path}/ready").json()["ready"] is True


@pytest.mark.parametrize("path", ["other", "test/versions/1", "test/versions/", "a/b", ""])
def test_another_model_and_another_version_are_not_found(diamonds: Worker, path: str) -> None:
    answers = [
        infer(diamonds, {"inputs": INPUTS}, path=path),
        diamonds.ask("GET", f"/v2/models/{path}"),
        diamonds.ask("GET", f"/v2/models/{path}/ready"),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert all(error_of(answer) for answer in answers)


def test_outputs_are_named_by_the_target_and_the_id_comes_back(diamonds: Worker) -> None:
    answer = infer(diamonds, {"inputs": INPUTS, "id": 'a "7"'})

    assert answer.json() == {
        "model_name": "test",
        "model_version": DIAMONDS.id,
        "id": 'a "7"',
        "outputs": [{"name": "price", "datatype": "FP32", "shape": [2, 1], "data": PRICES}],
    }


def test_a_class_comes_with_the_probabilities_of_all(penguins: Worker) -> None:
    label, probabilities = infer_one(
        penguins, bill={"FP32": 39.1}, island={"BYTES": "Biscoe"}
    ).json()["outputs"]

    [expected] = penguins.predict({"bill": 39.1, "island": "Biscoe"}).json()["predictions"]
    assert (label["datatype"], label["shape"], label["data"]) == (
        "BYTES",
        [1, 1],
        [expected["species"]],
    )
    assert probabilities["data"] == [*expected["probabilities"].values()]


@pytest.mark.parametrize("shape", [[2], [2, 1]])
@pytest.mark.parametrize("is_nested", [True, False])
def test_a_column_is_a_list_or_lists_of_one_value(
    diamonds: Worker, shape: list[int], *, is_nested: bool
) -> None:
    inputs = [
        each | {"shape": shape, "data": [[v] for v in each["data"]] if is_nested else each["data"]}
        for each in INPUTS
    ]

    assert infer(diamonds, {"inputs": inputs}).json()["outputs"][0]["data"] == PRICES


def test_a_missing_number_is_nan_or_null_and_a_missing_text_is_empty(diamonds: Worker) -> None:
    nan = json.dumps({"inputs": INPUTS}).replace("null", "NaN").encode()
    color = {"name": "color", "datatype": "BYTES", "shape": [2, 1], "data": ["", None]}

    assert infer(diamonds, nan).json()["outputs"][0]["data"] == PRICES
    assert infer(diamonds, {"inputs": [*INPUTS, color]}).json()["outputs"][0]["data"] == PRICES


@pytest.mark.parametrize(
    "flag", [{"BOOL": True}, {"FP64": 1.0}, {"INT32": 1}, {"FP64": None}, {"FP64": 0}]
)
def test_a_boolean_is_true_or_one_and_nan_if_missing(flights: Worker, flag: dict[str, Any]) -> None:
    hour = {"BYTES": "2013-01-01T05:00:00-05:00"}
    [value] = flag.values()

    answer = infer_one(flights, hour=hour, holiday=flag).json()["outputs"][1]["data"]

    row = {"hour": hour["BYTES"], "holiday": None if value is None else bool(value)}
    [expected] = flights.predict(row).json()["predictions"]
    assert answer == [*expected["probabilities"].values()]


@pytest.mark.parametrize("datatype", ["FP32", "FP64", "INT32", "INT64"])
def test_numbers_may_have_any_datatype_of_numbers(diamonds: Worker, datatype: str) -> None:
    fields = [{"name": "carat", "type": "number", "datatype": datatype}]
    fields.append({"name": "cut", "type": "string"})
    columns = {"carat": [2, 3], "cut": ["Good", "Good"]}

    answer = infer(diamonds, *infer_request(columns, fields, is_binary=True, parameters={}))

    assert answer.json()["outputs"][0]["data"] == [2020.5, 3020.5]


def test_binary_data_go_in_and_out(flights: Worker) -> None:
    columns = {"hour": ["2013-01-01T05:00", "2013-01-01"], "holiday": [True, False]}
    fields = [{"name": "hour", "type": "datetime"}, {"name": "holiday", "type": "boolean"}]

    answer = infer(flights, *infer_request(columns, fields, is_binary=True))
    length = int(answer.headers[LENGTH])
    label, probabilities = json.loads(answer.content[:length])["outputs"]
    data = answer.content[length:]

    expected = infer(flights, infer_request(columns, fields)[0]).json()["outputs"]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert (label["parameters"], probabilities["parameters"]) == (
        {"binary_data_size": 2},
        {"binary_data_size": 16},
    )
    assert np.frombuffer(data[:2], np.bool_).tolist() == expected[0]["data"]
    assert np.frombuffer(data[2:], "<f4").tolist() == np.float32(expected[1]["data"]).tolist()


def test_a_request_picks_outputs_and_their_form(penguins: Worker) -> None:
    island = {"name": "island", "datatype": "BYTES", "shape": [1], "data": ["Dream"]}
    picked = [
        {"name": "probabilities", "parameters": {"binary_data": False}},
        {"name": "species"},
    ]
    request = {"inputs": [island], "outputs": picked, "parameters": {"binary_data_output": True}}

    answer = infer(penguins, request)

    length = int(answer.headers[LENGTH])
    numbers, label = json.loads(answer.content[:length])["outputs"]
    assert (numbers["name"], len(numbers["data"])) == ("probabilities", 3)
    assert (label["name"], label["parameters"]) == ("species", {"binary_data_size": 14})
    assert answer.content[length:] == b"\x0a\0\0\0Chin%strap"


def test_a_source_column_that_is_no_feature_is_ignored_whatever_it_holds(diamonds: Worker) -> None:
    columns = {"price": ["a", "bc"], "carat": [1, 1], "cut": ["Good", "Good"]}
    fields = [{"name": "price", "type": "string"}, {"name": "carat", "type": "number"}]
    fields.append({"name": "cut", "type": "string"})

    answer = infer(diamonds, *infer_request(columns, fields, is_binary=True, parameters={}))

    assert answer.json()["outputs"][0]["data"] == [1020.5, 1020.5]


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ([CUT], "column carat: expected this column in the table: it is required"),
        ([*INPUTS, CUT], "column cut: expected this column only once"),
        ([*INPUTS, DEPTH | {"name": "dept"}], "did you mean depth?"),
        ([CARAT | {"data": [0, "x"]}, CUT], 'row 2, column carat: got "x", expected a number'),
        ([CARAT | {"data": [0, 1]}, CUT], "row 1, column carat: got 0, expected more than 0"),
        ([CARAT | {"data": [1, None]}, CUT], "this column must have a value"),
        ([CARAT | {"data": [1]}, CUT], "input carat: 1 values, expected 2 as its shape says"),
        ([CARAT | {"shape": [1, 2]}, CUT], "expected [rows, 1] or [rows]"),
        ([CARAT | {"shape": [-2]}, CUT], "expected [rows, 1] or [rows]"),
        ([CARAT | {"shape": []}, CUT], "expected [rows, 1] or [rows]"),
        ([CARAT | {"shape": [10**30]}, CUT], "rows, expected one number for all"),
        ([CARAT | {"shape": [3], "data": [1, 2, 3]}, CUT], "2, 3 rows, expected one number"),
        ([CARAT | {"data": [[1], [2, 3]]}, CUT], "lists of one value each"),
        ([CARAT | {"data": [[1], 2]}, CUT], "lists of one value each"),
        ([CARAT | {"data": [{}, {}]}, CUT], 'got "an object", expected a number'),
        ([CARAT | {"data": None}, CUT], "expected data, or a number of bytes"),
        ([CARAT | {"datatype": "BF16"}, CUT], "expected one of BYTES, BOOL, UINT8"),
        ([CARAT | {"datatype": 7}, CUT], "Expected `str`, got `int` - at `$.inputs[0].datatype`"),
        ([], "column carat: expected this column"),
        ("x", "Expected `array`, got `str` - at `$.inputs`"),
        (
            [CARAT | {"shape": [0], "data": []}, CUT | {"shape": [0], "data": []}],
            "at least one row",
        ),
    ],
)
def test_a_wrong_input_is_refused_in_the_form_of_the_protocol(
    diamonds: Worker, inputs: Any, said: str
) -> None:
    answer = infer(diamonds, {"inputs": inputs})

    assert answer.status_code == 422
    assert said in error_of(answer)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"outputs": [{"name": "prize"}]}, "output prize is not offered, expected price"),
        (
            {"outputs": [{"name": "price", "parameters": {"classification": 3}}]},
            "parameter classification is not offered",
        ),
        ({"outputs": [{"name": "price"}] * 5000}, "price is asked for 5,000 times, expected once"),
        ({"outputs": 3}, "Expected `array | null`"),
        ({"id": 3}, "Expected `str | null`"),
    ],
)
def test_what_is_not_offered_is_refused(diamonds: Worker, more: dict[str, Any], said: str) -> None:
    answer = infer(diamonds, {"inputs": INPUTS} | more)

    assert answer.status_code == 422
    assert said in error_of(answer)


SIZE = {"parameters": {"binary_data_size": 16}}
BINARY = [{"name": "carat", "datatype": "FP64", "shape": [2, 1], **SIZE}, CUT]


def test_the_same_json_before_other_tensors_gives_other_answers(diamonds: Worker) -> None:
    carats = [[0.25, 1.0], [1.0, 1.0], [2.0, 0.25]]
    request = {"inputs": [BINARY[0], CUT]}
    tensors = [np.array(each, "<f8").tobytes() for each in carats]

    answers = [infer(diamonds, request, tensor).json() for tensor in tensors]
    cut_off = infer(diamonds, request, tensors[0][:-1])

    as_json = [infer(diamonds, {"inputs": [CARAT | {"data": each}, CUT]}) for each in carats]
    assert answers == [answer.json() for answer in as_json]
    assert len({str(answer) for answer in answers}) == 3
    assert cut_off.status_code == 422


def test_little_is_remembered_of_what_stands_before_tensors(diamonds: Worker) -> None:
    rows = diamonds.watcher.live().infer_rows
    cached = rows._cache  # noqa: SLF001  # how much it holds is seen nowhere else
    tail = np.array([0.25, 1.0]).tobytes() + b"\4\0\0\0Good" * 2
    inputs = [BINARY[0], CUT | {"data": None} | SIZE]

    for more in ({"id": "1"}, {"parameters": {"a": "x" * 20_000}}):
        assert infer(diamonds, {"inputs": inputs} | more, tail).status_code == 200
    infer(diamonds, {"inputs": BINARY}, tail[:16])
    assert not cached

    for number in range(100):
        request = {"inputs": inputs, "parameters": {"number": number}}
        assert infer(diamonds, request, tail).status_code == 200
        assert 1 <= len(cached) <= 16


@pytest.mark.parametrize(
    ("inputs", "tail", "status", "said"),
    [
        (BINARY, bytes(15), 422, "15 bytes, expected 16 for 2 values of FP64"),
        (BINARY, bytes(17), 400, "17 bytes follow the JSON; by binary_data_size it would be 16"),
        ([CARAT, CUT], b"x", 400, "1 bytes follow the JSON"),
        (
            [BINARY[0] | {"parameters": {"binary_data_size": True}}, CUT],
            b"x",
            422,
            "number of bytes",
        ),
        ([BINARY[0] | {"parameters": {"binary_data_size": -1}}, CUT], b"x", 422, "number of bytes"),
        (
            [BINARY[0] | {"parameters": {"binary_data_size": 10**4300 - 1}}, CUT],
            b"x",
            422,
            "number of bytes",
        ),
        ([CARAT, CUT | {"data": None} | SIZE], bytes(16), 422, "2 texts with their lengths"),
        ([CARAT, CUT | {"data": None} | SIZE], b"\xff" * 16, 422, "2 texts with their lengths"),
        (
            [CARAT, CUT | {"data": None} | SIZE],
            b"\1\0\0\0a\7\0\0\0\xff\xff\xff\xff\xff\xff\xff",
            422,
            "row 2, column cut: expected a text in UTF-8",
        ),
    ],
)
def test_binary_data_of_another_length_are_refused(
    diamonds: Worker, inputs: Any, tail: bytes, status: int, said: str
) -> None:
    answer = infer(diamonds, {"inputs": inputs}, tail)

    assert answer.status_code == status
    assert said in error_of(answer)


@pytest.mark.parametrize("length", ["x", "-1", "9" * 30, "100000", "²"])
def test_a_header_length_that_can_not_be_is_refused(diamonds: Worker, length: str) -> None:
    body = json.dumps({"inputs": INPUTS}).encode()

    answer = diamonds.ask(
        "POST", "/v2/models/test/infer", content=body, headers={LENGTH: length.encode()}
    )

    assert answer.status_code == 400
    assert "Inference-Header-Content-Length" in error_of(answer)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff", 400, "not UTF-8"),
        (b"[]", 422, "Expected `object`"),
        (b"{}", 422, "missing required field `inputs`"),
        (b'{"inputs": ' + b"[" * 900 + b"]" * 900 + b"}", 422, "Expected `object`"),
        (b'{"inputs": ' + b"[" * 60_000 + b"]" * 60_000 + b"}", 413, "too many objects and lists"),
    ],
)
def test_a_body_that_is_no_request_is_refused(
    tmp_path: Path, body: bytes, status: int, said: str
) -> None:
    publish_model(tmp_path, DIAMONDS)
    answer = infer(Worker(tmp_path, max_body_bytes=200_000, max_rows=1000), body)

    assert answer.status_code == status
    assert said in error_of(answer)


@pytest.mark.parametrize(
    "body",
    [
        "\ud800",
        {"\ud800": 1},
        {"inputs": "\ud800"},
        {"inputs": INPUTS, "id": "\ud800"},
        {"inputs": INPUTS, "\ud800": 1},
        {"inputs": INPUTS, "outputs": [{"name": "price", "\ud800": 1}]},
        {"inputs": [CARAT | {"shape": ["\ud800"]}, CUT]},
    ],
    ids=json.dumps,
)
def test_a_lone_surrogate_is_refused_by_its_name(diamonds: Worker, body: Any) -> None:
    text = json.dumps(body).encode()

    for tail in (b"", b"tensors"):
        answer = infer(diamonds, text, tail)

        assert answer.status_code == 422
        assert error_of(answer) == r"the request has a lone surrogate, \ud800, in a text"


def test_a_lone_surrogate_that_is_not_read_does_no_harm(diamonds: Worker) -> None:
    ignored = CUT | {"name": "id", "data": ["\ud800", ""]}
    outputs = [{"name": "price", "parameters": {"\ud800": "\ud800"}}]

    answer = infer(diamonds, {"inputs": [*INPUTS, ignored], "outputs": outputs})

    assert answer.json()["outputs"][0]["data"] == PRICES


def test_limits_hold_here_too(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=1, max_body_bytes=2000)
    long = worker.ask("POST", "/v2/models/test/infer", content=b" " * 3000)
    zipped = worker.ask(
        "POST", "/v2/models/test/infer", content=b"{}", headers={"content-encoding": "gzip"}
    )

    assert infer(worker, {"inputs": INPUTS}).status_code == 413
    assert (long.status_code, zipped.status_code) == (413, 415)
    assert error_of(long)
    assert "compressed" in error_of(zipped)


def test_what_is_wrong_with_a_private_column_is_said_without_its_value(penguins: Worker) -> None:
    answer = infer_one(penguins, island={"INT64": 12345})

    assert error_of(answer) == "1 error; row 1, column island: expected a text"
    assert "12345" not in answer.text


def test_the_model_of_an_answer_is_named(penguins: Worker) -> None:
    answer = infer_one(penguins, island={"BYTES": "Dream"})

    assert answer.headers["x-model-id"] == answer.json()["model_version"] == PENGUINS.id
