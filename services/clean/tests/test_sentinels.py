"""Sentinels: 999 among ages causes a warning, 999 among prices does not."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from clean.cleaning.sentinels import are_candidates, find_sentinels
from conftest import CleanStage, table_of


@pytest.mark.parametrize(
    ("rows", "low", "high", "sentinels"),
    [
        ({999.0: 2}, 18, 87, [999]),
        ({-9.0: 5}, 18, 87, [-9]),
        ({999.0: 1}, 18, 87, []),
        ({99.0: 9}, 18, 87, []),
        ({-9.0: 5}, -3, 87, []),
        ({999.0: 9}, 18, 500, []),
        ({-999.0: 2}, -20, 35, [-999]),
        ({-99.0: 2}, -40, 50, []),
        ({98.0: 2, 99.0: 7}, 1, 5, [98, 99]),
        ({-1.0: 3}, 0, 871, [-1]),
        ({-1.0: 3}, 0, 1, []),
        ({-1.0: 3}, -5, 871, []),
        ({9.0: 5}, 1, 1, []),
        ({9.0: 5}, None, None, []),
    ],
)
def test_a_number_far_from_all_others_is_one(
    rows: dict[float, int], low: float | None, high: float | None, sentinels: list[float]
) -> None:
    assert find_sentinels(rows, low=low, high=high) == sentinels


@pytest.mark.parametrize(
    ("value", "low", "high", "is_far"),
    [
        (date(1900, 1, 1), date(1930, 5, 1), date(2005, 1, 1), True),
        (date(1970, 1, 1), date(1930, 5, 1), date(2005, 1, 1), False),
        (date(1970, 1, 1), date(2013, 1, 1), date(2023, 1, 1), True),
        (date(9999, 12, 31), date(2013, 1, 1), date(2023, 1, 1), True),
        (date(2099, 12, 31), date(2013, 1, 1), date(2095, 1, 1), False),
    ],
)
def test_a_day_years_away_from_all_others_is_one(
    *, value: date, low: date, high: date, is_far: bool
) -> None:
    assert find_sentinels({value: 2}, low=low, high=high) == [value] * is_far


def test_a_datetime_is_compared_by_its_day_in_any_zone() -> None:
    late = datetime(1899, 12, 31, 23, 6, 32, tzinfo=UTC)

    found = are_candidates(pa.array([late, None], pa.timestamp("us", "UTC")), "datetime")

    assert found is not None
    assert found.to_pylist() == [True, False]


ROWS = [str(number) for number in range(5)]
AGES_AND_NINES = ["18", "45", "87", "999", "999"]
DEFAULT = r'"", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "\\N"'


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (AGES_AND_NINES, "'999' in 2 rows, far from the other values (18 to 87)"),
        (["1.5", "2.5", "3", "-999.0", "-999.0"], "'-999.0' in 2 rows, far from the other values"),
        (["1,5", "2,5", "3", "-99,0", "-99,0"], "'-99,0' in 2 rows, far from the other values"),
        (
            ["1.5.2014", "31.8.2015", "1.2.2016", "31.12.9999", "31.12.9999"],
            "'31.12.9999' in 2 rows, far from the other values (2014-05-01 to 2016-02-01)",
        ),
        (
            ["2014-05-01", "2015-05-01", "2016-05-01", "1900-01-01", "1900-01-01"],
            "'1900-01-01' in 2 rows, far from the other values",
        ),
    ],
)
def test_a_sentinel_is_suggested_as_it_is_written_and_kept(
    stage: CleanStage, cells: list[str], message: str
) -> None:
    artifact = stage.clean({"age": cells, "row": ROWS})

    assert table_of(artifact)["age"].null_count == 0
    printed = stage.printed()
    assert f"warning: column age: {message}" in printed
    token = message.split("'")[1]
    assert f'if it means missing: [clean.columns.age] missing = [{DEFAULT}, "{token}"]' in printed


def test_the_suggested_setting_makes_it_missing(stage: CleanStage) -> None:
    artifact = stage.clean(
        {"age": AGES_AND_NINES, "row": ROWS}, '[clean.columns.age]\nmissing = ["", "999"]'
    )

    assert table_of(artifact)["age"].to_pylist() == [18, 45, 87, None, None]
    assert "far from" not in stage.printed()


def test_a_sentinel_is_found_among_more_values_than_a_profile_counts(stage: CleanStage) -> None:
    cells = [*(f"{row / 7:.4f}" for row in range(12_000)), "-999", "-999"]

    stage.clean({"x": cells, "row": [str(row) for row in range(len(cells))]})

    assert "column x: '-999' in 2 rows, far from the other values" in stage.printed()


def test_a_typed_column_gives_no_hint_as_its_numbers_are_no_missing_texts(
    stage: CleanStage,
) -> None:
    stage.publish_raw(pa.table({"age": [18, 45, 87, 999, 999], "row": range(5)}))

    assert stage.run() == 0
    assert "999" not in stage.printed()


def test_a_private_column_gives_no_hint(stage: CleanStage) -> None:
    stage.clean({"age": AGES_AND_NINES, "row": ROWS}, "[clean.columns.age]\nprivate = true\n")

    assert "999" not in stage.printed()
