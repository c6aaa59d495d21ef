"""Ambiguous values: the file that init writes proposes both readings."""

import logging
import sys
from typing import Any

import pytest
from ingest.init_command.targets import AmbiguousTargetError
from made_columns import ROWS, among, noise, uncomment
from stage_contract import ContractError, configure_logging

type Init = Any
"""The fixture of conftest.py."""

DEFAULT = r'"", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "\\N"'


def whole(rows: int = ROWS) -> list[str]:
    return [str(18 + row % 70) for row in range(rows)]


@pytest.mark.parametrize(
    ("others", "token"),
    [
        (["EU", "AS", "AF"], "NA"),
        (["deu", "fra"], "nan"),
        (["Low", "High"], "None"),
    ],
)
def test_a_token_like_the_other_values_is_asked_about(
    init: Init, others: list[str], token: str
) -> None:
    file, text = init({"x": among(others, token), "price": noise()})

    assert "missing" not in file["clean"]["columns"]["x"]
    assert f'# Look: "{token}" in 2 rows may be a value like "' in text
    assert token in uncomment(text, f"missing = [{DEFAULT}]")["clean"]["columns"]["x"]["missing"]
    left = DEFAULT.replace(f', "{token}"', "")
    assert token not in uncomment(text, f"missing = [{left}]")["clean"]["columns"]["x"]["missing"]


def test_a_class_called_na_is_counted_as_a_class(init: Init) -> None:
    _, text = init({"x": among(["EU", "AS"], *["NA"] * 20), "size": noise()}, target="x")

    assert "3 classes" in text
    assert '"NA" 20 %' in text
    assert 'have no "x"' not in text


@pytest.mark.parametrize("others", [["EU", "Asia"], ["1", "2"], ["low", "high"]])
def test_a_token_unlike_the_others_is_missing(init: Init, others: list[str]) -> None:
    _, text = init({"x": among(others, "NA"), "price": noise()})

    assert "1 % missing" in text
    assert "may be a value" not in text


@pytest.mark.parametrize(
    ("others", "token"),
    [
        (["Clear", "cloudy"], "None"),
        (["EU", "Asia"], "NA"),
        (["deu", "France"], "nan"),
        (["low", "high"], "NULL"),
    ],
)
def test_a_word_that_clean_makes_missing_is_told(
    init: Init, others: list[str], token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file, text = init({"x": among(others, token), "price": noise()})

    assert "missing" not in file["clean"]["columns"]["x"]
    assert f'\n# "{token}" in 2 rows means missing for clean.\n' in text
    assert f'"x": "{token}" in 2 rows means missing for clean' in caplog.text
    left = DEFAULT.replace(f', "{token}"', "")
    assert token not in uncomment(text, f"missing = [{left}]")["clean"]["columns"]["x"]["missing"]


def test_a_word_among_numbers_is_told_by_nobody(init: Init) -> None:
    _, text = init({"x": among(whole(), "None"), "price": noise()})

    assert "means missing for clean" not in text


def test_texts_of_two_countries_are_asked_about(init: Init) -> None:
    _, text = init({"x": among(["NO", "SI"]), "price": noise()})

    assert '# Look: "NO" and "SI" are no and yes, or country codes' in text
    column = uncomment(text, 'type = "boolean"')["clean"]["columns"]["x"]
    assert column == {"type": "boolean"}


def test_a_mark_among_texts_is_asked_about(init: Init) -> None:
    _, text = init({"x": among(["Private", "State"], "?"), "price": noise()})

    assert '# Look: "?" in 2 rows: missing? clean keeps it as a value.' in text
    assert uncomment(text, f'missing = [{DEFAULT}, "?"]')


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (among(whole(), "ERR"), 'type = "integer"'),
        (among([f"{cell},5" for cell in whole()], "ERR"), 'type = "number"'),
        (among([f"{cell}.5 €" for cell in whole()], "ERR"), 'type = "number"'),
        (among([f"{row % 28 + 1:02}.12.2014" for row in range(28)], "ERR"), 'type = "date"'),
        (among([f"{cell},5" for cell in whole()], "ERR 2024"), 'type = "number"'),
    ],
)
def test_a_few_texts_among_numbers_and_dates_are_proposed_as_missing_and_as_rejects(
    init: Init, cells: list[str], kind: str
) -> None:
    _, text = init({"x": cells, "price": noise()})

    other = next(cell for cell in cells if cell.startswith("ERR"))
    assert uncomment(text, f'missing = [{DEFAULT}, "{other}"]')
    assert uncomment(text, kind)
    assert f'2 values (1 %) mean missing, such as "{other}"' in text


@pytest.mark.parametrize(
    ("others", "sentinel"),
    [
        (whole(), "-999"),
        (whole(), "999"),
        ([f"{cell}.5" for cell in whole()], "-999.0"),
        ([f"{cell},5" for cell in whole()], "-99,0"),
        (["1", "2", "3", "4", "5"], "98"),
        (["12", "150", "871"], "-1"),
        (["2014-05-01", "2015-12-24", "2020-01-01"], "9999-12-31"),
        (["2014-05-01", "2015-12-24", "2020-01-01"], "1900-01-01"),
        (["13.5.2014", "24.12.2015"], "31.12.9999"),
    ],
)
def test_a_sentinel_is_proposed_as_it_is_written_and_kept(
    init: Init, others: list[str], sentinel: str
) -> None:
    file, text = init({"x": among(others, sentinel), "price": noise()})

    assert f'# Look: "{sentinel}" in 2 rows, far from the other values' in text
    assert "missing" not in file["clean"]["columns"]["x"]
    assert uncomment(text, f'missing = [{DEFAULT}, "{sentinel}"]')


@pytest.mark.parametrize(
    ("others", "text"),
    [(whole(), "99"), (["1", "3", "5"], "9"), (["2014-05-01", "2020-01-01"], "2022-12-31")],
)
def test_a_value_near_the_others_is_none(init: Init, others: list[str], text: str) -> None:
    _, written = init({"x": among(others, text), "price": noise()})

    assert "far from" not in written


def test_two_marks_are_proposed_as_one_list_without_a_token_that_stays_a_value(
    init: Init,
) -> None:
    _, text = init({"x": among(["EU", "AS"], "?", "-", "NA"), "price": noise()})

    assert '# Look: "-" in 2 rows and "?" in 2 rows: missing? clean keeps them as values.' in text
    left = DEFAULT.replace(', "NA"', "")
    assert text.count('"?"]') == 1
    assert uncomment(text, f'missing = [{left}, "-", "?"]')


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            lambda row: f"({row}.59)" if row % 3 else f"{row}.10",
            "parentheses around negative ones; clean keeps texts, as no setting reads them",
        ),
        (lambda row: f"{row}.03-" if row % 3 else f"{row}.10", "a minus behind them"),
        (lambda row: f"({row}.59) EUR" if row % 3 else f"{row}.10 EUR", "parentheses around"),
        (lambda row: f"($1,{row:03}.5)" if row % 3 else f"$1,{row:03}.5", "parentheses around"),
        (lambda row: f"-({row}%)" if row % 3 else f"{row}%", "parentheses around"),
        (lambda row: f"\u2013{row}.5" if row % 3 else f"{row}.1", "a dash, or a minus and a space"),
        (lambda row: f"- {row}.5" if row % 3 else f"{row}.1", "a dash, or a minus and a space"),
        (lambda row: f"€{row}.68" if row % 3 else f"${row}.10", "a currency or unit ($, €)"),
        (lambda row: f"{row}.68 kg" if row % 3 else f"{row}", "a currency or unit (kg)"),
    ],
)
def test_texts_that_look_like_numbers_are_told_with_the_way_to_read_them(
    init: Init, cells: Any, told: str
) -> None:
    _, text = init({"x": [cells(row) for row in range(ROWS)], "price": noise()})

    assert f"# Look: looks like numbers with {told}" in text
    assert "perhaps numbers" in text
    assert "identifier" not in text
    if "currency" in told:
        affixes = '["$", "€"]' if "€" in told else '["kg"]'
        assert uncomment(text, f"affixes = {affixes}")


@pytest.mark.parametrize("cells", [["A{}", "B{}"], ["10.0.{}.1", "10.1.{}.2"], ["{}-1", "{}-2"]])
def test_codes_do_not_look_like_numbers(init: Init, cells: list[str]) -> None:
    _, text = init({"x": [cells[row % 2].format(row) for row in range(ROWS)], "price": noise()})

    assert "looks like numbers" not in text


@pytest.mark.parametrize("target", ["x", "price"])
def test_a_number_of_two_readings_is_told_in_the_file_and_in_the_log(
    init: Init, target: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    cells = [f"{row % 90 + 1}.{row * 37 % 1000:03}" for row in range(ROWS)]

    _, text = init(
        {"x": cells, "price": [str(row * 7 % 91) for row in range(ROWS)]},
        target=target,
        delimiter=";",
    )

    told = '1.234 is read as 1.234, as no column has a decimal comma; or group_char = "."'
    assert f"# {told}" in text
    [record] = [it for it in caplog.records if it.getMessage().startswith(f'"x": {told}')]
    assert record.levelno == (logging.WARNING if target == "x" else logging.INFO)


def test_a_private_column_shows_no_sentinel(init: Init) -> None:
    days = [f"{1950 + row % 50}-01-02" for row in range(ROWS - 2)] + ["1900-01-01"] * 2

    _, text = init({"birthday": days, "price": noise()})

    assert "1900" not in text


@pytest.mark.parametrize(
    ("others", "settings"),
    [
        (["Berlin", "berlin", "BERLIN", "Ulm"], ['case = "lower"']),
        (["New York", "New  York", "Ulm"], ['whitespace = "collapse"']),
        (["é", "e\u0301", "a"], ['unicode = "NFC"']),
        (["New York", "new  york"], ['case = "lower"', 'whitespace = "collapse"']),
    ],
)
def test_texts_that_differ_in_little_are_asked_about(
    init: Init, others: list[str], settings: list[str]
) -> None:
    _, text = init({"x": among(others), "price": noise()})

    assert "texts may mean only 1, such as" in text
    assert "clean keeps them different." in text
    assert all(uncomment(text, setting) for setting in settings)


def test_no_cell_and_no_name_leaves_its_comment_or_its_line_of_the_log(
    init: Init, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, name in ((logging.getLogger(), "handlers"), (sys, "excepthook")):
        monkeypatch.setattr(place, name, getattr(place, name))
    hostile = "x\x1b[2J\x85\u2028\u202e\nforged = 1"
    configure_logging("ingest")

    file, text = init(
        {
            hostile: among([hostile, hostile.upper()]),
            "marked": among(["Private", hostile], "?"),
            "misfit": among(whole(), hostile),
            "price": noise(),
        }
    )

    assert "forged" not in file
    logged = capsys.readouterr().out.removesuffix("\n").split("\n")
    printed = [*text.removesuffix("\n").split("\n"), *logged]
    assert all(line.isprintable() for line in printed)
    assert not any(line.startswith("forged") for line in printed)
    assert any("texts may mean only" in line for line in logged)


def test_words_for_yes_and_no_are_booleans_unless_they_are_predicted(init: Init) -> None:
    columns = {
        "smokes": among(["Yes", "no", "?"]),
        "churned": among(["yes", "no"]),
        "charges": noise(),
    }

    file, text = init(columns, target="churned")

    assert "\n# boolean; 33 % missing; 2 different;" in text
    assert file["clean"]["columns"] | {"charges": {}} == {
        "smokes": {},
        "churned": {"type": "string"},
        "charges": {},
    }
    assert '"?" in' not in text


NEGATIVES = {
    "(0.72)": "-0.72",
    "( 0.72 )": "-0.72",
    "-(0.72)": "-0.72",
    "(0.72) EUR": "-0.72 EUR",
    "($0.72)": "-$0.72",
    "(0.72%)": "-0.72%",
    "(0,72)": "-0,72",
    "0.72-": "-0.72",
    "0.72 -": "-0.72",
    "\u20130.72": "-0.72",
    "- 0.72": "-0.72",
}
"""Negative numbers that clean reads with no setting, and as it reads them."""


@pytest.mark.parametrize("rows", [2, 60])
@pytest.mark.parametrize("negative", NEGATIVES)
def test_negative_numbers_of_the_target_that_clean_does_not_read_are_told_with_the_way_out(
    init: Init, caplog: pytest.LogCaptureFixture, negative: str, rows: int
) -> None:
    readable = NEGATIVES[negative]
    positive = [readable.removeprefix("-").replace("0", str(row), 1) for row in range(ROWS - rows)]

    def read(text: str) -> tuple[str | None, str]:
        caplog.clear()
        cells = [*positive, *[text] * rows]
        file, written = init({"x": cells, "size": noise()}, target="x", delimiter=";")
        return file["clean"]["columns"]["x"].get("type"), written

    kind, text = read(negative)

    told = f'in the source, write negative numbers such as "{negative}" with a minus'
    assert f"{told} before the digits, as {readable}." in text
    assert told in caplog.text
    assert f'"{negative}"]' not in text, "no setting takes them for missing"
    assert kind == ("number" if rows == 2 else "string")

    kind, text = read(readable)

    assert kind == "number"
    assert "negative numbers" not in text
    assert "negative numbers" not in caplog.text


def test_a_list_of_targets_says_why_numbers_with_unread_negatives_are_not_in_it(init: Init) -> None:
    cells = [f"({row}.59)" if row % 3 else f"{row}.10" for row in range(ROWS)]

    with pytest.raises(AmbiguousTargetError, match=r'"balance" looks like .* as -1\.59; name one'):
        init({"size": noise(), "balance": cells, "depth": noise()})
    with pytest.raises(ContractError, match=r'no column can .*; "balance" looks like .* as -1\.59'):
        init({"balance": cells})


def test_negative_numbers_of_an_input_are_not_proposed_as_missing(init: Init) -> None:
    _, text = init({"x": among([*whole(), "1.5"], "(0.72)", "ERR"), "price": noise()})

    proposed = uncomment(text, f'missing = [{DEFAULT}, "ERR"]')

    assert "(0.72)" not in proposed["clean"]["columns"]["x"]["missing"]
    assert "# Look: looks like numbers with parentheses" in text


@pytest.mark.parametrize(
    ("values", "format_key"),
    [
        ([f"{number},94 \u20ac" for number in range(10, 60)], "decimal_char"),
        ([f"{day}.05.2024" for day in range(10, 31)], "format"),
    ],
)
def test_words_that_mean_missing_beside_formatted_values_are_written_as_missing(
    init: Init, values: list[str], format_key: str
) -> None:
    file, _ = init({"x": among(values, "k.A."), "size": noise(), "price": noise()})
    other, text = init({"x": among(values, "k.A.", "see note"), "size": noise(), "price": noise()})

    assert "k.A." in file["clean"]["columns"]["x"]["missing"]
    assert format_key in file["clean"]["columns"]["x"]
    assert "missing" not in other["clean"]["columns"]["x"]
    assert '"see note"' in text
