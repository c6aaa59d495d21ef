"""The rules of one cell, by the vectors that the clean stage is held to as well."""

import json
import math
import time
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serve.schema.cells import CellConstraintError, CellError, CellTypeError, Rules, compile_rules
from serve.schema.signature import Signature
from serve.schema.text_normalization import WHITE_SPACE
from stage_contract import ContractError

FOLDER = Path(__file__).parents[3] / "contract/examples/vectors"
VECTORS = [
    vector
    for name in ("cleaning.json", "cleaning-1.1.json", "cleaning-1.2.json")
    for vector in json.loads((FOLDER / name).read_bytes())
]
ERRORS = {"type": CellTypeError, "constraint": CellConstraintError}


def rules_of(field: dict[str, Any], **table: Any) -> Rules:
    place = {"group": "strings" if field["type"] == "string" else "numbers", "index": 0}
    document = {"missingValues": [], "timezone": "UTC", "ignored": []} | table
    document["fields"] = [{"input": place} | field]
    signature = msgspec.convert(document, Signature)
    return compile_rules(signature.fields[0], signature)


def cases(key: str) -> list[Any]:
    return [pytest.param(case, id=case["about"]) for case in VECTORS if key in case]


def check(read: Any, case: dict[str, Any], rules: Rules, cell: object) -> None:
    if "error" in case:
        with pytest.raises(ERRORS[case["error"]]):
            read(cell)
        return
    value = read(cell)
    if case["value"] is None:
        assert value == rules.absent or math.isnan(value)
    else:
        assert value == case.get("seconds", case["value"])


@pytest.mark.parametrize("case", cases("text"))
def test_a_text_is_cleaned_as_the_vectors_say(case: dict[str, Any]) -> None:
    table = {key: case[key] for key in ("missingValues", "timezone") if key in case}
    rules = rules_of(case["field"], **table)

    check(rules.from_text, case, rules, case["text"])


@pytest.mark.parametrize("case", cases("json"))
def test_a_json_value_is_cleaned_as_the_vectors_say(case: dict[str, Any]) -> None:
    table = {key: case[key] for key in ("missingValues", "timezone") if key in case}
    rules = rules_of(case["field"], **table)

    check(rules.from_json, case, rules, case["json"])


NUMBERLIKE = st.text("0123456789+-.eE", max_size=12) | st.text("0123456789 x_,\t٣", max_size=6)


@given(NUMBERLIKE)
def test_a_number_is_what_python_reads_as_a_finite_float_written_in_ascii(text: str) -> None:
    trimmed = text.strip(WHITE_SPACE)
    is_number = set(trimmed) <= set("0123456789+-.eE")
    try:
        expected = float(trimmed) if is_number else math.nan
    except ValueError:
        expected = math.nan

    assert clean(rules_of({"name": "x", "type": "number"}), text) == (
        expected if math.isfinite(expected) else None
    )


@given(NUMBERLIKE)
def test_an_integer_is_a_decimal_without_exponent_and_fraction(text: str) -> None:
    trimmed = text.strip(WHITE_SPACE)
    try:
        number = Decimal(trimmed)
        is_integer = trimmed.isascii() and not set("eE_").intersection(trimmed) and number % 1 == 0
    except InvalidOperation:
        is_integer = False
    has_digit_before_point = trimmed.lstrip("+-")[:1].isdigit()

    assert clean(rules_of({"name": "x", "type": "integer"}), text) == (
        float(number) if is_integer and has_digit_before_point else None
    )


@given(st.datetimes(), st.sampled_from("T "), st.sampled_from(["minutes", "auto"]))
def test_a_datetime_is_what_python_writes_in_iso_format(
    moment: datetime, mark: str, how: str
) -> None:
    text = moment.isoformat(sep=mark, timespec=how)
    seconds = (datetime.fromisoformat(text) - datetime(1970, 1, 1)) / timedelta(seconds=1)

    assert clean(rules_of({"name": "x", "type": "datetime"}), text) == seconds


def clean(rules: Rules, text: str) -> object:
    """Return a value as the graph takes it; None for a missing or a wrong one."""
    try:
        value = rules.from_text(text)
    except CellError:
        return None
    return None if isinstance(value, float) and math.isnan(value) else value


@pytest.mark.parametrize(
    ("kind", "constraints", "complaint"),
    [
        ("number", {"pattern": "a"}, "are for texts"),
        ("string", {"minimum": 1}, "1 is not of type string"),
        ("string", {"pattern": "("}, "pattern '\\('"),
        ("date", {"minimum": "soon"}, "soon"),
        ("number", {"enum": ["a"]}, "a"),
    ],
)
def test_a_constraint_that_makes_no_sense_is_refused(
    kind: str, constraints: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ContractError, match=complaint):
        rules_of({"name": "x", "type": kind, "constraints": constraints})


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ContractError, match="'Mars/Base' is not a time zone"):
        rules_of({"name": "x", "type": "datetime"}, timezone="Mars/Base")


def test_an_integer_that_is_a_category_is_written_without_fraction() -> None:
    place = {"group": "strings", "index": 0}
    rules = rules_of({"name": "x", "type": "integer", "input": place})

    assert [rules.from_json(7.0), rules.from_text("-0"), rules.from_json(None)] == ["7", "0", ""]


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(CellTypeError, match="a text"):
        rules_of({"name": "x", "type": "string"}).from_json("\ud800")


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize("keys", [{}, {"groupChar": ","}], ids=["plain", "with groups"])
@pytest.mark.parametrize("start", ["", "0.", "1,000", "1e"])
def test_a_long_text_that_is_no_number_is_refused_at_once(
    kind: str, keys: dict[str, str], start: str
) -> None:
    rules = rules_of({"name": "x", "type": kind} | keys)
    started = time.process_time()

    for digit in "01":
        with pytest.raises(CellTypeError):
            rules.from_text(start + digit * 10_000 + "x")

    assert time.process_time() - started < 0.5
