from datetime import UTC, datetime, timedelta

import numpy as np
from features.preprocessing.date_parts import PARTS, calendar_parts, pandas_parts
from hypothesis import given
from hypothesis import strategies as st

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMPS = st.datetimes(timezones=st.just(UTC))


@given(TIMESTAMPS)
def test_calendar_arithmetic_agrees_with_the_standard_library(timestamp: datetime) -> None:
    whole = timestamp.replace(microsecond=0)
    parts = calendar_parts(np.float64((whole - EPOCH) // timedelta(seconds=1)))

    assert parts["year"] == timestamp.year
    assert parts["month"] == timestamp.month
    assert parts["day"] == timestamp.day
    assert parts["day of week"] == timestamp.weekday()
    assert parts["hour"] == timestamp.hour
    assert parts["day of year"] == timestamp.timetuple().tm_yday


@given(TIMESTAMPS)
def test_pandas_finds_the_same_parts(timestamp: datetime) -> None:
    seconds = np.array([[(timestamp - EPOCH) / timedelta(seconds=1)]])
    found = pandas_parts(seconds, with_hour=(True,))
    expected = calendar_parts(seconds[0, 0])

    assert found[0].tolist() == [expected[part] for part in PARTS]


def test_parts_stand_year_first_for_all_dates_and_hours_only_where_asked_for() -> None:
    found = pandas_parts(np.array([[0.0, 86_400.0 * 365]]), with_hour=(False, True))

    assert found.tolist() == [[1970, 1971, 1, 1, 1, 1, 3, 4, 0, 1, 1, 0, 365]]
