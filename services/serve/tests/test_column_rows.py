"""Rows as columns: read at once, with the same result as cell by cell."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serve.codecs.column_rows import ColumnRows
from serve.codecs.columns import Datetimes, Numbers, Table, Texts, cells_of, concatenate
from serve.codecs.rows import Feed, Rows
from serve.problems import RequestError
from serve.schema.cells import CellError, Rules
from serve.schema.model_json import read_description
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, MadeModel, field

ALL = [
    field("number", "number", "numbers 0", constraints={"minimum": -1, "exclusiveMaximum": 10}),
    field("whole", "integer", "numbers 1", constraints={"exclusiveMinimum": -5, "maximum": 2**53}),
    field("chosen", "integer", "numbers 2", constraints={"enum": [1, 2]}),
    field("flag", "boolean", "numbers 3"),
    field("day", "date", "numbers 4", constraints={"minimum": "2000-01-01"}),
    field("moment", "datetime", "numbers 5"),
    field("text", "string", "strings 0", constraints={"maxLength": 3}),
    field("code", "integer", "strings 1"),
    field("must", "number", "numbers 6", missing=0),
    field("priced", "number", "numbers 7", affixes=["$"], constraints={"maximum": 10}),
    field("counted", "integer", "strings 2", groupChar=","),
    field("said", "boolean", "numbers 8", trueValues=["a"], falseValues=[]),
    field("dated", "date", "numbers 9", format="%d/%m/%Y"),
    field("cased", "string", "strings 3", case="upper"),
]


def readers(fields: list[dict[str, Any]], timezone: str = "UTC") -> tuple[Rows, ColumnRows]:
    model = DIAMONDS.but(fields=fields, timezone=timezone)
    signature = read_description(json.dumps(model.document()).encode()).signature
    rows = Rows(signature)
    return rows, ColumnRows(signature, rows, max_rows=1000)


def outcome(read: Callable[[], Feed]) -> Any:
    """Return what comes out, in a form that can be compared: a feed, or what is wrong."""
    try:
        feed = read()
    except RequestError as error:
        return error.document()
    return {group: [*map(repr, array.ravel().tolist())] for group, array in feed.items()}


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 12),
    st.sampled_from([2**53, 2**53 + 1, -(2**53), 10**30, 10**400, -0.0, 0.5, float("inf"), 1e300]),
    st.floats(-20, 20),
    st.sampled_from(["", "NA", " a ", "abcd", "2013-01-31", "1999-12-31", "2013-01-01T05:00Z"]),
    st.sampled_from(["5 $", "$ 50", "1,000", "31/12/2013"]),
    st.lists(st.integers(), max_size=1),
)


@given(st.data())
def test_columns_are_read_as_their_cells_are(data: st.DataObject) -> None:
    rows, column_rows = readers(ALL)
    length = data.draw(st.integers(1, 4))
    names = data.draw(st.sets(st.sampled_from([each["name"] for each in ALL])))
    columns = {
        name: data.draw(st.lists(CELLS, min_size=length, max_size=length))
        for name in [each["name"] for each in ALL]
        if name in names | {"must"}
    }
    by_row = [{name: values[row] for name, values in columns.items()} for row in range(length)]

    at_once = outcome(
        lambda: column_rows.feed(
            Table({name: cells_of(values) for name, values in columns.items()}, length)
        )
    )

    assert at_once == outcome(lambda: rows.clean(by_row, Rules.from_json))


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)),
    st.sampled_from(["s", "ms", "us", "ns"]),
)
def test_a_moment_is_the_number_that_its_text_is(moment: datetime, unit: str) -> None:
    rows, column_rows = readers([field("moment", "datetime", "numbers 0")])
    count = (moment - EPOCH) // timedelta(microseconds=1)
    count = count * 1000 if unit == "ns" else count // {"s": 10**6, "ms": 10**3, "us": 1}[unit]
    if not -(2**63) < count < 2**63:
        return
    cells = Datetimes(np.array([count]), unit, has_zone=True)

    feed = column_rows.feed(Table({"moment": cells}, 1))

    [text] = cells.objects()
    assert text.endswith("Z")
    assert (feed["numbers"] == rows.clean([{"moment": text}], Rules.from_json)["numbers"]).all()


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 0), ("America/New_York", 5)])
def test_a_moment_without_a_zone_is_in_that_of_the_model(zone: str, hours: int) -> None:
    _, column_rows = readers([field("moment", "datetime", "numbers 0")], zone)
    local = np.array([0, 86_400])
    plain = Datetimes(local, "s", has_zone=False, missing=np.array([False, True]))
    aware = Datetimes(local, "s", has_zone=True)

    read = column_rows.feed(Table({"moment": plain}, 2))["numbers"].ravel()

    assert read[0] == hours * 3600
    assert np.isnan(read[1])
    assert column_rows.feed(Table({"moment": aware}, 2))["numbers"].ravel().tolist() == [0, 86_400]


def test_a_midnight_counts_as_a_day_and_another_moment_does_not() -> None:
    _, column_rows = readers([field("day", "date", "numbers 0")])
    moments = Datetimes(np.array([86_400_000, 86_400_001]), "ms", has_zone=False)

    with pytest.raises(CellError):
        column_rows.pack(Table({"day": moments}, 2))
    right = Datetimes(np.array([86_400_000]), "ms", has_zone=False)
    assert column_rows.feed(Table({"day": right}, 1))["numbers"].tolist() == [[86_400.0]]


def test_a_day_past_the_calendar_is_refused_and_named() -> None:
    _, column_rows = readers([field("moment", "datetime", "numbers 0")])
    far = Datetimes(np.array([2**62]), "us", has_zone=False)

    with pytest.raises(RequestError) as caught:
        column_rows.feed(Table({"moment": far}, 1))

    assert caught.value.errors[0].value == "148108-07-06T14:00:27.387904"


@pytest.mark.parametrize("model", [DIAMONDS, PENGUINS, FLIGHTS], ids=lambda model: model.target)
def test_without_columns_every_value_is_missing(model: MadeModel) -> None:
    optional = [each | {"observed": {"rows": 9, "missing": 9}} for each in model.fields]
    _, column_rows = readers(optional)

    feed = column_rows.feed(Table({}, 2))

    assert np.isnan(feed["numbers"]).all()
    assert (feed["strings"] == "").all()


def test_parts_of_a_column_are_joined_with_what_is_missing_in_one_of_them() -> None:
    first = Numbers(np.array([1, 2]), np.array([True, False]))

    whole = concatenate([first, Numbers(np.array([3]))])

    assert whole.objects() == [None, 2, 3]
    assert concatenate([Texts(["a"]), Texts([None])]).objects() == ["a", None]
