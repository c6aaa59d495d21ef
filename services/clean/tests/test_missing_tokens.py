"""Missing tokens that may be values: every decision is logged."""

import json
from typing import Any

import pyarrow as pa
import pytest
from clean.settings import MISSING
from conftest import CleanStage, table_of, types_of

type Cells = list[str | None]


def rows_of(cells: Cells) -> dict[str, list[Any]]:
    return {"x": cells, "row": [f"r{number}" for number in range(len(cells))]}


def missing_of(stage: CleanStage) -> list[str] | None:
    """Return the missing tokens of column x in schema.json."""
    schema = json.loads(stage.artifact().file("schema.json").read_bytes())
    tokens: list[str] | None = schema["fields"][0].get("missingValues")
    return tokens


@pytest.mark.parametrize(
    ("cells", "token"),
    [
        (["EU", "AS", "NA", "EU"], "NA"),
        (["DE", "NA", "FR", ""], "NA"),
        (["deu", "nan", "fra"], "nan"),
        (["Low", "None", "Very high"], "None"),
    ],
)
def test_a_token_that_looks_like_all_other_values_stays_a_value(
    stage: CleanStage, cells: Cells, token: str
) -> None:
    artifact = stage.clean(rows_of(cells))

    assert table_of(artifact)["x"].to_pylist() == [cell or None for cell in cells]
    assert missing_of(stage) == [text for text in MISSING if text != token]
    printed = stage.printed()
    assert f"warning: column x: '{token}' in 1 rows may be a value like '{cells[0]}'" in printed
    assert f'"{token}", "<NA>"' in printed or f'"{token}"' in printed
    assert "makes it missing" in printed
    assert "confirms it" in printed


@pytest.mark.parametrize(
    "cells",
    [
        ["EU", "NA", "Asia"],
        ["S", "M", "XL", "NA"],
        ["low", "None", "high"],
        [*(f"Name{chr(65 + number)}" for number in range(21)), "None"],
        ["active", "closed", "null"],
    ],
)
def test_another_token_is_missing_and_the_log_names_column_count_and_setting(
    stage: CleanStage, cells: Cells
) -> None:
    artifact = stage.clean(rows_of(cells))

    (token,) = {*cells} & {*MISSING}
    assert table_of(artifact)["x"].null_count == 1
    assert missing_of(stage) is None
    left = json.dumps([text for text in MISSING if text != token])
    assert (
        f"column x: '{token}' in 1 rows means missing; if it is a value: [clean.columns.x]"
        f" missing = {left}"
    ) in stage.printed()


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "NA"], "integer"),
        (["yes", "no", "None"], "boolean"),
        (["2024-01-31", "null"], "date"),
        (["NA", "NA"], "string"),
    ],
)
def test_beside_values_of_a_type_and_alone_a_token_is_missing(
    stage: CleanStage, cells: Cells, kind: str
) -> None:
    artifact = stage.clean(rows_of(cells))

    assert types_of(artifact)["x"] == kind
    assert table_of(artifact)["x"].to_pylist()[-1] is None


@pytest.mark.parametrize(
    "settings",
    [
        '[clean]\nmissing = ["", "NA"]',
        '[clean.columns.x]\nmissing = ["", "NA"]',
    ],
)
def test_what_the_settings_say_is_missing_is_so_without_a_warning(
    stage: CleanStage, settings: str
) -> None:
    artifact = stage.clean(rows_of(["EU", "NA"]), settings)

    assert table_of(artifact)["x"].to_pylist() == ["EU", None]
    assert "'NA' in" not in stage.printed()


@pytest.mark.parametrize(
    ("cells", "settings", "cleaned"),
    [
        (["EU", "NA"], 'enum = ["EU", "NA"]', ["EU", "NA"]),
        (["Europe", "NA"], 'synonyms = {"NA" = "North America"}', ["Europe", "North America"]),
        (
            ["Some", "None"],
            'type = "boolean"\ntrue_values = ["Some"]\nfalse_values = ["None"]',
            [True, False],
        ),
    ],
)
def test_a_token_that_the_column_s_settings_name_is_a_value(
    stage: CleanStage, cells: Cells, settings: str, cleaned: list[Any]
) -> None:
    artifact = stage.clean(rows_of(cells), f"[clean.columns.x]\n{settings}")

    assert table_of(artifact)["x"].to_pylist() == cleaned


def test_a_declared_string_and_a_text_of_a_typed_source_are_looked_at_as_well(
    stage: CleanStage,
) -> None:
    stage.publish_raw(pa.table({"x": ["EU", "NA", None], "y": ["AS", "NA", "EU"], "n": [1, 2, 3]}))

    assert stage.run('[clean.columns.y]\ntype = "string"') == 0

    table = table_of(stage.artifact())
    assert table["x"].to_pylist() == ["EU", "NA", None]
    assert table["y"].to_pylist() == ["AS", "NA", "EU"]
    assert stage.printed().count("it stays a value") == 2


@pytest.mark.parametrize("other", ["12500000", "PG-13"])
def test_what_mysql_and_postgresql_write_for_null_is_missing(stage: CleanStage, other: str) -> None:
    artifact = stage.clean(rows_of([r"\N", other, r"\N"]))

    assert table_of(artifact)["x"].null_count == 2


def test_a_mark_among_texts_stays_a_value_and_is_named(stage: CleanStage) -> None:
    artifact = stage.clean(rows_of(["Private", "?", "State-gov", "-"]))

    assert table_of(artifact)["x"].null_count == 0
    printed = stage.printed()
    assert (
        "column x: '-' in 1 rows and '?' in 1 rows stay values, as the others are texts; if they"
        ' mean missing: [clean.columns.x] missing = ["",'
    ) in printed
    assert printed.count("missing = [") == 1
    assert r'"#N/A", "\\N", "-", "?"]' in printed


def test_marks_are_proposed_as_missing_without_the_token_that_stays_a_value(
    stage: CleanStage,
) -> None:
    stage.clean(rows_of(["EU", "AS", "NA", "?"]))

    [line] = [line for line in stage.printed().splitlines() if "'?'" in line]
    assert '"NA"' not in line


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["NO", "SI", "NO"], "string"),
        (["NO", "SI", "NA"], "string"),
        (["No", "SI"], "boolean"),
        (["no", "si"], "boolean"),
        (["NO", "SÍ"], "boolean"),
        (["NO", "YES", "NA"], "boolean"),
        (["ON", "OFF"], "boolean"),
        (["JA", "NEIN"], "boolean"),
        (["Y", "N"], "boolean"),
        (["T", "F"], "boolean"),
        (["M", "F"], "string"),
        (["ON", "OR"], "string"),
    ],
)
def test_two_words_are_booleans_unless_both_are_codes(
    stage: CleanStage, cells: Cells, kind: str
) -> None:
    artifact = stage.clean(rows_of(cells))

    assert types_of(artifact)["x"] == kind
    is_told = (
        "no and yes, or country codes (Norway and Slovenia); [clean.columns.x]" in stage.printed()
    )
    assert is_told == ({*cells} >= {"NO", "SI"})


def test_the_settings_of_the_warning_make_booleans_or_confirm_the_texts(stage: CleanStage) -> None:
    words = 'type = "boolean"\ntrue_values = ["SI"]\nfalse_values = ["NO"]'

    made = stage.clean(rows_of(["NO", "SI"]), f"[clean.columns.x]\n{words}")

    assert table_of(made)["x"].to_pylist() == [False, True]
    stage.clean(rows_of(["NO", "SI"]), '[clean.columns.x]\ntype = "string"')
    assert "Slovenia" not in stage.printed()


ERRORS = [*(str(number) for number in range(996)), "ERR", "ERR", "n.b.", "ERR"]


def test_a_few_texts_among_numbers_are_proposed_as_missing_and_as_rejects(
    stage: CleanStage,
) -> None:
    artifact = stage.clean(rows_of(ERRORS))

    assert types_of(artifact)["x"] == "string"
    tokens = json.dumps([*MISSING, "ERR", "n.b."])
    assert (
        "column x becomes a string: 4 of 1,000 values (0.4 %) are not an integer within ±2^53, the"
        " first in row 997: 'ERR', in row 998: 'ERR', in row 999: 'n.b.'; [clean.columns.x]"
        f' missing = {tokens} makes them missing, type = "integer" rejects these rows'
    ) in stage.printed()


def test_both_proposals_do_what_they_say(stage: CleanStage) -> None:
    tokens = json.dumps([*MISSING, "ERR", "n.b."])

    missing = stage.clean(rows_of(ERRORS), f"[clean.columns.x]\nmissing = {tokens}")
    rejecting = stage.clean(rows_of(ERRORS), '[clean.columns.x]\ntype = "integer"')

    assert types_of(missing)["x"] == types_of(rejecting)["x"] == "integer"
    assert (missing.rows, table_of(missing)["x"].null_count) == (1000, 4)
    assert (rejecting.rows, rejecting.manifest["metrics"]["rejected"]) == (996, 4)


@pytest.mark.parametrize(
    ("cell", "proposed"),
    [
        ("{},5", 'type = "number", decimal_char = ","'),
        ("{} €", 'type = "integer", affixes = ["€"], unit = "€"'),
        ("{}.12.2014", 'type = "date", format = "%d.%m.%Y"'),
    ],
)
def test_a_few_texts_among_numbers_and_dates_in_another_form_are_proposed(
    stage: CleanStage, cell: str, proposed: str
) -> None:
    cells: Cells = [*(cell.format(number % 28 + 1) for number in range(99)), "ERR"]

    artifact = stage.clean(rows_of(cells))

    assert types_of(artifact)["x"] == "string"
    printed = stage.printed()
    assert "1 of 100 values (1 %) are not" in printed
    assert f'"ERR"] makes them missing, {proposed} rejects these rows' in printed


def test_many_different_texts_are_proposed_as_rejects_only(stage: CleanStage) -> None:
    cells = [*(str(number) for number in range(994)), *(f"E{number}" for number in range(6))]

    stage.clean(rows_of(cells))

    printed = stage.printed()
    assert "makes them missing" not in printed
    assert '[clean.columns.x] type = "integer" rejects these rows' in printed


def test_a_skipped_hour_is_named_as_the_reason(stage: CleanStage) -> None:
    cells = [*(f"2023-03-{day:02}T12:30" for day in range(1, 32)), "2023-03-26T02:30"]

    stage.clean(rows_of(cells), '[clean]\ntimezone = "Europe/Berlin"')

    assert "(an hour that does not exist in Europe/Berlin)" in stage.printed()


def test_rejected_times_of_a_skipped_hour_are_named(stage: CleanStage) -> None:
    cells = ["2023-03-26T02:30", "26.03.2023 02:45", "2023-03-26T03:30", "soon"]
    settings = '[clean]\ntimezone = "Europe/Berlin"\n[clean.columns.x]\nformat = "%d.%m.%Y %H:%M"'

    artifact = stage.clean(rows_of(cells), settings)

    assert artifact.manifest["metrics"]["rejected"] == 3
    assert (
        "read in Europe/Berlin: column x 1 cells; rejected, because summer time skips their hour:"
        " column x 2 cells"
    ) in stage.printed()


def test_local_times_are_named_with_the_zone_that_they_were_read_in(stage: CleanStage) -> None:
    columns = {
        "naive": ["2023-10-29T02:30", "2023-10-28 12:00:00", "2023-10-27"],
        "aware": ["2023-10-29T02:30Z", "2023-10-28 12:00:00+02:00", "2023-10-27T12:00Z"],
        "German": ["29.10.2023 02:30", "28.10.2023 12:00", "27.10.2023 12:00"],
    }

    stage.clean(columns)
    in_utc = stage.printed()
    stage.clean(columns, '[clean]\ntimezone = "Europe/Berlin"')
    in_berlin = stage.printed()

    assert (
        "datetimes without an offset are read in UTC: column naive 3 cells, column German 3 cells;"
        ' [clean] timezone = "Europe/Berlin" sets another time zone'
    ) in in_utc
    assert (
        "are read in Europe/Berlin: column naive 3 cells, column German 3 cells; ambiguous"
        " times, read as the first of two: column naive 1 cells, column German 1 cells;"
    ) in in_berlin


def test_timestamps_without_a_zone_of_a_typed_source_are_named(stage: CleanStage) -> None:
    moments = pa.array([0, 1, None], pa.int64())
    naive, aware = (moments.cast(pa.timestamp("s", tz=zone)) for zone in (None, "UTC"))
    stage.publish_raw(pa.table({"naive": naive, "aware": aware, "n": [1, 2, 3]}))

    assert stage.run() == 0
    assert "read in UTC: column naive 2 cells; [clean]" in stage.printed()


@pytest.mark.parametrize(
    ("cells", "settings"),
    [
        (["Berlin", "berlin", "BERLIN ", "Berlin", "Ulm"], 'case = "lower"'),
        (["New York", "New  York", "New\u00a0York"], 'whitespace = "collapse"'),
        (["é", "e\u0301", "a"], 'unicode = "NFC"'),
        (
            ["New York", "new  york", "É", "E\u0301"],
            'unicode = "NFC", case = "lower", whitespace = "collapse"',
        ),
    ],
)
def test_texts_that_differ_in_little_stay_and_are_named(
    stage: CleanStage, cells: Cells, settings: str
) -> None:
    artifact = stage.clean(rows_of(cells))

    texts = {str(cell).strip() for cell in cells}
    assert {*table_of(artifact)["x"].to_pylist()} == texts
    assert f"they stay different; [clean.columns.x] {settings} merges them" in stage.printed()
    profile = json.loads(artifact.file("profile.json").read_bytes())
    message = profile["columns"][0]["alike"]
    assert ", ".join(f'{key} = "{value}"' for key, value in message["settings"].items()) == settings
    lines = settings.replace(", ", "\n")
    stage.clean(rows_of(cells), f"[clean.columns.x]\n{lines}")
    assert "stay different" not in stage.printed()


def test_the_most_frequent_of_alike_texts_comes_first(stage: CleanStage) -> None:
    stage.clean(rows_of(["berlin", "Berlin", "Berlin", "Ulm"]))

    assert (
        "column x: 2 texts may mean only 1, such as 'Berlin' (2 rows) and 'berlin' (1 rows);"
    ) in stage.printed()


def test_alike_texts_of_a_private_column_are_only_counted(stage: CleanStage) -> None:
    artifact = stage.clean(rows_of(["Ann", "ann"]), "[clean.columns.x]\nprivate = true")

    printed = stage.printed()
    assert "column x: 2 texts may mean only 1; they stay different" in printed
    assert "ann" not in printed.lower().replace("than", "")
    assert "Ann" not in artifact.file("profile.json").read_text(encoding="utf-8")


HOSTILE = "x\x1b[2J\x85\u2028\u202e\x9b31m\nclean     9 rows in\rclean     9 rows in"


@pytest.mark.parametrize("form", ["", "json"])
def test_no_cell_and_no_name_forges_or_hides_a_line_of_the_log(
    stage: CleanStage, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("LOG_FORMAT", form)
    columns = {
        HOSTILE: [*(str(number) for number in range(99)), HOSTILE],
        "level": [HOSTILE, HOSTILE.upper()] * 50,
        "size": [*(str(number) for number in range(99)), HOSTILE],
    }

    stage.clean(columns, '[clean.columns.size]\ntype = "integer"')

    lines = stage.printed().removesuffix("\n").split("\n")
    assert sum("x1b[2J" in line or "u001b[2J" in line for line in lines) >= 3
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("clean     9 rows in") for line in lines)
