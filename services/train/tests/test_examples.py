import json
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from made_data import MadeData, houses
from modelling.data.edge_cases import UNSEEN
from modelling.data.problem import Schema
from modelling.evaluation.examples import as_json, choose_examples, example_lines, shortest_decimal


def chosen(count: int, *, raw: pa.Table | None = None) -> list[dict[str, Any]]:
    rows = raw if raw is not None else houses(60, seed=4)
    return choose_examples(rows, MadeData().rules, count=count).to_pylist()


def test_the_last_rows_are_the_hard_ones() -> None:
    *_, missing, unseen, bare = chosen(10)

    assert None in [value for name, value in missing.items() if name != "owner"]
    assert unseen["colour"] == UNSEEN
    assert [name for name, value in bare.items() if value is None] == [
        "size",
        "garden",
        "colour",
        "owner",
    ]


def test_as_many_rows_as_asked_for_are_chosen_and_always_the_same() -> None:
    assert [len(chosen(count)) for count in (1, 2, 10)] == [1, 2, 10]
    assert chosen(10) == chosen(10)


def test_few_rows_give_few_examples() -> None:
    assert len(chosen(20, raw=houses(60, seed=4)[:3])) <= 6


def test_the_first_row_is_an_ordinary_one_with_all_its_values() -> None:
    first = chosen(20)[0]

    assert [name for name, value in first.items() if value is None] == ["owner"]
    assert first["colour"] != UNSEEN


def test_values_of_private_columns_are_missing() -> None:
    assert {row["owner"] for row in chosen(20)} == {None}


def test_a_row_that_a_request_could_not_carry_is_not_chosen() -> None:
    raw = houses(60, seed=4)
    rooms = pa.array([None if i % 2 else i for i in range(60)], pa.int64())

    rows = chosen(20, raw=raw.set_column(1, "rooms", rooms))

    assert all(row["rooms"] is not None for row in rows)


def test_no_text_is_made_up_where_only_some_are_allowed() -> None:
    document = MadeData().schema
    for field in document["fields"]:
        field["constraints"] = {"enum": ["blue"]} if field["type"] == "string" else {}

    rows = choose_examples(houses(60, seed=4), Schema.model_validate(document), count=20)

    assert UNSEEN not in rows["colour"].to_pylist()


def test_a_line_holds_a_row_and_what_the_graph_answers() -> None:
    rows = pa.table({"size": [1.5, None], "rooms": pa.array([2, None], pa.int64())})

    said = np.array([0.1, 2], np.float32)
    numbers = list(example_lines(rows, {"prediction": said}))
    ends = list(example_lines(rows, {"prediction": said, "low": said - 1, "high": said + 1}))
    classes = list(example_lines(rows[:1], {"probabilities": np.array([[0.3, 0.7]], np.float32)}))

    assert numbers == [
        '{"row": {"size": 1.5, "rooms": 2}, "expected": 0.1}\n',
        '{"row": {"size": null, "rooms": null}, "expected": 2.0}\n',
    ]
    assert json.loads(classes[0])["expected"] == [0.3, 0.7]
    assert json.loads(ends[1])["interval"] == [1, 3]


def test_times_are_written_as_the_contract_says() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)

    assert as_json(moment) == "2024-01-02T03:04:05Z"
    assert as_json(moment.replace(microsecond=50)) == "2024-01-02T03:04:05.000050Z"
    assert as_json(date(987, 1, 2)) == "0987-01-02"


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_the_shortest_decimals_are_the_same_float32(value: float) -> None:
    assert np.float32(json.loads(json.dumps(shortest_decimal(np.float32(value))))) == np.float32(
        value
    )
