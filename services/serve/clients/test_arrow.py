"""Arrow streams as pandas, Polars, pyarrow and nanoarrow write them, read back by each."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx
import nanoarrow as na
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import Server

ARROW = {"content-type": "application/vnd.apache.arrow.stream"}
ROWS = [
    {"bill": 39.1, "year": 2007, "island": "Biscoe"},
    {"bill": None, "year": None, "island": "an island that nobody has seen"},
]
FLIGHT = {"hour": datetime(2013, 1, 1, 5, tzinfo=UTC), "day": date(2013, 1, 1), "holiday": True}


def ask(server: Server, body: bytes) -> bytes:
    answer = httpx.post(f"{server.url}/predict", content=body, headers=ARROW)
    assert answer.status_code == 200, answer.text
    return answer.content


def with_pyarrow(rows: list[dict[str, Any]]) -> bytes:
    return written(pa.Table.from_pylist(rows))


def with_pandas(rows: list[dict[str, Any]]) -> bytes:
    return written(pa.Table.from_pandas(pd.DataFrame(rows)))


def with_pandas_categories(rows: list[dict[str, Any]]) -> bytes:
    table = pd.DataFrame(rows).astype({name: "category" for name in ("island",) if name in rows[0]})
    return written(pa.Table.from_pandas(table))


def with_polars(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pl.DataFrame(rows).write_ipc_stream(sink)
    return sink.getvalue()


def with_polars_categories(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    pl.DataFrame(rows).with_columns(pl.col(pl.String).cast(pl.Categorical)).write_ipc_stream(sink)
    return sink.getvalue()


def written(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


WRITERS = [with_pyarrow, with_pandas, with_pandas_categories, with_polars, with_polars_categories]


@pytest.mark.parametrize("write", WRITERS)
def test_a_table_is_predicted(
    penguins: Server, write: Callable[[list[dict[str, Any]]], bytes]
) -> None:
    answer = pl.read_ipc_stream(ask(penguins, write(ROWS)))

    assert answer["predicted_species"].to_list() == [
        each["species"] for each in penguins.predict(*ROWS)
    ]


@pytest.mark.parametrize("write", [with_pyarrow, with_pandas, with_polars])
def test_days_and_moments_are_predicted(
    flights: Server, write: Callable[[list[dict[str, Any]]], bytes]
) -> None:
    answer = pa.ipc.open_stream(ask(flights, write([FLIGHT]))).read_all()

    [expected] = flights.predict(FLIGHT | {"hour": "2013-01-01T05:00Z", "day": "2013-01-01"})
    assert answer["predicted_late"].to_pylist() == [expected["late"]]


def test_the_answer_is_read_by_every_library(penguins: Server) -> None:
    answer = ask(penguins, with_pyarrow(ROWS))

    by_pyarrow = pa.ipc.open_stream(answer).read_all()
    by_pandas = by_pyarrow.to_pandas()
    by_polars = pl.read_ipc_stream(answer)
    by_nanoarrow = na.ArrayStream.from_readable(answer).read_all().to_pylist()
    columns = by_pyarrow.column_names
    assert columns == by_polars.columns == [*by_pandas.columns] == [*by_nanoarrow[0]]
    expected = by_pyarrow.to_pylist()
    assert by_polars.to_dicts() == expected
    assert by_pandas.to_dict(orient="records") == expected
    assert [row[columns[1]] for row in by_nanoarrow] == [row[columns[1]] for row in expected]


def test_a_failed_table_says_what_is_wrong(penguins: Server) -> None:
    wrong = pa.table({"island": ["Biscoe"], "year": [2007.5]})

    answer = httpx.post(f"{penguins.url}/predict", content=written(wrong), headers=ARROW)

    assert answer.json()["errors"] == [
        {"row": 1, "column": "year", "value": 2007.5, "expected": "a whole number within ±2⁵³"}
    ]
