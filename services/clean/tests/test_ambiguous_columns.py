"""Ambiguous columns: what decides between two readings, and the warning about the decision."""

from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from clean.inference.table_inference import (
    explain,
    infer_types,
    share_decimal_separators,
    start_inferences,
    update_inferences,
)
from clean.parsing.arrays import to_frame
from clean.schema.table_schema import describe_schema, read_fields
from clean.settings import Settings
from conftest import CleanStage, table_of, texts, types_of
from test_columns import clean_cells


def read(
    table: dict[str, list[str]], settings: dict[str, Any] | None = None
) -> tuple[dict[str, list[Any]], list[str], list[str]]:
    """Return the values of a table, and the warnings and log lines about its columns."""
    rules = Settings.model_validate({"columns": settings or {}})
    cells = pa.table({name: pa.array(column, pa.string()) for name, column in table.items()})
    inferences = start_inferences(cells.schema, rules, rows=cells.num_rows)
    [batch] = cells.to_batches()
    update_inferences(to_frame(batch, pd.RangeIndex(1, len(batch) + 1)), inferences)
    share_decimal_separators(inferences, rules)
    found = infer_types(cells.schema, rules, inferences)
    fields = read_fields(describe_schema(rules, found))
    values = {
        field.name: [it for it, _ in clean_cells(table[field.name], field)] for field in fields
    }
    warnings = [it for inference in inferences.values() if (it := inference.warning())]
    return values, warnings, explain(rules, found)


POINT = ["12.34", "0.5"]
COMMA = ["12,34", "0,5"]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (["12.345", "0.5"], [12.345, 0.5]),
        (["1.234", "1.23"], [1.234, 1.23]),
        (["0.123", "1.234"], [0.123, 1.234]),
        (["-1.234", "-0.001"], [-1.234, -0.001]),
        (["1.234,5", "12.345"], [1234.5, 12345]),
        (["1.234.567", "12.345"], [1234567, 12345]),
        (["1'234.5", "12.345"], [1234.5, 12.345]),
        (["1'234", "999"], [1234, 999]),
        (["1 234,5", "12,345"], [1234.5, 12.345]),
        (["1\u202f234", "999"], [1234, 999]),
        (["12.345 €", "0.5 €"], [12.345, 0.5]),
        (["1.234 kg", "1.23 kg"], [1.234, 1.23]),
        (["1.234,50 €", "999 €", "12.345 €"], [1234.5, 999, 12345]),
        (["1.234 %", "1.2 %"], [0.01234, 0.012]),
        (["999 €", "12 €"], [999, 12]),
        (["999", "123"], [999, 123]),
        (["1.234e3", "5.678e2"], [1234, 567.8]),
        (["1E2", "1E-2"], [100, 0.01]),
        (["1E2", "1.5E2"], [100, 150]),
        (["1E2", "0.5"], [100, 0.5]),
    ],
)
def test_other_values_of_the_column_decide(column: list[str], values: list[float]) -> None:
    read_values, warnings, _ = read({"x": column})

    assert (read_values, warnings) == ({"x": pytest.approx(values)}, [])


@pytest.mark.parametrize(
    ("column", "settings"),
    [
        (
            ["1.234 €", "12.345 €", "999 €"],
            ('decimal_char = "." or group_char = ".", decimal_char = ",", beside affixes = ["€"]'),
        ),
        (["-1.234 kg", "999 kg"], 'beside affixes = ["kg"]'),
        (["1.234 %", "12.345%"], "beside percent = true"),
        (["1,234", "-12,345"], 'decimal_char = "," or group_char = ","'),
        (["$1,234"], 'beside affixes = ["$"]'),
        (["1.2", "1.20", "1.10"], 'type = "number" or type = "string"'),
        (["2.4", "2.10", "2.13"], 'type = "number" or type = "string"'),
        (["1.8", "1.9", "1.10", "1.11", "2.0"], 'type = "number" or type = "string"'),
        (["12E1", "2E10", "1E2"], 'type = "number" or type = "string"'),
        (["1e2", "10e1", "7"], 'type = "number" or type = "string"'),
        (["23/05/14", "22/12/31"], 'format = "%d/%m/%y"'),
        (["23.05.14", "22.12.31"], 'format = "%d.%m.%y"'),
        (["23-05-14 10:30", "22-12-31 00:00"], 'format = "%d-%m-%y %H:%M"'),
        (
            ["1.234.567", "2.345.678"],
            'group_char = ".", decimal_char = "," or type = "string"',
        ),
        (["555 123 456", "555 123 457"], 'group_char = " " or type = "string"'),
        (["13.1.10", "10.12.30"], 'format = "%d.%m.%y"'),
        (["01/02/03"], "by %d/%m/%y and by %m/%d/%y and by %y/%m/%d"),
    ],
)
def test_what_nothing_decides_stays_text_with_a_warning(column: list[str], settings: str) -> None:
    values, warnings, _ = read({"x": column})

    assert values == {"x": column}
    [warning] = warnings
    assert warning.startswith("column x becomes a string: every value is a ")
    assert f"[clean.columns.x] {settings}" in warning or settings in warning


@pytest.mark.parametrize(
    ("column", "other", "values"),
    [
        (["1.234", "999"], COMMA, [1234, 999]),
        (["1.234 €", "999 €"], COMMA, [1234, 999]),
        (["1.234 %"], COMMA, [12.34]),
        (["1,234"], COMMA, [1.234]),
        (["1,234"], POINT, [1234]),
        (["$1,234"], ["2.5 kg"], [1234]),
        (["1.234"], POINT, [1.234]),
        (["1.234 kg"], ["$1,234.50"], [1.234]),
        (["1.234"], ["2,5 €"], [1234]),
        (["1.234"], ["1.234.567", "12.345"], [1234]),
    ],
)
def test_another_column_decides_and_the_log_says_which(
    column: list[str], other: list[str], values: list[float]
) -> None:
    rows = max(len(column), len(other))
    table = {
        "x": column + column[:1] * (rows - len(column)),
        "y": other + other[:1] * (rows - len(other)),
    }

    read_values, warnings, message = read(table)

    assert read_values["x"][: len(column)] == pytest.approx(values)
    assert warnings == []
    assert "as column y has a decimal" in next(line for line in message if "column x:" in line)


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ({"y": ["2,5"]}, {"groupChar": ".", "decimalChar": ","}),
        ({"y": ["0.5"]}, {}),
        ({"y": ["2,5"], "z": ["0.5"]}, {}),
        ({"y": ["7"]}, {}),
    ],
)
def test_integers_below_1000_have_the_format_that_larger_ones_would_have(
    table: dict[str, list[str]], fields: dict[str, str]
) -> None:
    rules, cells = Settings(), pa.table({"x": ["12"], **table})
    inferences = start_inferences(cells.schema, rules, rows=cells.num_rows)
    update_inferences(to_frame(cells.to_batches()[0], pd.RangeIndex(1, 2)), inferences)
    share_decimal_separators(inferences, rules)

    found = infer_types(cells.schema, rules, inferences)

    assert (found["x"].kind, found["x"].keys) == ("integer", fields)
    if fields:
        [field] = [
            field for field in read_fields(describe_schema(rules, found)) if field.name == "x"
        ]
        assert [it for it, _ in clean_cells(["1.000", "12"], field)] == [1000, 12]
        assert "1.000 is 1000, as column y has a decimal comma" in explain(rules, found)[0]


@pytest.mark.parametrize(
    ("column", "others"),
    [
        ("1.234", {"y": "2,5", "z": "0.5"}),
        ("1,234", {"y": "2,5", "z": "0.5"}),
        ("1.234 €", {"y": "2,5", "z": "$0.5"}),
    ],
)
def test_columns_that_contradict_each_other_decide_nothing(
    column: str, others: dict[str, str]
) -> None:
    values, warnings, _ = read({"x": [column]} | {name: [text] for name, text in others.items()})

    assert values["x"] == [column]
    [warning] = warnings
    assert "(column y has a decimal comma, and column z has a decimal point)" in warning


@pytest.mark.parametrize("price", ["1.234 €", "$1,234", "1,234 %"])
def test_numbers_of_a_program_do_not_tell_how_a_person_writes_prices(price: str) -> None:
    values, warnings, _ = read({"latitude": ["52.5"], "price": [price]})

    assert values["price"] == [price]
    assert warnings[0].startswith("column price becomes a string")


def test_a_word_beside_doubtful_numbers_is_told_with_the_doubt() -> None:
    values, warnings, _ = read({"x": ["1.234 €"] * 30 + ["ERR"]})

    assert values["x"][0] == "1.234 €"
    [warning] = warnings
    assert "1.234 € is 1.234 or 1234" in warning
    assert warning.endswith("1 of 31 values fit neither, the first in row 31: 'ERR'")


@pytest.mark.parametrize("text", ["Stand 2024", "ca. 5", "12,5*", "5 Stück"])
def test_a_text_with_a_digit_beside_formatted_numbers_is_no_number(text: str) -> None:
    values, warnings, _ = read({"x": ["12,5"] * 30 + [text]})

    assert values["x"][0] == "12,5"
    [warning] = warnings
    assert "column x becomes a string: 1 of 31 values" in warning
    assert 'type = "number", decimal_char = "," rejects these rows' in warning


def test_what_is_proposed_beside_a_word_is_read_as_the_table_says() -> None:
    _, warnings, _ = read({"x": ["1.234"] * 30 + ["ERR"], "y": ["2,5"] * 31})

    [warning] = warnings
    assert 'type = "integer", group_char = ".", decimal_char = "," rejects these rows' in warning


@pytest.mark.parametrize("whole", [["1", "9"], ["1E1", "2E10"], ["1e-5", "12"], ["1.234", "9"]])
def test_a_declared_number_decides_nothing_unless_a_value_shows_its_decimal_point(
    whole: list[str],
) -> None:
    settings = {"x": {"type": "number"}}

    values, warnings, _ = read({"x": whole, "y": ["12,086", "9"]}, settings)

    assert values["y"] == ["12,086", "9"]
    assert "column y becomes a string: every value is a number with a decimal comma" in warnings[0]
    values, _, told = read({"x": ["0.5", "9"], "y": ["12,086", "9"]}, settings)
    assert values["y"] == [12086, 9]
    assert "as column x has a decimal point" in told[0]


@pytest.mark.parametrize("other", [["1E-1", "2E-10"], ["1e5", "-12"], ["7", "-8"]])
def test_numbers_without_a_decimal_character_decide_nothing(other: list[str]) -> None:
    values, _, _ = read({"x": other, "y": ["12,086", "9"]})

    assert values["y"] == ["12,086", "9"]


@pytest.mark.parametrize(
    ("other", "line"),
    [
        (["7", "8"], "as no column has a decimal comma"),
        (["0.5", "7"], "as column y has a decimal point"),
        (["2,5", "7"], "though column y has a decimal comma"),
    ],
)
def test_a_declared_number_of_two_readings_is_told_with_the_setting_for_the_other(
    other: list[str], line: str
) -> None:
    values, warnings, told = read({"x": ["36.222", "2.086"], "y": other}, {"x": {"type": "number"}})

    assert values["x"] == [36.222, 2.086]
    [said] = [it for it in (*warnings, *told) if it.startswith("column x:")]
    assert "1.234 is 1.234 and not 1234" in said
    assert line in said
    assert said.endswith('[clean.columns.x] group_char = ".", decimal_char = ","')
    assert (said in warnings) == ("comma" in line and "no column" not in line)


@pytest.mark.parametrize("settings", [{"type": "number", "decimal_char": "."}, {"type": "string"}])
def test_a_setting_that_decides_leaves_nothing_to_tell(settings: dict[str, str]) -> None:
    _, warnings, told = read({"x": ["36.222", "2.086"]}, {"x": settings})

    assert (warnings, told) == ([], [])


def test_a_decimal_point_beside_what_may_be_codes_is_told_as_the_reason() -> None:
    _, _, [line] = read({"x": ["1E2", "0.5"]})

    assert line == (
        "column x: number; 1E2 is 100 and not a code, as other values have a decimal point;"
        ' if not, set [clean.columns.x] type = "string"'
    )


def test_a_setting_of_another_column_decides_too() -> None:
    table = {"x": ["1.234"], "y": ["1,234"]}

    values, warnings, _ = read(table, {"y": {"decimal_char": ","}})

    assert (values, warnings) == ({"x": [1234], "y": [1.234]}, [])


def test_a_bare_number_stays_a_decimal_one_and_the_log_says_so() -> None:
    values, warnings, message = read({"x": ["1.234", "12.345"]})

    assert (values, warnings) == ({"x": [1.234, 12.345]}, [])
    [line] = message
    assert line == (
        "column x: number; 1.234 is 1.234 and not 1234, as no column has a decimal comma;"
        ' if not, set [clean.columns.x] group_char = ".", decimal_char = ","'
    )


@pytest.mark.parametrize(
    "column",
    [
        ["1.5", "1.50", "2.00"],
        ["9.9", "9.90", "1.05"],
        ["1.5", "1.50", "-2.25"],
        ["0.5", "0.50", "0.125", "0.0625"],
        ["2", "2.0", "2.5"],
        ["1.50", "2.25", "9.90"],
        ["12345.5", "12345.50"],
        ["12.5", "9.90", "8.50"],
        ["3", "2.5", "7.90"],
        ["1.2", "1.25", "1.90"],
        ["1.2", "1.9", "2.0"],
    ],
)
def test_ordinary_decimals_are_no_versions(column: list[str]) -> None:
    values, warnings, _ = read({"x": column})

    assert (values, warnings) == ({"x": [float(text) for text in column]}, [])


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ({"affixes": ["€"], "decimal_char": "."}, [1.234, 999]),
        ({"affixes": ["€"], "group_char": ".", "decimal_char": ","}, [1234, 999]),
    ],
)
def test_the_settings_that_the_warning_names_decide(
    setting: dict[str, Any], values: list[float]
) -> None:
    read_values, warnings, _ = read({"x": ["1.234 €", "999 €"]}, {"x": setting})

    assert (read_values, warnings) == ({"x": values}, [])


TARGET = '[clean]\n[features]\ntarget = "price"\n'
DERIVED = 'target = {column = "price", above = 100}\n'


@pytest.mark.parametrize("settings", ['target = "price"\n', TARGET, DERIVED])
def test_a_target_that_can_be_read_in_two_ways_ends_the_stage(
    stage: CleanStage, settings: str
) -> None:
    stage.publish_raw(texts({"size": ["1", "2"], "price": ["1.234 €", "999 €"]}))

    assert stage.run(settings) == 65
    printed = stage.printed()
    assert "the target price can be read in two ways" in printed
    assert "1.234 € is 1.234 or 1234" in printed
    assert '[clean.columns.price] decimal_char = "." or group_char = "."' in printed


@pytest.mark.parametrize("settings", ["", '[clean.columns.price]\ntype = "number"\n'])
def test_a_bare_target_of_three_digits_behind_its_points_is_warned_of(
    stage: CleanStage, settings: str
) -> None:
    stage.clean({"size": ["1", "2"], "price": ["36.222", "2.080"]}, f'target = "price"\n{settings}')

    [line] = [line for line in stage.printed().splitlines() if "1.234 is 1.234" in line]
    assert line.startswith("clean     warning: column price: number;")
    assert line.endswith('[clean.columns.price] group_char = ".", decimal_char = ","')


def test_a_setting_makes_the_target_one(stage: CleanStage) -> None:
    rules = 'group_char = "."\ndecimal_char = ","\naffixes = ["€"]\n'
    columns = {"size": ["1", "2"], "price": ["1.234 €", "999 €"]}

    artifact = stage.clean(columns, f'target = "price"\n[clean.columns.price]\n{rules}')

    assert table_of(artifact)["price"].to_pylist() == [1234, 999]


def test_which_target_it_is_does_not_change_the_cause(stage: CleanStage) -> None:
    columns = {"size": ["1", "2"], "price": ["5 €", "9 €"]}
    first = stage.clean(columns, 'target = "size"\n')

    second = stage.clean(columns, 'target = "price"\n')

    assert first.id == second.id
    assert types_of(second) == {"size": "integer", "price": "integer"}


def test_an_unchanged_table_is_checked_for_another_target(stage: CleanStage) -> None:
    columns = {"size": ["1", "2"], "price": ["1.234 €", "999 €"]}
    stage.clean(columns, 'target = "size"\n')

    assert stage.run('target = "price"\n') == 65
    assert "the target price can be read in two ways" in stage.printed()
    assert stage.run('target = "size"\n') == 0
    assert "unchanged" in stage.printed()


def test_a_damaged_result_is_made_again_whatever_the_target_is(stage: CleanStage) -> None:
    columns = {"size": ["1", "2"], "price": ["1", "999"]}
    before = stage.clean(columns, 'target = "size"\n')
    (before.path / "profile.json").write_text("{", encoding="utf-8")

    assert stage.run('target = "size"\n') == 0
    assert "unchanged" not in stage.printed()


def test_a_doubt_of_other_settings_says_nothing(stage: CleanStage) -> None:
    stage.clean({"size": ["1", "2"], "price": ["1.234 €", "999 €"]}, 'target = "size"\n')
    rules = 'affixes = ["€"]\ndecimal_char = "."\n'

    assert stage.run(f'target = "price"\n[clean.columns.price]\n{rules}') == 0


@pytest.mark.parametrize(
    "settings",
    [
        "",
        '[clean.columns.day]\nformat = "%m/%d/%y"\n',
        '[clean.columns.day]\nformat = "%m/%d/%y %H:%M"\n',
    ],
)
def test_years_of_two_digits_that_become_late_ones_are_counted_in_a_warning(
    stage: CleanStage, settings: str
) -> None:
    clock = " 10:00" if "%H" in settings else ""
    days = [f"{day}{clock}" for day in ("06/21/64", "01/31/45", "02/28/71", "05/30/24")]
    stage.clean({"day": days, "size": ["1", "2", "3", "4"]}, settings)

    [line] = [line for line in stage.printed().splitlines() if "dates are" in line]
    assert line.startswith(
        "clean     warning: column day: 2 of 4 dates are from 2045-01-31 to 2064-06-21"
    )
    assert "the others from 1971-02-28 to 2024-05-30" in line
    assert f'[clean.columns.day] format = "%m/%d/%Y{" %H:%M" if clock else ""}"' in line


def test_late_dates_of_a_private_column_are_counted_and_not_shown(stage: CleanStage) -> None:
    stage.clean({"day": ["06/21/64", "05/30/24"]}, "[clean.columns.day]\nprivate = true\n")

    assert "column day: 1 of 2 dates are in 2030 or later, as" in stage.printed()


@pytest.mark.parametrize("days", [["06/21/14", "05/30/29"], ["06/21/2064", "05/30/2024"]])
def test_years_before_2030_and_those_of_four_digits_are_no_cause_for_a_warning(
    stage: CleanStage, days: list[str]
) -> None:
    stage.clean({"day": days})

    assert "dates are" not in stage.printed()
