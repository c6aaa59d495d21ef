"""The row in the docs works at the first click, whatever a private column asks for."""

import json
from typing import Any

import pytest
from serve.model.placeholders import presentable_row
from serve.schema.cells import CellError, compile_rules
from serve.schema.model_json import read_description
from serve_testing.made_models import DIAMONDS, field

SECRET = {"string": "Biscoe-4711", "number": 4711.5, "integer": 4711, "boolean": False}


def shown(kind: str, *, missing: int = 0, **constraints: Any) -> tuple[Any, bool]:
    """Return what the docs show of a private column, and whether the column takes it."""
    place = "strings 0" if kind == "string" else "numbers 0"
    column = field("a", kind, place, missing=missing, private=True, constraints=constraints)
    document = DIAMONDS.but(fields=[column]).document()
    signature = read_description(json.dumps(document).encode()).signature
    rules = {"a": compile_rules(signature.fields[0], signature)}
    value = presentable_row({"a": SECRET.get(kind, "1999-12-31")}, rules)["a"]
    try:
        rules["a"].from_json(value)
    except CellError:
        return value, False
    return value, True


@pytest.mark.parametrize(
    ("kind", "constraints", "expected"),
    [
        ("string", {}, "text"),
        ("string", {"enum": ["b", "c"]}, "b"),
        ("string", {"minLength": 20}, "x" * 20),
        ("string", {"maxLength": 1}, "A"),
        ("string", {"pattern": "[0-9]{5}"}, "00000"),
        ("number", {}, 0.5),
        ("number", {"minimum": 7}, 7),
        ("number", {"exclusiveMinimum": 7}, 8),
        ("number", {"exclusiveMinimum": 7, "exclusiveMaximum": 7.5}, 7.25),
        ("number", {"exclusiveMaximum": -7}, -8),
        ("integer", {"exclusiveMinimum": 7}, 8),
        ("integer", {"enum": [5, 6]}, 5),
        ("boolean", {}, True),
        ("date", {}, "2013-01-31"),
        ("date", {"exclusiveMinimum": "2020-02-29"}, "2020-03-01"),
        ("datetime", {"exclusiveMaximum": "2000-01-01T00:00:00Z"}, "1999-12-31"),
    ],
)
def test_a_private_column_is_shown_with_a_made_up_value_that_it_takes(
    kind: str, constraints: dict[str, Any], expected: Any
) -> None:
    value, is_taken = shown(kind, **constraints)

    assert (value, is_taken) == (expected, True)


def test_a_private_column_that_may_be_missing_is_shown_as_missing() -> None:
    assert shown("string", missing=3) == (None, True)


def test_where_nothing_fits_a_value_of_the_type_is_shown() -> None:
    assert shown("string", pattern="[A-Z]{2}-[0-9]{7}") == ("text", False)
