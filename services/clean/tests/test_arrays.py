"""Fast paths for repeated texts and whole columns: they do not change the result."""

from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from clean.cleaning.columns import clean_column
from clean.cleaning.field_parsing import read_trimmed
from clean.inference.table_inference import start_inferences
from clean.parsing.arrays import distinct_texts, to_series
from clean.schema.fields import Field
from clean.settings import Settings
from type_inference.field_types import FieldType

DICTIONARY = pa.array(["b", "unused", "a"])


def decoded(cells: pa.Array) -> list[Any]:
    texts, places = distinct_texts(cells)
    return (texts if places is None else texts.take(places)).to_pylist()


@pytest.mark.parametrize(
    "cells",
    [
        pa.array(["a", "b", None, "a"] * 9),
        pa.array(["a", None]),
        pa.array([f"{number}" for number in range(3000)]),
        pa.array(["a", "b"] * 9, pa.large_string()),
        pa.DictionaryArray.from_arrays(pa.array([0, 2, 2, 0]), DICTIONARY),
        pa.DictionaryArray.from_arrays(pa.array([0, None, 2, 2, 2, 2]), DICTIONARY),
        pa.array([], pa.string()),
    ],
)
def test_distinct_texts_are_the_cells_again(cells: pa.Array) -> None:
    assert decoded(cells) == cells.to_pylist()


def test_missing_is_a_text_like_others() -> None:
    for cells in (pa.array(["a", None] * 9), pa.array(["a", None] * 9).dictionary_encode()):
        _, places = distinct_texts(cells)

        assert places is not None
        assert places.null_count == 0


def test_a_text_that_no_cell_has_decides_no_type() -> None:
    cells = pa.DictionaryArray.from_arrays(pa.array([0, 2, 0]), pa.array(["1", "x", "2"]))
    inferences = start_inferences(pa.schema([("a", pa.string())]), Settings(), rows=3)

    inferences["a"].add(cells, first_row=1)
    assert inferences["a"].infer().kind == "integer"


def test_a_text_that_no_cell_has_is_no_work_of_a_rule() -> None:
    cells = pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array(["a", " b "]))
    field = Field("a", "string", missing=("",), timezone=ZoneInfo("UTC"))

    assert clean_column(to_series(cells), field, with_effects=True).effects == []


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("integer", ["1", "0x1F", "0X1f", "+7", "007", "5.0", "9007199254740993", "1_0"]),
        ("number", ["1", "inf", "nan", "1e999", "0x1F", "+.5", "5.", "1e5", "-infinity"]),
        ("date", ["2013-01-31", "2023-02-29", "0000-01-01", "2013-1-1", "20130131"]),
        (
            "datetime",
            ["2013-01-31T05:00:00Z", "2013-01-31 05:00:00Z", "2023-02-29T05:00:00Z"],
        ),
        (
            "datetime",
            ["2013-01-31T05", "2013-01-31", "2013-01-31T05:00", "2013-01-31T05:00:00.1234567"],
        ),
        ("datetime", ["2013-01-31T24:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]),
        ("datetime", ["2013-01-31T05Z", "2013-01-31T05:00:00+01", "2013-01-31T05:00:00"]),
    ],
)
def test_a_text_is_read_alike_alone_and_among_others(kind: FieldType, cells: list[str]) -> None:
    field = Field("a", kind, missing=("",), timezone=ZoneInfo("America/New_York"))
    wrong = read_trimmed(pa.array([*cells, "no"]), field)[:-1]

    for place, cell in enumerate(cells):
        assert read_trimmed(pa.array([cell]), field)[0] == wrong[place]
        assert read_trimmed(pa.array([cell] * 2 + [None]), field).to_pylist() == [
            *[wrong[place].as_py()] * 2,
            None,
        ]
