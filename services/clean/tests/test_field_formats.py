"""Field formats: a column is cleaned as the conformance kit cleans its cells one by one."""

from typing import Any

from clean.schema.fields import read_field
from conformance.rules.cells import CellError, clean_text
from hypothesis import given, settings
from hypothesis import strategies as st
from test_columns import clean_cells

MISSING = ["NA", "na", "-"]

AFFIXES = ["$", "US$", "€", "kg", "k", "Rs.", "e", "p.a."]
WORDS = [
    *("usa", "USA", "Zoe\u0308", "Zo\u00eb", "\u0130\u03a3", "stra\u00dfe", "\ufb01"),
    *("H\u0331", "\u00a8", "na", "NA", "new  york"),
]
FORMATS = ["%d/%m/%Y", "%m-%d-%y", "%Y%m%d", "%d %b %Y", "%B %d, %Y", "%y.%m.%d"]
CLOCKS = ["", " %H:%M", "%H%M%S", " %I:%M %p", "T%H:%M:%S.%f%z"]


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


spellings = optional(
    unicode=st.sampled_from(["NFC", "NFKC"]),
    case=st.sampled_from(["lower", "upper"]),
    whitespace=st.just("collapse"),
    synonyms=st.dictionaries(st.sampled_from(WORDS), st.sampled_from([*WORDS, "US"]), min_size=1),
).map(lambda keys: {"type": "string"} | keys)

number_format = st.builds(
    lambda kind, keys: (
        {"type": kind}
        | {name: value for name, value in keys.items() if kind == "number" or name != "percent"}
    ),
    st.sampled_from(["number", "integer"]),
    optional(
        affixes=st.lists(st.sampled_from(AFFIXES), min_size=1, unique=True),
        groupChar=st.sampled_from([",", ".", "'", " ", "_"]),
        decimalChar=st.sampled_from([",", "."]),
        percent=st.sampled_from([True]),
    ),
).filter(lambda field: field.get("groupChar") != field.get("decimalChar", "."))

dates = st.builds(
    lambda day, clock: {"type": "datetime" if clock else "date", "format": day + clock},
    st.sampled_from(FORMATS),
    st.sampled_from(CLOCKS),
)

spelled_cells = st.text(max_size=4) | st.builds(
    "".join, st.lists(st.sampled_from([*WORDS, " ", "\u00a0", "a"]), max_size=3)
)
number_pieces = [
    *("1", "12", "234", "0", "5678", "٣", ",", ".", "'", "\u2019", " ", "\u202f", "_"),
    *("-", "+", "\u2212", "%", "e3", "E-2", "e400", "(", *AFFIXES),
]
number_cells = st.builds("".join, st.lists(st.sampled_from(number_pieces), max_size=7))
right_numbers = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "-", "$", "-$", "$ -", "US$ "]),
    st.sampled_from(["1", "12", "0", ""]),
    st.sampled_from(["", ",234", ".234", "'234", " 234", "_234,5", ",234,567.5"]),
    st.sampled_from(["", ",5", ".5", "."]),
    st.sampled_from(["", "%", " %", " kg", "% p.a.", "k"]),
)
date_cells = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(["31", "5", "05", "2024", "Mar", "may", "May", "september"]),
    st.sampled_from(["/", "-", ".", " ", ""]),
    st.sampled_from(["12", "3", "2", "Feb", "MAR", "30"]),
    st.sampled_from(["/", "-", ".", " ", ", ", ""]),
    st.sampled_from(["2024", "24", "69", "31", "0000"]),
    st.sampled_from(
        [
            *("", " 10:00", "101112", " 12:30 pm", " 0:30 AM"),
            *("T10:11:12.5Z", "T23:59:59.1234567+0100"),
        ]
    ),
)


def refer(cell: str | None, field: dict[str, Any]) -> tuple[Any, str | None]:
    schema = {"missingValues": MISSING, "timezone": "Europe/Berlin"}
    try:
        return clean_text(cell, field, schema), None
    except CellError as error:
        return None, error.reason


def check(column: list[str], keys: dict[str, Any]) -> None:
    field = {"name": "x"} | keys
    rules = read_field(field, missing=MISSING, timezone="Europe/Berlin")

    assert clean_cells(column, rules) == [refer(cell, field) for cell in column]


@given(column=st.lists(spelled_cells, max_size=8), field=spellings)
@settings(deadline=None, max_examples=100)
def test_texts_get_one_spelling_cell_by_cell(column: list[str], field: dict[str, Any]) -> None:
    check(column, field)


@given(column=st.lists(number_cells | right_numbers, max_size=8), field=number_format)
@settings(deadline=None, max_examples=200)
def test_written_numbers_are_read_cell_by_cell(column: list[str], field: dict[str, Any]) -> None:
    check(column, field)


@given(column=st.lists(date_cells, max_size=8), field=dates)
@settings(deadline=None, max_examples=150)
def test_dates_of_a_format_are_read_cell_by_cell(column: list[str], field: dict[str, Any]) -> None:
    check(column, field)


@given(text=spelled_cells, field=spellings)
@settings(deadline=None, max_examples=150)
def test_a_spelled_text_is_spelled_so_already(text: str, field: dict[str, Any]) -> None:
    rules = read_field({"name": "x"} | field | {"synonyms": {"a": "a"}}, missing=[], timezone="UTC")
    [(once, _)] = clean_cells([text], rules)

    assert clean_cells([once], rules) == [(once, None)]
