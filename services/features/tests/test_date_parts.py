from datetime import UTC, datetime, timedelta

import numpy as np
from features.preprocessing.date_parts import PARTS, calendar_parts, pandas_parts
from hypothesis import given
from hypothesis import strategies as st

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.datetimes(timezones=st.just(UTC))


@given(INSTANTS)
def test_calendar_arithmetic_agrees_with_the_standard_library(instant: datetime) -> None:
    whole = instant.replace(microsecond=0)
    parts = calendar_parts(np.float64((whole - EPOCH) // timedelta(seconds=1)))

    assert parts["year"] == instant.year
    assert parts["month"] == instant.month
    assert parts["day"] == instant.day
    assert parts["day of week"] == instant.weekday()
    assert parts["hour"] == instant.hour
    assert parts["day of year"] == instant.timetuple().tm_yday


@given(INSTANTS)
def test_pandas_finds_the_same_parts(instant: datetime) -> None:
    seconds = np.array([[(instant - EPOCH) / timedelta(seconds=1)]])
    found = pandas_parts(seconds, with_hour=(True,))
    expected = calendar_parts(seconds[0, 0])

    assert found[0].tolist() == [expected[part] for part in PARTS]


def test_parts_stand_year_first_for_all_dates_and_hours_only_where_asked_for() -> None:
    found = pandas_parts(np.array([[0.0, 86_400.0 * 365]]), with_hour=(False, True))

    assert found.tolist() == [[1970, 1971, 1, 1, 1, 1, 3, 4, 0, 1, 1, 0, 365]]
