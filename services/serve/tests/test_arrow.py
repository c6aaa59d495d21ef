"""POST /predict with an Arrow stream: every type, what is wrong, and the stream that comes back."""

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from asking import Worker, errors
from serve_testing.made_models import DIAMONDS, FLIGHTS, PENGUINS, publish_model
from serve_testing.request_forms import ARROW, stream_of

HEADERS = {"content-type": ARROW}
RIGHT = {"carat": [0.23, 1.0], "depth": [61.5, None], "cut": ["Ideal", "Good"]}
PRICES = [322.0, 1020.5]


def prices(worker: Worker, table: pa.Table, **options: Any) -> list[float]:
    answer = worker.send(stream_of(table, **options), HEADERS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == ARROW
    found: list[float] = (
        pa.ipc.open_stream(answer.content).read_all()["predicted_price"].to_pylist()
    )
    return found


def with_column(name: str, array: pa.Array) -> pa.Table:
    return pa.table({**pa.table(RIGHT).to_pydict(), name: array})


def test_a_stream_is_answered_with_a_stream_of_predictions(diamonds: Worker) -> None:
    assert prices(diamonds, pa.table(RIGHT)) == PRICES


def test_it_is_answered_with_json_if_the_client_says_so(diamonds: Worker) -> None:
    body = stream_of(pa.table(RIGHT))
    asked = {
        accept: diamonds.send(body, HEADERS | {"accept": accept}).headers["content-type"]
        for accept in ("application/json", "*/*", f"{ARROW}, application/json", "text/html")
    }

    assert list(asked.values()) == ["application/json", ARROW, ARROW, ARROW]
    answer = diamonds.send(body, HEADERS | {"accept": "application/json"})
    assert [each["price"] for each in answer.json()["predictions"]] == PRICES


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("carat", pa.array([0.23, 1.0], pa.float32())),
        ("carat", pa.array(np.array([0.25, 1], np.float16))),
        ("carat", pa.array([1, 1], pa.uint8())),
        ("carat", pa.array([1, 2**62], pa.uint64())),
        ("depth", pa.array([-3, None], pa.int16())),
        ("depth", pa.nulls(2)),
        ("cut", pa.array(["Ideal", "Good"], pa.large_string())),
        ("cut", pa.array(["Ideal", "a text of more than twelve bytes"], pa.string_view())),
        ("cut", pa.array(["Ideal", "Good"]).dictionary_encode()),
        ("cut", pa.array(["å", "日本"])),
        ("color", pa.array([None, "Fair"], pa.string_view())),
        ("color", pa.DictionaryArray.from_arrays(pa.array([1, None], pa.int8()), ["E", "Fair"])),
        ("color", pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.uint16()), ["E", None])),
        (
            "color",
            pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int64()), pa.array([], "str")),
        ),
        ("depth", pa.DictionaryArray.from_arrays(pa.array([1, None], pa.int8()), [7.5, 61.5])),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_a_column_has_the_values_that_it_would_have_in_json(
    diamonds: Worker, name: str, array: pa.Array
) -> None:
    table = with_column(name, array)

    answer = diamonds.predict(*table.to_pylist())

    expected = [each["price"] for each in answer.json()["predictions"]]
    assert np.float32(prices(diamonds, table)).tolist() == np.float32(expected).tolist()


@pytest.mark.parametrize(
    "hour",
    [
        pa.array([datetime(2013, 1, 1, 10, tzinfo=UTC)], pa.timestamp("us", "UTC")),
        pa.array([datetime(2013, 1, 1, 10, tzinfo=UTC)], pa.timestamp("ns", "Europe/Berlin")),
        pa.array([datetime(2013, 1, 1, 5)], pa.timestamp("ms")),
        pa.array([datetime(2013, 1, 1, 5)], pa.timestamp("s")),
        pa.array(["2013-01-01T05:00"]),
    ],
    ids=lambda array: str(array.type),
)
@pytest.mark.parametrize(
    "day",
    [
        pa.array([date(2013, 1, 1)], pa.date32()),
        pa.array([date(2013, 1, 1)], pa.date64()),
        pa.array([datetime(2013, 1, 1)], pa.timestamp("ns")),  # as pandas has days
        pa.array(["2013-01-01"]),
    ],
    ids=lambda array: str(array.type),
)
def test_days_and_moments_are_what_their_texts_are(
    flights: Worker, hour: pa.Array, day: pa.Array
) -> None:
    as_text = {"hour": "2013-01-01T05:00", "day": "2013-01-01", "holiday": True, "number": 7}
    table = pa.table({"hour": hour, "day": day, "holiday": [True], "number": [7]})

    answer = pa.ipc.open_stream(flights.send(stream_of(table), HEADERS).content).read_all()

    [expected] = flights.predict(as_text).json()["predictions"]
    assert answer["predicted_late"].to_pylist() == [expected["late"]]
    found = [answer[name][0].as_py() for name in ("probability_false", "probability_true")]
    assert np.float32(found).tolist() == np.float32([*expected["probabilities"].values()]).tolist()


def test_a_class_that_is_a_text_comes_as_a_dictionary(penguins: Worker) -> None:
    table = pa.table({"bill": [39.1, 5.0], "year": [2007, 9], "island": ["Biscoe", "Dream"]})

    answer = pa.ipc.open_stream(penguins.send(stream_of(table), HEADERS).content).read_all()

    assert answer.validate(full=True) is None
    assert answer.column_names == [
        "predicted_species", "probability_Adelie", "probability_Chin%strap", 'probability_G"entoo',
    ]  # fmt: skip
    expected = penguins.predict(*table.to_pylist()).json()["predictions"]
    assert answer["predicted_species"].to_pylist() == [each["species"] for each in expected]


def test_a_class_that_is_an_integer_comes_as_one(tmp_path: Path) -> None:
    publish_model(tmp_path, PENGUINS.but(classes=[3, 4, 5]))
    table = pa.table({"island": ["Biscoe"] * 9})

    answer = Worker(tmp_path).send(stream_of(table), HEADERS)

    labels = pa.ipc.open_stream(answer.content).read_all()["predicted_species"]
    assert labels.type == pa.int64()
    assert labels.to_pylist() == [4] * 9


def test_batches_are_one_table(diamonds: Worker) -> None:
    table = pa.table(
        {"carat": np.arange(1, 8.0), "cut": [*"abcdefg"], "color": [*"ab"] * 3 + [None]}
    )
    pieces = pa.Table.from_batches(table.to_batches(max_chunksize=3))
    categories = pieces.set_column(2, "color", pieces["color"].dictionary_encode())

    whole = prices(diamonds, table)

    assert prices(diamonds, pieces) == whole
    assert prices(diamonds, categories, emit_dictionary_deltas=True) == whole


def test_a_dictionary_may_grow_and_change_between_batches(diamonds: Worker) -> None:
    color = pa.DictionaryArray.from_arrays(pa.array([0]), ["Fair"])
    grown = pa.DictionaryArray.from_arrays(pa.array([1]), ["Fair", "Good"])
    other = pa.DictionaryArray.from_arrays(pa.array([0]), ["Ideal"])
    batches = [
        pa.record_batch({"carat": [1.0], "cut": ["Good"], "color": each})
        for each in (color, grown, other)
    ]
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    with pa.ipc.new_stream(sink, batches[0].schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)

    answer = diamonds.send(sink.getvalue(), HEADERS)

    found = pa.ipc.open_stream(answer.content).read_all()["predicted_price"].to_pylist()
    assert found == [1021.0, 1022.0, 1023.0]


def test_columns_that_are_no_feature_are_ignored_whatever_they_hold(diamonds: Worker) -> None:
    nested = pa.array([[{"a": [1]}], None], pa.list_(pa.struct({"a": pa.list_(pa.int8())})))
    views = pa.array(["a text of more than twelve bytes"] * 2, pa.string_view())
    table = pa.table({"price": nested, "id": views, **RIGHT})

    assert prices(diamonds, table) == PRICES


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            with_column("colour", pa.array(["E", "F"])),
            [{"column": "colour", "expected": "a column of the model, see GET /model",
              "did_you_mean": "color"}],
        ),
        (
            pa.table({"carat": [1.0]}),
            [{"column": "cut", "expected": "a column of the table: it must have values"}],
        ),
        (
            pa.table([[1.0], [2.0], ["a"]], ["carat", "carat", "cut"]),
            [{"column": "carat", "expected": "a column that is there once"}],
        ),
        (
            with_column("carat", pa.array([1.0, 0.0])),
            [{"row": 2, "column": "carat", "value": 0.0, "expected": "more than 0"}],
        ),
        (
            with_column("carat", pa.array([True, None])),
            [{"row": 1, "column": "carat", "value": True, "expected": "a number"},
             {"row": 2, "column": "carat", "value": None,
              "expected": "a number; this column must have a value"}],
        ),
        (
            with_column("carat", pa.array([1, None])),
            [{"row": 2, "column": "carat", "value": None,
              "expected": "a number; this column must have a value"}],
        ),
        (
            with_column("carat", pa.array(["1", "2"])),
            [{"row": 1, "column": "carat", "value": "1",
              "expected": "a number, not a text; in JSON send 1 without quotes"},
             {"row": 2, "column": "carat", "value": "2",
              "expected": "a number, not a text; in JSON send 2 without quotes"}],
        ),
        (
            with_column("depth", pa.array([np.inf, 1])),
            [{"row": 1, "column": "depth", "value": "inf", "expected": "a number"}],
        ),
        (
            with_column("color", pa.array(["abcdef", None])),
            [{"row": 1, "column": "color", "value": "abcdef", "expected": "at most 5 characters"}],
        ),
        (
            with_column("cut", pa.array([["a"], ["b"]])),
            [{"column": "cut", "value": "list", "expected": "a text"}],
        ),
        (
            with_column("cut", pa.array([date(2013, 1, 1)] * 2)),
            [{"column": "cut", "value": "moments", "expected": "a text"}],
        ),
        (
            with_column("depth", pa.array([1, 2], pa.decimal128(5, 2))),
            [{"column": "depth", "value": "decimal", "expected": "a number"}],
        ),
        (pa.table(RIGHT).slice(0, 0), [{"expected": "at least one row"}]),
    ],
)  # fmt: skip
def test_a_wrong_table_is_refused_with_row_column_value_and_expectation(
    diamonds: Worker, table: pa.Table, expected: list[dict[str, Any]]
) -> None:
    answer = diamonds.send(stream_of(table), HEADERS)

    assert answer.status_code == 422
    assert errors(answer) == expected


def test_what_is_wrong_with_a_private_column_is_said_without_its_value(penguins: Worker) -> None:
    answer = penguins.send(stream_of(pa.table({"island": [12345]})), HEADERS)

    assert errors(answer) == [{"row": 1, "column": "island", "expected": "a text"}]


def test_integers_are_checked_as_they_are_sent(penguins: Worker) -> None:
    table = pa.table({"island": ["Dream"] * 3, "year": [2**53, 2**53 + 1, -(2**53)]})
    fractions = pa.table({"island": ["Dream"] * 2, "year": [2007.0, 2007.5]})

    assert errors(penguins.send(stream_of(table), HEADERS))[0]["value"] == 2**53 + 1
    [error] = errors(penguins.send(stream_of(fractions), HEADERS))
    assert (error["row"], error["value"]) == (2, 2007.5)


def test_too_many_rows_are_refused(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_rows=3)
    table = pa.table({"carat": [1.0] * 2, "cut": ["Good"] * 2})

    assert worker.send(stream_of(table), HEADERS).status_code == 200
    assert worker.send(stream_of(pa.concat_tables([table, table])), HEADERS).status_code == 413


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
def test_a_compressed_stream_is_refused_and_says_so(diamonds: Worker, compression: str) -> None:
    answer = diamonds.send(stream_of(pa.table(RIGHT), compression=compression), HEADERS)

    assert answer.status_code == 415
    assert "compressed" in answer.json()["detail"]


def test_a_file_in_place_of_a_stream_is_refused_by_its_name(diamonds: Worker) -> None:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, pa.table(RIGHT).schema) as writer:
        writer.write_table(pa.table(RIGHT))

    answer = diamonds.send(sink.getvalue(), HEADERS)

    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "the body is no Arrow IPC stream: it is an Arrow file",
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "does not begin with a schema"),
        (b"x" * 20, "no message begins at byte 0"),
        (b"\x01" + bytes(7), "no message begins at byte 0"),
        (stream_of(pa.table(RIGHT))[:500], "longer than the body"),
        (stream_of(pa.table(RIGHT))[-300:], "no message begins"),
    ],
)
def test_what_is_no_stream_is_the_clients_error(diamonds: Worker, body: bytes, said: str) -> None:
    answer = diamonds.send(body, HEADERS)

    assert answer.status_code == 400
    assert said in answer.json()["detail"]


def endless(kind: str) -> bytes:
    """Return a short body that asks for much more than its length."""
    if kind == "text of a dictionary":
        values, rows = ["x" * 1_000_000], 10_000
    else:
        values, rows = [""] * 600_000, 1
    codes = pa.array(np.zeros(rows, np.int8))
    cut = pa.DictionaryArray.from_arrays(codes, pa.array(values))
    return stream_of(pa.table({"carat": np.ones(rows), "cut": cut}))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text of a dictionary", "characters of text"),
        ("values of a dictionary", "values in dictionaries"),
    ],
)
def test_a_short_body_takes_no_memory_without_end(tmp_path: Path, kind: str, said: str) -> None:
    publish_model(tmp_path, DIAMONDS)
    worker = Worker(tmp_path, max_body_bytes=10_000_000)

    answer = worker.send(endless(kind), HEADERS)

    assert answer.status_code == 413
    assert said in answer.json()["detail"]


def test_a_few_bytes_are_no_table_of_thousands_of_rows(tmp_path: Path) -> None:
    hour = FLIGHTS.fields[0] | {"observed": {"rows": 9, "missing": 1}}
    publish_model(tmp_path, FLIGHTS.but(fields=[hour, *FLIGHTS.fields[1:]]))
    worker = Worker(tmp_path)
    few, many = pa.table({"hour": pa.nulls(1_000)}), pa.table({"hour": pa.nulls(10_000)})
    bits = pa.table({"holiday": pa.array([True, False] * 5_000)})

    answers = [worker.send(stream_of(table), HEADERS) for table in (few, many, bits)]

    assert [answer.status_code for answer in answers] == [200, 413, 200]
    assert "rows in 2" in answers[1].json()["detail"]
    assert "bytes; send fewer rows at once" in answers[1].json()["detail"]


def test_a_thousand_batches_are_enough(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    table = pa.table({"carat": np.ones(1001), "cut": ["Good"] * 1001})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)

    answer = Worker(tmp_path, max_body_bytes=1_000_000).send(sink.getvalue(), HEADERS)

    assert answer.status_code == 413
    assert "more than 1,000 batches" in answer.json()["detail"]


def test_a_name_of_thousands_of_characters_is_refused(diamonds: Worker) -> None:
    answer = diamonds.send(stream_of(pa.table({"x" * 2000: [1]})), HEADERS)

    assert answer.status_code == 400
    assert "a name of more than 1,000 bytes" in answer.json()["detail"]


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 1000])
def test_an_answer_of_any_length_can_be_read(tmp_path: Path, rows: int) -> None:
    publish_model(tmp_path, FLIGHTS)
    table = pa.table({"hour": ["2013-01-01T05:00"] * rows})

    answer = Worker(tmp_path).send(stream_of(table), HEADERS)

    found = pa.ipc.open_stream(answer.content).read_all()
    assert found.validate(full=True) is None
    assert found.num_rows == rows
