"""Columns of a file are cleaned as single cells are, at once or one by one."""

import json
import math
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serve.batch.cleaning import Cleaner
from serve.schema.cells import CellConstraintError, CellError, Rules, compile_rules
from serve.schema.signature import Signature

FOLDER = Path(__file__).parents[3] / "contract/examples/vectors"
VECTORS = [
    vector
    for name in ("cleaning.json", "cleaning-1.1.json", "cleaning-1.2.json")
    for vector in json.loads((FOLDER / name).read_bytes())
]
REASONS = {"type": "type", "constraint": "constraint"}


def cleaner_of(field: dict[str, Any], **table: Any) -> tuple[Cleaner, Rules]:
    group = "strings" if field["type"] == "string" else "numbers"
    document = {"missingValues": ["NA"], "timezone": "UTC", "ignored": []} | table
    document["fields"] = [{"input": {"group": group, "index": 0}} | field]
    signature = msgspec.convert(document, Signature)
    rules = compile_rules(signature.fields[0], signature)
    return Cleaner(signature, {"x": rules}), rules


def clean(cleaner: Cleaner, array: pa.Array) -> tuple[list[Any], dict[int, str]]:
    """Return the values of the right cells, and the reasons of the wrong ones by place."""
    cleaned = cleaner.clean(pa.RecordBatch.from_arrays([array], ["x"]))
    [values] = cleaned.feed.values()
    assert len(values) == cleaned.is_right.sum() == len(array) - len(cleaned.rejections)
    return values[:, 0].tolist(), {place: each.reason for place, each in cleaned.rejections.items()}


def alone(read: Any, cells: list[Any]) -> tuple[list[Any], dict[int, str]]:
    """Return the same, cell by cell."""
    values, reasons = [], {}
    for place, cell in enumerate(cells):
        try:
            values.append(read(cell))
        except CellError as error:
            is_constraint = isinstance(error, CellConstraintError)
            reasons[place] = "constraint" if is_constraint else "type"
    return values, reasons


def same(found: tuple[list[Any], Any], expected: tuple[list[Any], Any]) -> bool:
    return found[1] == expected[1] and all(
        a == b or (a != a and b != b)  # noqa: PLR0124  # NaN
        for a, b in zip(found[0], expected[0], strict=True)
    )


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case["about"]) for case in VECTORS if "text" in case]
)
def test_a_text_is_cleaned_as_the_vectors_say(case: dict[str, Any]) -> None:
    table = {"missingValues": case.get("missingValues", [])}
    if "timezone" in case:
        table["timezone"] = case["timezone"]
    cleaner, rules = cleaner_of(case["field"] | {"name": "x"}, **table)

    values, reasons = clean(cleaner, pa.array([case["text"]]))

    if "error" in case:
        assert reasons == {0: case["error"]}
    elif case["value"] is None:
        assert values == [rules.absent] or math.isnan(values[0])
    else:
        assert same((values, {}), alone(rules.from_text, [case["text"]]))


FIELDS: list[dict[str, Any]] = [
    {"type": "number"},
    {"type": "number", "constraints": {"required": True, "minimum": 0, "exclusiveMaximum": 50}},
    {"type": "number", "constraints": {"enum": [1, 2.5]}},
    {"type": "integer", "constraints": {"maximum": 9}},
    {"type": "integer", "input": {"group": "strings", "index": 0}},
    {"type": "boolean", "constraints": {"required": True}},
    {"type": "string", "constraints": {"minLength": 2, "required": True}},
    {"type": "date", "constraints": {"minimum": "2013-01-02"}},
    {"type": "datetime"},
    {"type": "string", "unicode": "NFKC", "case": "lower", "synonyms": {"na": "none"}},
    {"type": "number", "affixes": ["kg"], "groupChar": ".", "decimalChar": ","},
    {"type": "number", "percent": True, "constraints": {"maximum": 0.5, "required": True}},
    {"type": "integer", "groupChar": "'", "input": {"group": "strings", "index": 0}},
    {"type": "boolean", "trueValues": ["ja"], "falseValues": ["nein", "0"]},
    {"type": "date", "format": "%d.%m.%Y"},
    {"type": "datetime", "format": "%d.%m.%y %H:%M"},
]
TEXTS = (
    st.sampled_from(["", "NA", " 1 ", "1", "2.5", "-0", "1e400", "inf", "nan", "true", "a\tb", "é"])
    | st.sampled_from(["1.234,5 kg", "kg 1.234", "1.23", "7 %", "70%", "1'000", "ja", "nein", "na"])
    | st.sampled_from(["31.1.2013", "1.31.2013", "31.1.13 5:06", "É", "e\u0301", "\ufb01"])
    | st.floats().map(str)
    | st.integers(-(10**18), 10**18).map(str)
    | st.text("0123456789+-.eExX_ \u00a0", max_size=8)
    | st.dates().map(str)
    | st.datetimes().map(str)
)


@pytest.mark.parametrize("field", FIELDS, ids=json.dumps)
@given(texts=st.lists(TEXTS | st.none(), min_size=1, max_size=20))
def test_texts_of_a_column_are_cleaned_as_one_by_one(
    field: dict[str, Any], texts: list[str | None]
) -> None:
    cleaner, rules = cleaner_of(field | {"name": "x"})
    expected = alone(rules.from_text, [text or "" for text in texts])

    for kind in (pa.string(), pa.large_string()):
        assert same(clean(cleaner, pa.array(texts, kind)), expected)


@pytest.mark.parametrize("field", FIELDS, ids=json.dumps)
@given(data=st.data())
def test_typed_cells_of_a_column_are_cleaned_as_one_by_one(
    field: dict[str, Any], data: st.DataObject
) -> None:
    kind, cells = data.draw(
        st.sampled_from(
            [
                (pa.float64(), st.floats()),
                (pa.float32(), st.floats(width=32)),
                (pa.int64(), st.integers(-(2**62), 2**62)),
                (pa.uint8(), st.integers(0, 255)),
                (pa.bool_(), st.booleans()),
            ]
        )
    )
    values = data.draw(st.lists(cells | st.none(), min_size=1, max_size=10))
    array = pa.array(values, kind)
    cleaner, rules = cleaner_of(field | {"name": "x"})

    found = clean(cleaner, array)

    assert same(found, alone(rules.from_json, array.to_pylist()))


@given(st.lists(st.datetimes() | st.none(), min_size=1, max_size=10), st.sampled_from(["us", "ns"]))
def test_timestamps_are_moments(moments: list[datetime | None], unit: str) -> None:
    fit = [m if m is None or 1700 < m.year < 2200 else m.replace(year=1996) for m in moments]
    texts = ["" if moment is None else f"{moment.isoformat()}" for moment in fit]
    for zone in ("UTC", "America/New_York"):
        cleaner, rules = cleaner_of({"name": "x", "type": "datetime"}, timezone=zone)
        naive = pa.array(fit, pa.timestamp(unit))
        aware = pa.array([m and m.replace(tzinfo=UTC) for m in fit], pa.timestamp(unit, "UTC"))

        assert same(clean(cleaner, naive), alone(rules.from_text, texts))
        with_zone = [text and f"{text}Z" for text in texts]
        assert same(clean(cleaner, aware), alone(rules.from_text, with_zone))


@given(st.lists(st.dates() | st.none(), min_size=1, max_size=10))
def test_dates_are_days(days: list[date | None]) -> None:
    cleaner, rules = cleaner_of({"name": "x", "type": "date"})
    expected = alone(rules.from_text, ["" if day is None else str(day) for day in days])

    assert same(clean(cleaner, pa.array(days, pa.date32())), expected)
    assert same(clean(cleaner, pa.array(days, pa.date64())), expected)


def test_a_midnight_may_stand_for_a_day_and_another_time_may_not() -> None:
    cleaner, _ = cleaner_of({"name": "x", "type": "date"})
    midnight = datetime(2013, 1, 1)
    array = pa.array([midnight, midnight + timedelta(hours=1)], pa.timestamp("us"))

    assert clean(cleaner, array) == ([1356998400.0], {1: "type"})


def test_other_types_of_numbers_and_nothing_at_all() -> None:
    cleaner, _ = cleaner_of({"name": "x", "type": "number"})
    decimals = pa.array([1, None, 3]).cast(pa.decimal128(20, 0))

    assert clean(cleaner, decimals)[0][::2] == [1.0, 3.0]
    assert np.isnan(clean(cleaner, pa.nulls(2))[0]).all()


def test_a_column_that_is_not_there_is_missing() -> None:
    cleaner, _ = cleaner_of({"name": "x", "type": "string"})

    cleaned = cleaner.clean(pa.RecordBatch.from_arrays([pa.array([1, 2])], ["id"]))

    assert cleaned.feed["strings"].tolist() == [[""], [""]]


def test_the_first_wrong_column_is_the_fault_of_a_row() -> None:
    document = {
        "missingValues": [],
        "timezone": "UTC",
        "ignored": [],
        "fields": [
            {"name": name, "type": "number", "input": {"group": "numbers", "index": index}}
            for index, name in enumerate("ab")
        ],
    }
    signature = msgspec.convert(document, Signature)
    rules = {column.name: compile_rules(column, signature) for column in signature.fields}
    batch = pa.RecordBatch.from_pydict({"b": ["x", "x", "1"], "a": ["1", "y", "2"]})

    cleaned = Cleaner(signature, rules).clean(batch)

    assert [(place, each.column) for place, each in cleaned.rejections.items()] == [
        (0, "b"),
        (1, "a"),
    ]
    assert cleaned.feed["numbers"].tolist() == [[2.0, 1.0]]
