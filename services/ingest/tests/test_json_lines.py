"""JSON Lines: every value is read as its text, independent of other lines."""

import gzip
import json
from typing import Any

import pytest
from ingest.readers.json_lines import inspect_json_lines
from ingest.settings import Settings

type Stage = Any
"""The fixture of conftest.py."""

JSONL = 'source = "t.jsonl"'


def read(stage: Stage, content: str | bytes) -> Any:
    stage.provide(content, "t.jsonl")
    assert stage.run(JSONL) == 0, stage.printed()
    return stage.latest()


def refuse(stage: Stage, content: str | bytes) -> str:
    stage.provide(content, "t.jsonl")
    why: str = stage.failure(JSONL, exit_code=65)
    return why


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("1", "1"),
        ("1.10", "1.10"),
        ("-0", "-0"),
        ("1E400", "1E400"),
        ("123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"),
        ("true", "true"),
        ("false", "false"),
        ("null", None),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ('""', ""),
        ('" 007 "', " 007 "),
        ('"null"', "null"),
        (r'"a\"b\n\u00e9\ud83d\ude00\u0000"', 'a"b\né😀\0'),
        ('"\u2028\x85"', "\u2028\x85"),
    ],
)
def test_a_value_arrives_as_its_text(stage: Stage, written: str, cell: str | None) -> None:
    published = read(stage, f'{{"a": {written}, "b": 1}}\n')

    assert published.columns == {"a": [cell], "b": ["1"]}
    assert published.rejects == []
    assert published.source == {
        "files": [{"source": "t.jsonl", "format": "jsonl", "encoding": "utf-8"}],
        "columns": [{"name": "a", "type": "string"}, {"name": "b", "type": "string"}],
    }


def test_one_column_may_hold_numbers_and_texts(stage: Stage) -> None:
    published = read(stage, '{"a": 12345678901234567890}\n{"a": "x"}\n{"a": 1.50}\n{"a": true}\n')

    assert published.columns == {"a": ["12345678901234567890", "x", "1.50", "true"]}


def test_keys_may_come_late_in_any_order_and_be_missing(stage: Stage) -> None:
    published = read(stage, '{"a": 1}\n{}\n\n{"b": 2, "a": 3}\r\n{"c": null}')

    assert published.columns == {
        "a": ["1", None, "3", None],
        "b": [None, None, "2", None],
        "c": [None, None, None, None],
    }


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('{"a": 1', "Expecting ',' delimiter at character 8"),
        ('{"a": 1}}', "Extra data at character 9"),
        ('{"a": 1} {"a": 2}', "Extra data at character 9"),
        ("{'a': 1}", "Expecting property name enclosed in double quotes at character 2"),
        ('{"a": 01}', "Expecting ',' delimiter at character 8"),
        ('{"a": "x\ty"}', "Invalid control character at at character 9"),
        ('{"a": 1, "a": 2}', "the key 'a' twice"),
        ('{"a": "\\ud800"}', "an unpaired surrogate in the key 'a'"),
        ('{"\\udfff": 1}', "an unpaired surrogate in the key '\\udfff'"),
        ("[1, 2]", "an array"),
        ("5", "a text or number"),
        ("true", "true or false"),
        ("null", "null"),
        ("\0\0\0", "Expecting value at character 1"),
    ],
)
def test_a_line_that_is_no_object_is_rejected(stage: Stage, line: str, value: str) -> None:
    published = read(stage, f'{{"a": 0}}\n{line}\n{{"a": 3}}\n')

    assert published.columns == {"a": ["0", "3"]}
    assert published.rejects == [
        {
            "row": 2,
            "reason": "malformed line",
            "file": "t.jsonl",
            "value": value,
            "expected": "a JSON object",
            "record": line,
        }
    ]


@pytest.mark.parametrize(
    ("value", "what", "remedy"),
    [
        ('{"x": 1}', "an object", ', or flatten = true for columns of the fields of "a"'),
        ("{}", "an object", ', or flatten = true for columns of the fields of "a"'),
        ("[1]", "an array", ""),
    ],
)
def test_a_nested_value_is_refused_with_line_and_key(
    stage: Stage, value: str, what: str, remedy: str
) -> None:
    assert refuse(stage, f'{{"a": 1}}\n\n{{"b": 2, "a": {value}}}\n') == (
        f"t.jsonl: column 'a' holds {what} in line 3; expected one value for each key; write"
        f' skip_columns = ["a"] in [ingest]{remedy}'
    )


def test_values_that_are_nested_too_deep_are_refused_with_the_line(stage: Stage) -> None:
    assert refuse(stage, f'{{"a": 1}}\n\n{{"a": {"[" * 100_000}{"]" * 100_000}}}\n') == (
        "t.jsonl: line 3: the values are nested too deep; expected one value for each key, flatten"
        " it before"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("\n \n", "the file has no table; expected one JSON object a line"),
        ("{}\n{}\n", "no object has a key; expected columns"),
        (
            "\na,b\n1,2\n",
            (
                "no line is a JSON object, line 2 is: Expecting value at character 1; expected one"
                ' object a line, or set format = "csv" in [ingest]'
            ),
        ),
    ],
)
def test_a_file_without_objects_is_refused(stage: Stage, content: str, why: str) -> None:
    assert refuse(stage, content) == f"t.jsonl: {why}"


def test_a_line_without_end_is_refused_before_memory_is_full(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.readers.json_lines.MAX_LINE_CHARACTERS", 1000)

    assert refuse(stage, '{"a": 1}\n{"a": "' + "x" * 2000) == (
        "t.jsonl: line 2 is longer than 1,000 characters; expected one JSON object a line"
    )


def test_keys_that_are_values_are_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.readers.json_lines.MAX_SPARSE_COLUMNS", 100)

    why = refuse(stage, "".join(f'{{"{number}": 1}}\n' for number in range(200)))
    assert why == (
        "t.jsonl: 101 different keys up to line 101, of which a line has 1; expected columns, so"
        " move what varies into values"
    )


@pytest.mark.parametrize(
    "encode", [str.encode, lambda text: gzip.compress(text.encode()), lambda t: t.encode("utf-16")]
)
def test_the_format_is_told_from_the_first_object(stage: Stage, encode: Any) -> None:
    published = stage.read(encode('{"a": "é"}\n{"a": 2}\n'))

    assert published.columns == {"a": ["é", "2"]}
    assert published.source["files"][0]["format"] == "jsonl"


def test_another_encoding_is_found(stage: Stage) -> None:
    published = read(stage, '{"a": 1}\n{"a": "é"}\n'.encode("latin-1"))

    assert published.columns == {"a": ["1", "é"]}
    assert published.source["files"][0]["encoding_reason"] == "line 2 is not UTF-8 (byte 0xe9)"


def test_files_are_read_in_batches(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.readers.json_lines.BATCH_CELLS", 10)
    lines = [{"a": number, f"b{number % 3}": number} for number in range(100)]
    path = stage.provide("".join(json.dumps(line) + "\nx\n" for line in lines), "t.jsonl")

    batches = list(inspect_json_lines(path, "t.jsonl", Settings(source="t")).batches())

    assert max(batch.rows.num_rows for batch in batches) == 3
    assert [cell for batch in batches for cell in batch.rows["a"].to_pylist()] == [
        str(number) for number in range(100)
    ]
    assert [line.number for batch in batches for line in batch.malformed] == [*range(2, 201, 2)]
    positions = [batch.position for batch in batches]
    assert positions == sorted(positions)
    assert positions[-1] == path.stat().st_size


def test_a_file_is_not_read_ahead_of_its_batches(stage: Stage) -> None:
    path = stage.provide('{"a": "0123456789"}\n' * 500_000, "t.jsonl")

    batches = inspect_json_lines(path, "t.jsonl", Settings(source="t")).batches()

    # A batch, and what is read at once.
    assert next(batches).position <= 4 << 20 < path.stat().st_size / 2
    assert sum(batch.rows.num_rows for batch in batches) > 400_000


def test_csv_and_json_lines_may_be_one_source(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n", "1.csv")
    stage.provide('{"b": 3, "c": 4}\n', "2.jsonl")

    assert stage.run('source = "[12].*"') == 0
    assert stage.latest().columns == {"a": ["1", None], "b": ["2", "3"], "c": [None, "4"]}
