"""The types that init guesses are those that clean will infer from the same texts."""

import pyarrow as pa
import pytest
from ingest.guessing.cell_types import TypeEvidence, trim
from ingest.guessing.columns import Column
from ingest.guessing.distinct_values import DistinctValues
from ingest.guessing.profiles import Profile


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
    assert evidence(*texts).decide() == kind


def test_values_that_stand_against_a_type_are_counted() -> None:
    found = evidence("1", "2", "?", "3", "?")

    assert found.misfits["integer"].texts == {"?": 2}
    assert found.decide() == "string"
    assert found.decide(without=frozenset({"?"})) == "integer"


def column(*texts: str) -> Column:
    profile = Profile("x", None, DistinctValues(100))
    for text in texts:
        profile.add(trim(pa.array([text])))
    return profile.finish()


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
        (["12.5 %", "3%"], "number", {"percent": True}, [12.5, 3]),
        (["12,5", "?", "3,5"], "number", {"decimal_char": ","}, [12.5, 3.5]),
    ],
)
def test_numbers_as_people_write_them_are_found_with_clean_s_settings(
    texts: list[str], kind: str, keys: dict[str, object], values: list[float]
) -> None:
    found = column(*texts)

    assert found.kind == kind
    assert found.form is not None
    assert dict(found.form.keys) == keys
    assert found.as_numbers(pa.array(texts)).drop_null().to_pylist() == values


@pytest.mark.parametrize(
    ("texts", "kind", "layout"),
    [
        (["31.12.2024", "1.2.2024"], "date", "%d.%m.%Y"),
        (["12/31/2024", "02/01/2024"], "date", "%m/%d/%Y"),
        (["2024/12/31", "2024/02/01"], "date", "%Y/%m/%d"),
        (["31.12.2024 08:30", "01.02.2024 23:59"], "datetime", "%d.%m.%Y %H:%M"),
    ],
)
def test_dates_in_another_order_are_found_with_their_format(
    texts: list[str], kind: str, layout: str
) -> None:
    found = column(*texts)

    assert found.kind == kind
    assert found.form is not None
    assert found.form.keys == {"format": layout}
    assert found.as_instant(texts[0]).year == 2024


@pytest.mark.parametrize(
    ("texts", "doubt"),
    [
        (["1,234", "5,678"], "numbers with a decimal comma, or in groups"),
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
    texts: list[str], doubt: str | None
) -> None:
    found = column(*texts)

    assert (found.kind, found.form) == ("string", None)
    assert (found.doubt or "").startswith(doubt or "")
    assert bool(found.doubt) == bool(doubt)
