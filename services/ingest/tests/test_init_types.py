"""The types that init proposes equal the types that clean infers from the same texts."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from ingest.profiling.cell_types import TypeEvidence, trim
from ingest.profiling.columns import Column
from ingest.profiling.distinct_values import DistinctValues
from ingest.profiling.profiles import Profile, as_texts, finish_profiles, start_profiles
from type_inference.decimal_separators import DecimalSeparators


def evidence(*texts: str) -> TypeEvidence:
    found = TypeEvidence()
    for text in texts:  # one by one, as from many batches
        values = trim(pa.array([text])).drop_null()
        found.add(values, pa.array([1] * len(values), pa.int64()))
    return found


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["true", "FALSE"], "boolean"),
        (["1", "-20", "+3"], "integer"),
        (["1", "2.5", "1e3", ".5"], "number"),
        (["1.0", "2.0"], "number"),
        (["1e999", "1"], "string"),
        (["01234", "99999"], "string"),
        (["9007199254740992", "1"], "integer"),
        (["9007199254740993", "1"], "string"),
        (["2024-02-29", "2023-01-01"], "date"),
        (["2023-02-29", "2023-01-01"], "string"),
        (["2024-02-29T10:00Z", "2023-01-01"], "datetime"),
        (["2024-02-29 10:00:01.5 +02:00", "2023-01-01 00:00"], "datetime"),
        (["2024-02-29 24:00"], "string"),
        (["12,5", "1"], "string"),
        (["0", "1"], "integer"),
        (["yes", "no"], "string"),
        ([" 7\u00a0", "NA", "", "n/a"], "integer"),
        (["NA", ""], "string"),
    ],
)
def test_the_narrowest_type_that_all_values_have_is_guessed(texts: list[str], kind: str) -> None:
    assert evidence(*texts).infer() == kind


def test_values_that_stand_against_a_type_are_counted() -> None:
    found = evidence("1", "2", "?", "3", "?")

    assert found.mismatches["integer"].texts == {"?": 2}
    assert found.infer() == "string"
    assert found.infer(ignored=frozenset({"?"})) == "integer"


def column(*texts: str) -> Column:
    profile = Profile("x", None, DistinctValues(100))
    for text in texts:
        profile.add(trim(pa.array([text])))
    return profile.finish(DecimalSeparators())


@pytest.mark.parametrize(
    ("texts", "kind", "keys", "values"),
    [
        (["12,5", "-3", "0,25"], "number", {"decimal_char": ","}, [12.5, -3, 0.25]),
        (
            ["1.234,5", "2.000", "7"],
            "number",
            {"group_char": ".", "decimal_char": ","},
            [1234.5, 2000, 7],
        ),
        (["1,234.5", "2,000,000"], "number", {"group_char": ","}, [1234.5, 2e6]),
        (
            ["1 234,5", "2 000"],
            "number",
            {"group_char": " ", "decimal_char": ","},
            [1234.5, 2000],
        ),
        (["$12", "$ 3", "-$4"], "integer", {"affixes": ["$"]}, [12, 3, -4]),
        (
            ["12,50 €", "3,00 €"],
            "number",
            {"affixes": ["€"], "decimal_char": ","},
            [12.5, 3],
        ),
        (["12.5 %", "3%"], "number", {"percent": True, "decimal_char": "."}, [12.5, 3]),
        (["12,5", "?", "3,5"], "number", {"decimal_char": ","}, [12.5, 3.5]),
        (["5 kg", "12.5kg"], "number", {"affixes": ["kg"], "decimal_char": "."}, [5, 12.5]),
        (["$5", "$-12"], "integer", {"affixes": ["$"]}, [5, -12]),
        (["\u22125", "12"], "integer", {"decimal_char": "."}, [-5, 12]),
        (["1\u2019234.5", "1"], "number", {"group_char": "'", "decimal_char": "."}, [1234.5, 1]),
    ],
)
def test_numbers_as_people_write_them_are_found_with_clean_s_settings(
    texts: list[str], kind: str, keys: dict[str, object], values: list[float]
) -> None:
    found = column(*texts)

    assert found.kind == kind
    assert found.value_format is not None
    assert dict(found.value_format.keys) == keys
    assert found.as_numbers(pa.array(texts)).drop_null().to_pylist() == values


@pytest.mark.parametrize(
    ("texts", "kind", "layout"),
    [
        (["31.12.2024", "1.2.2024"], "date", "%d.%m.%Y"),
        (["12/31/2024", "02/01/2024"], "date", "%m/%d/%Y"),
        (["2024/12/31", "2024/02/01"], "date", "%Y/%m/%d"),
        (["31.12.2024 08:30", "01.02.2024 23:59"], "datetime", "%d.%m.%Y %H:%M"),
        (["31.12.24", "1.2.24"], "date", "%d.%m.%y"),
        (["5 May 2024", "1 June 2024"], "date", "%d %B %Y"),
        (["12/31/2024 5:07 PM"], "datetime", "%m/%d/%Y %I:%M %p"),
    ],
)
def test_dates_in_another_order_are_found_with_their_format(
    texts: list[str], kind: str, layout: str
) -> None:
    found = column(*texts)

    assert found.kind == kind
    assert found.value_format is not None
    assert found.value_format.keys == {"format": layout}
    assert found.as_instant(texts[0]).year == 2024


@pytest.mark.parametrize(
    ("texts", "ambiguity"),
    [
        (["1,234", "5,678"], "numbers with a decimal comma, or in groups"),
        (["1.234 €", "999 €"], "numbers with a decimal point, or in groups (1.234 € is 1.234 or"),
        (["1.234 kg"], "numbers with a decimal point, or in groups"),
        (["1.234 %"], "numbers with a decimal point, or in groups"),
        (["1.2", "1.20", "1.10"], "numbers, or versions (1.2 and 1.20)?"),
        (["12E1", "2E10", "1E2"], "numbers, or codes (1E2 and 10E1)?"),
        (["23/05/14", "22/12/31"], 'dates by "%d/%m/%y", or by "%y/%m/%d"? Set format'),
        (["23.05.14 10:30"], 'dates by "%d.%m.%y %H:%M", or by "%y.%m.%d %H:%M"?'),
        (["13.1.10", "10.12.30"], 'dates by "%d.%m.%y", or by "%y.%m.%d"?'),
        (["01/02/2024", "03/04/2024"], 'dates by "%d/%m/%Y", or by "%m/%d/%Y"'),
        (["030.123.456", "030.123.457"], None),
        (["30.123.456", "30.123.457"], None),
        (["31.02.2024", "01.02.2024"], None),
        (["12,5", "a"], None),
        (["?", "-"], None),
        (["9007199254740993", "1"], None),
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_stays_text(
    texts: list[str], ambiguity: str | None
) -> None:
    found = column(*texts)

    assert (found.kind, found.value_format) == ("string", None)
    assert (found.ambiguity or "").startswith(ambiguity or "")
    assert bool(found.ambiguity) == bool(ambiguity)


def table(**texts: list[str]) -> dict[str, Column]:
    profiles = [Profile(name, None, DistinctValues(100)) for name in texts]
    for profile in profiles:
        profile.add(trim(pa.array(texts[profile.name])))
    return {it.name: it for it in finish_profiles(profiles)}


@pytest.mark.parametrize(
    ("column", "other", "keys"),
    [
        (["1.234", "999"], ["2,5"], {"group_char": ".", "decimal_char": ","}),
        (["1.234 €"], ["2,5"], {"affixes": ["€"], "group_char": ".", "decimal_char": ","}),
        (["1,234"], ["2,5"], {"decimal_char": ","}),
        (["1,234"], ["2.5"], {"group_char": ","}),
        (["1.234 kg"], ["$1,234.50"], {"affixes": ["kg"]}),
    ],
)
def test_another_column_decides_between_two_readings(
    column: list[str], other: list[str], keys: dict[str, object]
) -> None:
    found = table(x=column, y=other)["x"]

    assert found.value_format is not None
    assert (found.value_format.keys, found.ambiguity) == (keys, None)
    assert 'as "y" has a decimal' in (found.note or "")


def test_a_column_that_a_plain_number_decided_decides_others_as_its_settings_will() -> None:
    found = table(ratio=["0.5"], bare=["1,660"], price=["$7,440"])

    price, bare = found["price"], found["bare"]
    assert price.value_format
    assert price.value_format.keys == {"affixes": ["$"], "group_char": ","}
    assert 'as "bare" has a decimal point' in (price.note or "")
    assert 'as "ratio" has a decimal point' in (bare.note or "")


def test_columns_that_contradict_each_other_decide_nothing() -> None:
    found = table(x=["1.234"], y=["2,5"], z=["0.5"])["x"]

    assert (found.kind, found.value_format) == ("string", None)
    assert found.is_ambiguous_number


def test_a_bare_number_stays_a_decimal_one_and_says_so() -> None:
    found = table(x=["1.234", "999"])["x"]

    assert (found.kind, found.value_format, found.ambiguity) == ("number", None, None)
    assert found.note == (
        '1.234 is read as 1.234, as no column has a decimal comma; or group_char = ".",'
        ' decimal_char = ","'
    )


VECTORS = json.loads(
    (Path(__file__).parents[2] / "clean/tests/type_inference.json").read_text(encoding="utf-8")
)
"""Columns of texts and the fields that clean infers for them."""
SETTINGS = {
    "groupChar": "group_char",
    "decimalChar": "decimal_char",
    "trueValues": "true_values",
    "falseValues": "false_values",
}


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: " | ".join(case["texts"]))
def test_a_column_has_the_type_and_format_that_clean_infers(case: dict[str, Any]) -> None:
    schema = pa.schema([("x", pa.string())])
    profiles = start_profiles(schema)
    batch = pa.record_batch([pa.array(case["texts"], pa.string())], schema=schema)
    profiles[0].add(as_texts(batch, ["x"]).column(0))

    [found] = (column.infer_boolean_words() for column in finish_profiles(profiles))
    keys = {SETTINGS.get(key, key): value for key, value in case["field"].items()}
    # The default of clean, and a unit, which init takes from the column's name.
    written = {"decimal_char": "."} | (dict(found.value_format.keys) if found.value_format else {})
    assert {"type": found.kind} | written == {"decimal_char": "."} | {
        key: value for key, value in keys.items() if key != "unit"
    }
    assert found.placeholders == {*case.get("missing", [])}
