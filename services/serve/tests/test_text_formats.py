"""The keys that say how texts look: where they make sense, in every form, and in words."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from asking import JSON, Worker, errors
from serve.codecs.rows import Rows
from serve.schema.model_json import read_description
from serve_testing.made_models import DIAMONDS, field, publish_model
from serve_testing.request_forms import csv_table, infer_request, numbers_of
from stage_contract import ContractError

VECTORS = Path(__file__).parents[3] / "contract/examples/vectors"
REFUSED = json.loads((VECTORS / "fields-refused-1.1.json").read_bytes())

WORDS = {"trueValues": ["yes"], "falseValues": ["no"]}
DIRTY = DIAMONDS.but(
    fields=[
        field("amount", "number", "numbers 0", affixes=["$", "EUR"], groupChar=","),
        field("share", "number", "numbers 1", percent=True, decimalChar=","),
        field("count", "integer", "numbers 2", groupChar=" ", missing=0),
        field("sold", "boolean", "numbers 3", **WORDS),
        field("day", "date", "numbers 4", format="%d/%m/%Y"),
        field("moment", "datetime", "numbers 5", format="%d.%m.%y %I:%M %p"),
        field("grade", "integer", "numbers 6", affixes=["stars"], constraints={"enum": [1, 2]}),
        field("cut", "string", "strings 0", case="lower", synonyms={"the best": "ideal"}),
        field("code", "integer", "strings 1", affixes=["no."]),
    ],
    rows=[{"count": 1, "cut": "ideal", "code": 7}],
    numbers=[[1.0], [1e3], [2.0], [7.0], [1e-6], [1e-7], [3.0]],
    strings=[[10.0], [1.0]],
    ignored=[],
    expected=None,
)
CLEAN = {
    "amount": [1234.5, None, -5.0],
    "share": [0.125, 1.0, None],
    "count": [10_000, 1, 2],
    "sold": [True, None, False],
    "day": ["2024-12-31", "2024-01-02", None],
    "moment": ["2024-12-31T17:05:00Z", None, "2013-01-31T05:00:00Z"],
    "grade": [1, 2, None],
    "cut": ["ideal", "good", None],
    "code": [7, None, 8],
}
TEXTS = {
    "amount": ["$ 1,234.50", "NA", "-5 EUR"],
    "share": ["12,5 %", "100%", ""],
    "count": ["10\u202f000", "1", "2"],
    "sold": ["yes", None, "no"],
    "day": ["31/12/2024", "2/1/2024", "NA"],
    "moment": ["31.12.24 05:05 pm", "", "31.1.13 5:00 AM"],
    "grade": ["1 stars", "2", None],
    "cut": ["The Best", " GOOD", "NA "],
    "code": ["no. 7", "NA", "8"],
}


@pytest.fixture
def dirty(tmp_path: Path) -> Worker:
    publish_model(tmp_path, DIRTY)
    return Worker(tmp_path)


def rows_of(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def forms(columns: dict[str, list[Any]]) -> dict[str, tuple[str, bytes, dict[str, str]]]:
    """Return the same texts as a request of each kind that can hold them."""
    rows, names = rows_of(columns), list(columns)
    as_texts = [{"name": name, "type": "string"} for name in names]
    header, binary = infer_request(columns, as_texts, is_binary=True)
    split = {"columns": names, "data": [[*row.values()] for row in rows]}
    infer = "/v2/models/test/infer"
    found: dict[str, tuple[str, bytes, dict[str, str]]] = {
        "JSON": ("/predict", json.dumps({"rows": rows}).encode(), JSON),
        "CSV": ("/predict", csv_table(rows, names), {"content-type": "text/csv"}),
        "OIP JSON": (infer, infer_request(columns, as_texts)[0], JSON),
        "OIP binary": (
            infer,
            header + binary,
            {"inference-header-content-length": str(len(header))},
        ),
    }
    for form, body in {"dataframe_split": split, "instances": rows, "inputs": columns}.items():
        found[form] = ("/invocations", json.dumps({form: body}).encode(), JSON)
    return found


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["about"])
def test_a_field_that_makes_no_sense_is_refused(case: dict[str, Any]) -> None:
    place = {"group": "strings" if case["field"]["type"] == "string" else "numbers", "index": 0}
    model = DIAMONDS.but(fields=[case["field"] | {"input": place}])

    with pytest.raises(ContractError, match=r"model\.json: "):
        Rows(read_description(json.dumps(model.document()).encode()).signature)


def test_dirty_texts_are_clean_values_in_every_form(dirty: Worker) -> None:
    expected = numbers_of(dirty.predict(*rows_of(CLEAN)), has_classes=False)

    assert len(np.unique(expected)) == len(expected)
    for form, (path, body, headers) in forms(TEXTS).items():
        answer = dirty.ask("POST", path, content=body, headers=headers)
        found = numbers_of(answer, has_classes=False)
        np.testing.assert_array_equal(found, np.resize(expected, found.shape), form)


def test_texts_and_values_stand_side_by_side_in_many_rows(dirty: Worker) -> None:
    rows = [*rows_of(TEXTS), *rows_of(CLEAN)]

    found = numbers_of(dirty.predict(*rows, *rows), has_classes=False)

    np.testing.assert_array_equal(found, np.resize(found[:3], found.shape))


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("amount", "1,23", "a number such as $ 1,234.5"),
        ("share", "12,5", "a number such as 12,5 %"),
        ("sold", "maybe", "yes or no"),
        ("day", "12/31/2024", "a day as YYYY-MM-DD or such as 31/01/2013"),
        ("grade", "3 stars", "one of 1, 2"),
    ],
)
def test_a_wrong_text_is_refused_in_every_form(
    dirty: Worker, column: str, value: str, expected: str
) -> None:
    texts = TEXTS | {column: [TEXTS[column][0], value, TEXTS[column][2]]}

    for form, (path, body, headers) in forms(texts).items():
        answer = dirty.ask("POST", path, content=body, headers=headers)
        assert answer.status_code == 422, form
        [error] = answer.json()["errors"]
        assert (error["row"], error["column"], error["value"]) == (2, column, value)
        assert error["expected"] == expected


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("amount", True, "a number, or a text such as $ 1,234.5"),
        ("sold", 1, "true or false, or a text such as yes or no"),
        ("day", 20130131, "a day as YYYY-MM-DD or such as 31/01/2013"),
        ("code", 1.5, "a whole number within ±2⁵³, or a text such as 1234 no."),
    ],
)
def test_a_wrong_value_is_told_what_text_there_may_be(
    dirty: Worker, column: str, value: Any, expected: str
) -> None:
    [error] = errors(dirty.predict(rows_of(CLEAN)[0] | {column: value}))

    assert (error["column"], error["expected"]) == (column, expected)


def test_the_docs_say_what_text_a_column_takes(dirty: Worker) -> None:
    document = dirty.ask("GET", "/openapi.json").json()
    properties = document["components"]["schemas"]["Row"]["properties"]

    assert properties["amount"]["type"] == ["number", "string", "null"]
    assert "A text such as $ 1,234.5 is read, too." in properties["amount"]["description"]
    assert properties["count"]["type"] == ["integer", "string"]
    assert properties["sold"]["type"] == ["boolean", "string", "null"]
    assert properties["day"]["type"] == ["string", "null"]
    assert "format" not in properties["day"]
    assert "A text such as 31/01/2013 is read, too." in properties["day"]["description"]
    assert "Cleaned it must be one of 1, 2." in properties["grade"]["description"]
    assert "enum" not in properties["grade"]
    assert (
        "Upper and lower case are the same. the best means ideal."
        in properties["cut"]["description"]
    )
    jsonschema.Draft202012Validator(document["components"]["schemas"]["Row"]).validate(
        rows_of(TEXTS)[0]
    )
