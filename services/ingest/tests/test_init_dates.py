"""Dates in the file that init writes: their zone, their other readings, and what a model learns."""

import logging
import tomllib
from typing import Any

import pytest
from made_columns import ROWS, among, days, noise, uncomment

type Init = Any
"""The fixture of conftest.py."""


def test_columns_of_local_times_are_named_with_the_setting_of_their_zone(init: Init) -> None:
    file, text = init(
        {
            "local": among(["2024-05-01T12:00", "2024-05-02 13:30:05"]),
            "German": among(["13.5.2024 12:00", "24.12.2024 12:00"]),
            "aware": among(["2024-05-01T12:00Z", "2024-05-02 13:30:05+02:00"]),
            "day": among(["2024-05-01", "2024-05-02"]),
            "price": noise(),
        }
    )

    assert '# The datetimes of "local", "German" have no offset, so they are read in UTC.' in text
    assert "timezone" not in file["clean"]
    assert uncomment(text, 'timezone = "Europe/Berlin"')["clean"]["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize("form", ["{}T00:00", "{} 00:00:00", "{}T00:00:00.000"])
def test_datetimes_that_are_always_at_midnight_are_told_and_are_no_local_times(
    init: Init, caplog: pytest.LogCaptureFixture, form: str
) -> None:
    caplog.set_level(logging.INFO)
    _, text = init({"x": [form.format(day) for day in days()], "size": noise(), "price": noise()})

    told = "all of its times are 00:00, so it holds dates; with timezone in [clean] they may become"
    assert f"# Look: {told}" in text
    assert caplog.text.count(f'"x": {told}') == 1
    assert "no offset" not in text


@pytest.mark.parametrize("other", ["2024-05-01T00:01", "2024-05-01T00:00Z"])
def test_datetimes_at_other_times_or_with_an_offset_are_no_dates(init: Init, other: str) -> None:
    others = ["2024-05-01T00:00", "2024-05-02T00:00"] if other.endswith("1") else [other]

    _, text = init({"x": among(others, other), "size": noise(), "price": noise()})

    assert 'type = "datetime"' in text
    assert "so it holds dates" not in text


@pytest.mark.parametrize(("clock", "hour"), [("", ""), ("T12:30", ", hour")])
def test_an_input_of_dates_is_told_with_what_the_model_learns_from_it(
    init: Init, clock: str, hour: str
) -> None:
    sold = [f"{day}{clock}" for day in days()]

    file, text = init({"sold": sold, "size": noise(), "price": noise()})
    _, of_two = init({"sold": sold, "paid": sold, "size": noise(), "price": noise()})

    assert file["features"]["time_column"] == "sold"
    learnt = f"# An input as year, month, day, day of week{hour}, day of year and elapsed days."
    assert text.count(learnt) == 1
    assert "add the column to exclude; it still splits the rows." in text
    assert "time_column" not in tomllib.loads(of_two)["features"]
    assert "add the column to exclude." in of_two
    assert "still splits" not in of_two


def test_years_of_two_digits_that_become_late_ones_are_counted_and_split_nothing(
    init: Init, caplog: pytest.LogCaptureFixture
) -> None:
    days = [f"{row % 12 + 1:02}/{row % 28 + 1:02}/{row % 100:02}" for row in range(ROWS)]

    file, text = init({"x": days, "size": noise(), "price": noise()})

    told = "78 of 200 dates are from 2030-"
    assert f"# Look: {told}" in text
    assert f'"x": {told}' in caplog.text
    assert "the others from 1969-" in text
    assert file["clean"]["columns"]["x"]["format"] == "%m/%d/%y"
    assert "time_column" not in text


def test_late_dates_of_a_private_column_are_counted_and_not_shown(init: Init) -> None:
    days = [f"{row % 12 + 1:02}/{row % 28 + 1:02}/{row % 100:02}" for row in range(ROWS)]

    _, text = init({"birth date": days, "size": noise(), "price": noise()})

    assert "78 of 200 dates are in 2030 or later, as" in text
    assert "2030-" not in text


def test_integers_that_may_be_dates_are_shown_with_the_settings_for_dates(init: Init) -> None:
    compact = [day.replace("-", "") for day in days()]
    _, text = init({"size": noise(), "day": compact, "price": noise()})

    assert "its integers may be dates, such as 20" in text
    assert '# type = "date"  # they are dates, with the next line\n# format = "%Y%m%d"\n' in text


@pytest.mark.parametrize("wrong", ["20240230", "99991231", "2024010", "12345678"])
def test_integers_of_which_one_is_no_date_are_numbers(init: Init, wrong: str) -> None:
    compact = [day.replace("-", "") for day in days()]
    _, text = init({"size": noise(), "day": [*compact[1:], wrong], "price": noise()})

    assert "may be dates" not in text


def test_the_range_of_dates_in_another_format_or_beside_words_is_from_first_to_last(
    init: Init,
) -> None:
    _, text = init(
        {
            "German": among(["31.01.2024", "02.12.2024", "05.06.2023"]),
            "open": among(["2024-01-31", "2024-12-02"], "unknown"),
            "price": noise(),
        }
    )

    assert "05.06.2023 to 02.12.2024" in text
    assert "2024-01-31 to 2024-12-02" in text
