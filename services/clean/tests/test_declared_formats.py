"""Declared formats of a column: from the TOML of the pipeline to the table."""

import json
from datetime import UTC, date, datetime

import pytest
from conftest import CleanStage, rejects_of, table_of

SETTINGS = """
[clean.columns.rent]
affixes = ["€", "EUR"]
group_char = "."
decimal_char = ","

[clean.columns.share]
percent = true

[clean.columns.city]
unicode = "NFC"
case = "lower"
whitespace = "collapse"
synonyms = {"nyc" = "new york"}

[clean.columns.day]
format = "%d.%m.%Y"

[clean.columns.seen]
format = "%m/%d/%Y %I:%M %p"
"""


def test_the_settings_say_how_texts_are_read(stage: CleanStage) -> None:
    artifact = stage.clean(
        {
            "rent": ["€ 1.234,50", "900 EUR"],
            "share": ["12.5 %", "100%"],
            "city": ["New  York", "NYC"],
            "day": ["31.12.2024", "2024-12-31"],
            "seen": ["3/5/2024 12:30 AM", "2024-03-05T00:30Z"],
        },
        SETTINGS + '[clean]\nduplicates = "keep"\n',
    )

    seen = datetime(2024, 3, 5, 0, 30, tzinfo=UTC)
    assert table_of(artifact).to_pydict() == {
        "rent": [1234.5, 900.0],
        "share": [0.125, 1.0],
        "city": ["new york", "new york"],
        "day": [date(2024, 12, 31)] * 2,
        "seen": [seen, seen],
    }
    rent = json.loads(artifact.file("schema.json").read_bytes())["fields"][0]
    assert rent == {
        "name": "rent",
        "type": "number",
        "affixes": ["€", "EUR"],
        "groupChar": ".",
        "decimalChar": ",",
    }


def test_the_order_of_synonyms_says_nothing(stage: CleanStage) -> None:
    table = "[clean.columns.x]\nsynonyms = {{{}}}\n"
    artifact = stage.clean(
        {"x": ["usa", "u.s.", "us"]}, table.format('"usa" = "us", "u.s." = "us"')
    )

    [field] = json.loads(artifact.file("schema.json").read_bytes())["fields"]
    assert [*field["synonyms"]] == ["u.s.", "usa"]
    assert stage.run(table.format('"u.s." = "us", "usa" = "us"'), "--force") == 0, stage.printed()


def test_a_reject_shows_how_the_value_should_have_been_written(stage: CleanStage) -> None:
    columns = {"rent": ["€ 5", "1.5", "1"], "day": ["31.12.2024", "1.1.2024", "5/3/24"]}
    table = {
        name: columns.get(name, ["NA"] * 3) for name in ("rent", "share", "city", "day", "seen")
    }

    wrong_rent, wrong_day = rejects_of(stage.clean(table, SETTINGS))

    assert wrong_rent["expected"] == "a number, written as 1.234,5 €"
    assert wrong_day["expected"] == "a date such as 2013-01-31, or of the format %d.%m.%Y"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            'case = "lower"\nsynonyms = {"USA" = "us"}',
            "synonyms, enum: 'USA' can never match after normalization; use 'usa'",
        ),
        (
            'synonyms = {"a" = "b", "b" = "c"}',
            "[clean.columns.x] synonyms, enum: 'a' becomes 'b', which has a synonym itself",
        ),
        (
            'case = "upper"\nenum = ["ok"]',
            "[clean.columns.x] synonyms, enum: 'ok' can never match after normalization; use 'OK'",
        ),
        (
            'type = "string"\naffixes = ["$"]',
            "[clean.columns.x] affixes does not fit a column of type string; declare integer or",
        ),
        ('group_char = "."', "[clean.columns.x] group_char: group_char and decimal_char are both"),
        ('affixes = ["$", "$"]', "[clean.columns.x] affixes: an affix appears twice; keep one"),
        ("synonyms = {}", "columns.x.synonyms = {}: Dictionary should have at least 1 item"),
        ('affixes = ["m2"]', "affix 'm2': expected a text without digits and signs"),
        ('format = "%Y-%d-%m"', "conflicts with ISO 8601, which reads 2004-06-05 as"),
        ('format = "%d.%m.%Y %Q"', "%Q is not a directive; expected %d"),
        ('format = "%Y-%m-%dT%H:%M:%SZ"', "a Z after the time means UTC; use %z"),
        ('format = "%m/%Y"', "expected a day; give day, month and year"),
        ('format = "%d.%m.%Y %I:%M"', "the hour %I needs the %p; add it"),
    ],
)
def test_what_can_not_be_done_is_told_before_a_row_is_read(
    stage: CleanStage, column: str, message: str
) -> None:
    stage.clean({"x": ["1"]})

    assert stage.run(f"[clean.columns.x]\n{column}\n") == 78
    assert message in stage.printed()
