"""Format detectors: a format is inferred only if it fits all texts of a column."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from clean.inference.column_inference import TypeInference
from clean.inference.table_inference import (
    explain,
    infer_types,
    start_inferences,
    update_inferences,
)
from clean.parsing.arrays import to_frame
from clean.schema.table_schema import describe_schema, read_fields
from clean.settings import Settings
from conformance.rules.cells import clean_text
from conftest import CleanStage, rejects_of, table_of, types_of
from test_columns import clean_cells

BATCH = 10_000


def read_batches(
    column: list[str], settings: Settings, *, rows: int = BATCH
) -> tuple[pa.Schema, dict[str, TypeInference]]:
    """Pass a column to its inference in batches of this size."""
    table = pa.table({"x": pa.array(column, pa.string())})
    inferences = start_inferences(table.schema, settings, rows=len(column))
    first_row = 1
    for batch in table.to_batches(rows):
        update_inferences(
            to_frame(batch, pd.RangeIndex(first_row, first_row + len(batch))), inferences
        )
        first_row += len(batch)
    return table.schema, inferences


def field_of(column: list[str], **x: Any) -> dict[str, Any]:
    """Return the field of column x in schema.json; it must fit each of its texts."""
    settings = Settings.model_validate({"columns": {"x": x}})
    schema, inferences = read_batches(column, settings)
    document = describe_schema(settings, infer_types(schema, settings, inferences))
    [field] = read_fields(document)
    cells = [*dict.fromkeys(column)]
    assert clean_cells(cells, field) == [
        (clean_text(it, document["fields"][0], document), None) for it in cells
    ]
    return {key: value for key, value in document["fields"][0].items() if key != "name"}


MISSING = Settings().missing
VECTORS = json.loads(Path(__file__).with_name("type_inference.json").read_text(encoding="utf-8"))
"""Columns of texts and their fields in schema.json; `init` infers the same types."""


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: " | ".join(case["texts"]))
def test_a_type_is_inferred_as_the_vectors_say(case: dict[str, Any]) -> None:
    missing = {"missingValues": [*MISSING, *case["missing"]]} if "missing" in case else {}

    assert field_of(case["texts"]) == case["field"] | missing


def test_the_last_row_tells_day_and_month_apart() -> None:
    column = ["1/2/2024"] * 70_000 + ["13/2/2024"]

    assert field_of(column) == {"type": "date", "format": "%d/%m/%Y"}


def test_numbers_without_groups_in_front_do_not_hide_those_behind() -> None:
    column = ["1"] * 70_000 + ["2.5", "1,234"]

    assert field_of(column) == {"type": "number", "groupChar": ","}


@pytest.mark.parametrize(
    "column",
    [
        ["1.234", "2.500", "1.234,50", "12,00"],
        ["1", "2", "1.234,5", "1.234"],
        ["12.5", "13.5", "1,234.5"],
        ["1.234", "2.5", "1.234,5"],
        ["555 123 456", "555123457", "555123458"],
        ["555 123 456", "555123457", "5"],
        ["5.", "6.", "1,234"],
        ["12345678901234567890", "1.5", "1,234.5"],
        ["1e3", "2.5", "1'234.5"],
        ["\u22125", "5.5", "12"],
        ["1,234", "1234", "5.0"],
        ["12345", "1.2", "1.20", "-3"],
        ["1.9", "1.10", "1e5", "2"],
        ["1.234", "12.345", "7"],
        ["1.234 €", "12.345 €", "7 €"],
    ],
)
def test_numbers_are_of_one_form_whatever_batches_they_come_in(column: list[str]) -> None:
    def result(column: list[str], rows: int) -> object:
        _, inferences = read_batches(column, Settings(), rows=rows)
        return inferences["x"].infer(), inferences["x"].warning()

    ways = [result(column[::step], rows) for step in (1, -1) for rows in (1, 2, 3, 4)]
    assert ways == ways[:1] * len(ways)


@pytest.mark.parametrize(
    ("column", "warning"),
    [
        (
            ["1/2/2024", "12/11/2024"],
            ("every value is a date by %d/%m/%Y and by %m/%d/%Y, but the dates differ;"
            ' set [clean.columns.x] format = "%d/%m/%Y" or another of them'),
        ),
        (["24-05-03", "23-06-01"], "every value is a date by %d-%m-%y and by %y-%m-%d,"),
        (
            ["1,234", "2,345"],
            ("every value is a number with a decimal comma and one with groups by commas, so that"
            " 1,234 is 1.234 or 1234;"
            ' set [clean.columns.x] decimal_char = "," or group_char = ","'),
        ),
        (
            ["$1,234", "$5"],
            (
                "every value is a number with a decimal comma and one with groups by commas, so"
                " that 1,234 $ is 1.234 or 1234;"
                ' set [clean.columns.x] decimal_char = "," or group_char = ",", beside'
                ' affixes = ["$"]'
            ),
        ),
    ],
)  # fmt: skip
def test_two_ways_to_read_all_values_are_told(column: list[str], warning: str) -> None:
    _, inferences = read_batches(column, Settings())

    assert field_of(column) == {"type": "string"}
    assert f"column x becomes a string: {warning}" in str(inferences["x"].warning())


def test_the_setting_that_the_warning_names_decides() -> None:
    field = field_of(["1/2/2024", "12/11/2024"], format="%m/%d/%Y")

    assert field == {"type": "date", "format": "%m/%d/%Y"}


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            ["€ 1.234,50", "€ 5"],
            'number with affixes = ["€"], unit = "€", group_char = ".", decimal_char = ","',
        ),
        (["?", "5"], 'integer with missing = ["?"]'),
    ],
)
def test_what_was_found_is_told(column: list[str], message: str) -> None:
    settings = Settings()
    schema, inferences = read_batches(column, settings)

    found = infer_types(schema, settings, inferences)

    precedence = "keys in [clean.columns.x] take precedence"
    assert explain(settings, found) == [
        f"column x: {message}, inferred from all of its values; {precedence}"
    ]


def test_marks_are_values_where_the_settings_say_what_is_missing() -> None:
    assert field_of(["?", "5"], missing=["NA"]) == {"type": "string", "missingValues": ["NA"]}


@pytest.mark.parametrize(
    ("column", "setting", "constraint"),
    [
        (["12345", "22345"], {"pattern": "[0-9]{5}"}, {"pattern": "[0-9]{5}"}),
        (["31.12.2020", "30.11.2021"], {"min_length": 10}, {"minLength": 10}),
        (["yes", "no"], {"max_length": 3}, {"maxLength": 3}),
        (["yes", "no"], {"enum": ["yes", "no"]}, {"enum": ["yes", "no"]}),
        (["1", "?", "2"], {"enum": ["1", "2", "?"]}, {"enum": ["1", "2", "?"]}),
    ],
)
def test_a_rule_for_texts_leaves_texts(
    column: list[str], setting: dict[str, Any], constraint: dict[str, Any]
) -> None:
    assert field_of(column, **setting) == {"type": "string", "constraints": constraint}


def test_choices_that_are_dates_leave_dates() -> None:
    assert field_of(["2020-12-31"], enum=["2020-12-31"])["type"] == "date"


def test_a_guess_goes_into_the_table_and_the_log(stage: CleanStage) -> None:
    artifact = stage.clean({"x": ["€ 5", "?", "€ 6"]})

    assert table_of(artifact)["x"].to_pylist() == [5, None, 6]
    assert "column x: integer with affixes" in stage.printed()


def test_a_declared_type_takes_texts_as_they_stand(stage: CleanStage) -> None:
    artifact = stage.clean({"x": ["5", "€ 6"]}, '[clean.columns.x]\ntype = "number"\n')

    assert types_of(artifact) == {"x": "number"}
    assert [reject["value"] for reject in rejects_of(artifact)] == ["€ 6"]
