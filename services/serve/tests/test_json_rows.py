"""Rows in JSON: the fast way and the careful way say the same."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serve.codecs.json_rows import JsonRows
from serve.codecs.packing import UNUSUAL, compile_rows
from serve.codecs.rows import Feed, Rows
from serve.problems import RequestError
from serve.schema.cells import Rules
from serve.schema.signature import Signature
from serve_testing.made_models import DIAMONDS, FLIGHTS, MadeModel, field

TEXTS = st.sampled_from(
    ["5", "5 kg", "50 kg", "1,000", "1,00", "50 %", "yes", "true", "no. 7", "X", "31.1.2013", "NA"]
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12) | st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["Ideal", " Good ", "NA", "", "x" * 9, "2013-01-31", "2013-03-10 02:30", "é"]),
    st.text(max_size=3),
    TEXTS,
    st.just([1]),
)
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(["Ideal", " Good ", "NA ", "x\u2028", "é"]),
    "number": st.floats(0.001, 99) | st.integers(-1, 11),
    "integer": st.integers(-1, 11) | st.sampled_from([3.0, 1e3, 2**53, 2**53 + 2, 1e300]),
    "boolean": st.booleans(),
    "date": st.dates().map(str),
    "datetime": st.datetimes().map(str),
}
BOUNDED = DIAMONDS.but(
    fields=[
        field("carat", "number", "numbers 0", constraints={"exclusiveMinimum": 0, "maximum": 10}),
        field("count", "integer", "numbers 1", constraints={"minimum": 0.5}, missing=0),
        field("grade", "number", "numbers 2", constraints={"enum": [1, 2.5]}),
        field("is_big", "boolean", "numbers 3"),
    ]
)
KEYED = DIAMONDS.but(
    fields=[
        field("carat", "number", "numbers 0", affixes=["kg"], constraints={"maximum": 10}),
        field("count", "integer", "numbers 1", groupChar=",", missing=0),
        field("grade", "number", "numbers 2", percent=True, constraints={"enum": [1, 0.5]}),
        field("is_big", "boolean", "numbers 3", trueValues=["yes"]),
        field("cut", "string", "strings 0", case="lower", synonyms={"x": "NA"}),
        field("day", "date", "numbers 4", format="%d.%m.%Y"),
        field("code", "integer", "strings 1", affixes=["no."]),
    ]
)
MODELS = {"diamonds": DIAMONDS, "flights": FLIGHTS, "bounds": BOUNDED, "keys": KEYED}


def signature_of(model: MadeModel) -> Signature:
    return msgspec.convert(model.document()["signature"], Signature)


def rows_of(model: MadeModel) -> st.SearchStrategy[Any]:
    names = [each["name"] for each in model.fields] + [*model.ignored, "colour"]
    row = st.dictionaries(st.sampled_from(names), VALUES)
    plausible = {each["name"]: PLAUSIBLE[each["type"]] for each in model.fields}
    if model is KEYED:
        plausible = {name: values | TEXTS for name, values in plausible.items()}
    required = {each["name"] for each in model.fields if each["observed"]["missing"] == 0}
    right = st.fixed_dictionaries(
        {name: plausible[name] for name in sorted(required)},
        optional={name: plausible[name] | st.none() for name in plausible.keys() - required}
        | dict.fromkeys(model.ignored, VALUES),
    )
    return st.lists(right, min_size=1, max_size=4) | st.lists(right | row, min_size=1, max_size=4)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_the_fast_way_takes_the_careful_way_takes_alike(
    model: MadeModel, data: st.DataObject
) -> None:
    signature = signature_of(model)
    rows = Rows(signature)
    fast = compile_rows(signature, rows.rules, max_rows=100)
    drawn = data.draw(rows_of(model))
    body = json.dumps({"rows": drawn}).encode()

    try:
        found = fast.pack(fast.decode(body))
    except UNUSUAL:
        return

    assert_equal(found, rows.clean(json.loads(body)["rows"], Rules.from_json))


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_rows_give_either_inputs_or_a_list_of_errors(
    model: MadeModel, data: st.DataObject
) -> None:
    signature = signature_of(model)
    reader = JsonRows(signature, Rows(signature), max_rows=100)
    drawn = data.draw(rows_of(model))

    try:
        feed = reader.read(json.dumps({"rows": drawn}).encode())
    except RequestError as error:
        assert error.errors
        json.loads(error.document())
        return

    assert all(len(tensor) == len(drawn) for tensor in feed.values())


def test_a_column_that_msgspec_can_not_name_is_read_carefully() -> None:
    signature = signature_of(DIAMONDS.but(fields=[field('5" \\ wide', "number", "numbers 0")]))
    reader = JsonRows(signature, Rows(signature), max_rows=100)

    feed = reader.read(json.dumps({"rows": [{'5" \\ wide': 2}]}).encode())

    assert feed["numbers"].tolist() == [[2.0]]


def test_three_point_zero_is_an_integer_on_the_fast_way_as_well() -> None:
    signature = signature_of(BOUNDED)
    fast = compile_rows(signature, Rows(signature).rules, max_rows=100)

    feed = fast.pack(fast.decode(b'{"rows": [{"count": 3.0, "grade": 2.5, "is_big": true}]}'))

    assert feed["numbers"][0].tolist()[1:] == [3.0, 2.5, 1.0]


def assert_equal(found: Feed, expected: Feed) -> None:
    assert found.keys() == expected.keys()
    for name in found:
        np.testing.assert_array_equal(found[name], expected[name])
        assert found[name].dtype == expected[name].dtype
        assert found[name].shape == expected[name].shape
