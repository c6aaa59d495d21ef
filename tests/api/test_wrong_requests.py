"""What a client did wrong is said with row, column, value and expectation; never a 500."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from support.running import Pipeline

DIAMOND = {
    "carat": 0.7, "cut": "Ideal", "color": "E", "clarity": "SI1", "depth": 61.5,
    "table": 55, "x": 5.7, "y": 5.72, "z": 3.51,
}  # fmt: skip


@pytest.fixture(scope="module")
def client(diamonds: Pipeline) -> Iterator[httpx.Client]:
    with diamonds.client() as client:
        yield client


@dataclass(frozen=True)
class Wrong:
    about: str
    row: dict[str, Any]
    column: str
    expected: str
    value: Any = None


def diamond(**changes: Any) -> dict[str, Any]:
    return DIAMOND | changes


def without(*columns: str) -> dict[str, Any]:
    return {name: value for name, value in DIAMOND.items() if name not in columns}


WRONG = [
    Wrong("a missing column", without("carat"), "carat", "number"),
    Wrong("null where training had no missing value", diamond(carat=None), "carat", "number"),
    Wrong("a text for a number", diamond(carat="heavy"), "carat", "number", "heavy"),
    Wrong("a boolean for a number", diamond(carat=True), "carat", "number", value=True),
    Wrong("a number for a text", diamond(cut=5), "cut", "a text", 5),
    Wrong("a list for a number", diamond(carat=[0.7]), "carat", "number", "a list"),
    Wrong("a constraint broken", diamond(x=0), "x", "more than 0", 0),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.about)
def test_the_problem_names_row_column_value_and_expectation_of(
    wrong: Wrong, client: httpx.Client
) -> None:
    answer = client.post("/predict", json={"rows": [DIAMOND, wrong.row]})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["row"] == 2
    assert error["column"] == wrong.column
    assert wrong.expected in error["expected"]
    assert error.get("value") == wrong.value


def test_an_unknown_column_comes_with_the_closest_known_one(client: httpx.Client) -> None:
    answer = client.post("/predict", json={"rows": [without("color") | {"colour": "E"}]})

    assert answer.status_code == 422
    errors = {error["column"]: error for error in answer.json()["errors"]}
    assert sorted(errors) == ["color", "colour"]
    assert errors["colour"]["did_you_mean"] == "color"


BODIES = {
    "no body": (b"", {400, 422}),
    "not JSON": (b"carat=0.7", {400, 422}),
    "torn JSON": (b'{"rows": [{"carat"', {400, 422}),
    "a list at the top": (b"[]", {422}),
    "no rows": (b'{"rows": []}', {422}),
    "rows that are not a list": (b'{"rows": 5}', {422}),
    "a row that is not an object": (b'{"rows": [5]}', {422}),
    "another key at the top": (b'{"row": [{}]}', {422}),
    "NaN": (b'{"rows": [{"carat": NaN}]}', {400, 422}),
    "a number beyond doubles": (b'{"rows": [{"carat": 1e999}]}', {400, 422}),
    "bytes that are not UTF-8": (b'{"rows": [{"cut": "\xff"}]}', {400, 422}),
    "deep nesting": (b'{"rows": ' + b"[" * 100_000, {400, 422}),
    "10 MB": (b'{"rows": [' + b" " * 10_000_000 + b"]}", {413}),
}


@pytest.mark.parametrize("about", BODIES)
def test_a_body_is_refused_with_a_problem_document_for(about: str, client: httpx.Client) -> None:
    body, expected = BODIES[about]

    answer = client.post("/predict", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in expected, answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]


def test_another_content_type_is_refused_with_the_known_ones(client: httpx.Client) -> None:
    answer = client.post("/predict", content=b"x", headers={"content-type": "image/png"})

    assert answer.status_code == 415
    assert "application/json" in answer.text
    assert "text/csv" in answer.text


def test_another_method_is_refused(client: httpx.Client) -> None:
    answer = client.get("/predict")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_a_category_never_seen_is_answered(client: httpx.Client) -> None:
    answer = client.post("/predict", json={"rows": [diamond(cut="Superb")]})

    assert answer.status_code == 200


def test_the_target_is_accepted_and_ignored(client: httpx.Client) -> None:
    plain = client.post("/predict", json={"rows": [DIAMOND]}).json()["predictions"]
    carrying = client.post("/predict", json={"rows": [diamond(price=1)]}).json()["predictions"]

    assert carrying == plain


def test_a_wrong_csv_cell_is_named(client: httpx.Client) -> None:
    names, cells = ",".join(DIAMOND), ",".join(str(value) for value in DIAMOND.values())
    body = f"{names}\n{cells}\n{cells.replace('0.7', 'heavy', 1)}\n"

    answer = client.post("/predict", content=body, headers={"content-type": "text/csv"})

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["row"], error["column"], error["value"]) == (2, "carat", "heavy")
