"""Settings: an invalid setting ends the run with one line."""

from pathlib import Path

import pytest
from clean.settings import Settings
from stage_contract import SettingsError, read_pipeline, resolve


def resolve_text(folder: Path, text: str) -> Settings:
    path = folder / "t.toml"
    path.write_text(text, encoding="utf-8")
    return resolve(Settings, read_pipeline(path), "clean")


def test_everything_has_a_default(tmp_path: Path) -> None:
    settings = resolve_text(tmp_path, "")

    assert settings == Settings()
    assert (settings.timezone, settings.duplicates, settings.columns) == ("UTC", "drop", {})


def test_a_date_of_toml_is_a_bound(tmp_path: Path) -> None:
    settings = resolve_text(
        tmp_path,
        "[clean.columns.day]\nminimum = 2013-01-01\nmaximum = 2013-12-31T23:59:59Z\n",
    )

    day = settings.columns["day"]
    assert (day.minimum, day.maximum) == ("2013-01-01", "2013-12-31T23:59:59+00:00")


def test_bounds_keep_their_type(tmp_path: Path) -> None:
    columns = resolve_text(
        tmp_path, "[clean.columns.x]\nminimum = 1\nmaximum = 1.5\nenum = [true, 1, 1.5, 'a']\n"
    ).columns

    assert repr(columns["x"].minimum) == "1"
    assert columns["x"].model_dump(mode="json")["enum"] == [True, 1, 1.5, "a"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[clean]\nduplicate = 'drop'", "duplicate is not a setting; did you mean duplicates?"),
        ("[clean]\nduplicates = 'drip'", "duplicates = 'drip': Input should be 'drop' or 'keep'"),
        ("[clean]\ntimezone = 'Berlin'", "expected an IANA name such as UTC or Europe/Berlin"),
        ("[clean]\ntimezone = '../etc'", "expected an IANA name"),
        ("[clean]\ntimezone = 'Europe'", "expected an IANA name"),
        ("[clean]\nmissing = [' - ']", "cells are compared after trimming; write '-'"),
        ("[clean]\nmissing = '-'", "missing = '-': Input should be a valid list"),
        (
            "[clean.columns.x]\nminimun = 0",
            "columns.x.minimun is not a setting; did you mean minimum?",
        ),
        ("[clean.columns.x]\ntype = 'float'", "columns.x.type = 'float': Input should be 'string'"),
        ("[clean.columns.x]\nminimum = true", "columns.x.minimum = True: expected a number"),
        ("[clean.columns.x]\nminimum = nan", "columns.x.minimum = nan: expected a number"),
        (f"[clean.columns.x]\nminimum = 1{'0' * 400}", "expected a number"),
        ("[clean.columns.x]\nminimum = [1]", "columns.x.minimum = [1]: expected a number"),
        ("[clean.columns.x]\nmin_length = -1", "columns.x.min_length = -1: Input should be"),
        ("[clean.columns.x]\nmax_length = 1.0", "columns.x.max_length = 1.0: Input should be"),
        ("[clean.columns.x]\nenum = []", "columns.x.enum = []: List should have at least 1 item"),
        ("[clean.columns.x]\nenum = [[1]]", "columns.x.enum.0 = [1]: expected a number"),
        ("[clean.columns]\nx = 1", "columns.x = 1: "),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        resolve_text(tmp_path, text)

    assert str(error.value).startswith("t.toml: [clean] ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_the_selection_is_what_rejects_rows() -> None:
    columns = {"price": {"unit": "EUR", "maximum": 9, "outliers": "iqr"}, "name": {"case": "lower"}}

    found = Settings.model_validate({"columns": columns}).selection

    assert found == {
        "duplicates": "drop",
        "key": None,
        "keep_duplicates": "first",
        "columns": {"price": {"maximum": 9, "outliers": "iqr"}},
    }
