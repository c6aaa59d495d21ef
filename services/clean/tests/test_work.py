"""The clean stage as a process: raw-data in, clean-data out, and every row is accounted for."""

import errno
import json
import shutil
from datetime import UTC, datetime, time
from pathlib import Path

import jsonschema
import pyarrow as pa
import pytest
from clean.tables import parquet_reader
from conftest import CleanStage, rejects_of, table_of, texts, types_of
from pyarrow import parquet

SCHEMAS = Path(__file__).parents[3] / "contract/schemas"


def test_a_table_of_texts_becomes_typed(stage: CleanStage) -> None:
    artifact = stage.clean(
        {
            "name": [" Ann", "NA", "Bob "],
            "age": ["31", "", "27"],
            "height": ["1.5", "n/a", "2"],
            "member": ["true", "False", ""],
            "born": ["1990-02-28", "", "1994-01-01"],
            "seen": ["2013-01-01T05:00:00+02:00", "2013-01-01", ""],
        }
    )

    assert table_of(artifact).to_pylist() == [
        {
            "name": "Ann",
            "age": 31,
            "height": 1.5,
            "member": True,
            "born": datetime(1990, 2, 28, tzinfo=UTC).date(),
            "seen": datetime(2013, 1, 1, 3, tzinfo=UTC),
        },
        {
            "name": None,
            "age": None,
            "height": None,
            "member": False,
            "born": None,
            "seen": datetime(2013, 1, 1, tzinfo=UTC),
        },
        {
            "name": "Bob",
            "age": 27,
            "height": 2.0,
            "member": None,
            "born": datetime(1994, 1, 1, tzinfo=UTC).date(),
            "seen": None,
        },
    ]


def test_files_hold_plain_types_without_arrow_metadata(stage: CleanStage) -> None:
    artifact = stage.clean({"n": ["1.5"], "t": ["2013-01-01T05:00"], "s": ["a"]})

    with parquet.ParquetFile(artifact.file("table/part-00000.parquet")) as file:
        types = [str(file.schema.column(i).logical_type) for i in range(3)]
        assert file.schema_arrow.metadata is None
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert types[0] == "None"
    assert "isAdjustedToUTC=true, timeUnit=microseconds" in types[1]
    assert types[2] == "String"


def test_schema_and_manifest_follow_the_contract(stage: CleanStage) -> None:
    artifact = stage.clean(
        {"x": ["1", "2"], "y": ["a", "b"], "ok": ["ja", "nein"]},
        """
        [clean]
        missing = ["-"]
        timezone = "Europe/Berlin"
        [clean.columns.x]
        description = "Length"
        unit = "mm"
        missing = ["?"]
        exclusive_minimum = 0
        enum = [1, 2]
        [clean.columns.y]
        private = true
        required = true
        max_length = 3
        [clean.columns.ok]
        true_values = ["ja"]
        false_values = ["nein"]
        """,
    )

    schema = json.loads(artifact.file("schema.json").read_bytes())
    for name, value in (("schema", schema), ("manifest", artifact.manifest)):
        rules = json.loads((SCHEMAS / f"{name}.schema.json").read_bytes())
        jsonschema.validate(value, rules)
    assert schema == {
        "fields": [
            {
                "name": "x",
                "type": "integer",
                "description": "Length",
                "unit": "mm",
                "missingValues": ["?"],
                "constraints": {"exclusiveMinimum": 0, "enum": [1, 2]},
            },
            {
                "name": "y",
                "type": "string",
                "private": True,
                "constraints": {"required": True, "maxLength": 3},
            },
            {"name": "ok", "type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"]},
        ],
        "missingValues": ["-"],
        "timezone": "Europe/Berlin",
    }


def test_faulty_rows_and_copies_are_kept_with_their_reasons(stage: CleanStage) -> None:
    artifact = stage.clean(
        {
            "id": ["1", "2", "1", "4", "2"],
            "price": ["5", "0", " 5.0", "five", "0"],
            "code": ["a", "b", "a", "c", "b"],
        },
        """
        [clean.columns.price]
        type = "number"
        exclusive_minimum = 0
        """,
    )

    assert rejects_of(artifact) == [
        {
            "row": 2,
            "reason": "constraint exclusiveMinimum",
            "column": "price",
            "value": "0",
            "expected": "> 0",
            "record": {"id": "2", "price": "0", "code": "b"},
        },
        {
            "row": 3,
            "reason": "duplicate",
            "first": 1,
            "record": {"id": "1", "price": " 5.0", "code": "a"},
        },
        {
            "row": 4,
            "reason": "type",
            "column": "price",
            "value": "five",
            "expected": "a number",
            "record": {"id": "4", "price": "five", "code": "c"},
        },
        {
            "row": 5,
            "reason": "constraint exclusiveMinimum",
            "column": "price",
            "value": "0",
            "expected": "> 0",
            "record": {"id": "2", "price": "0", "code": "b"},
        },
    ]
    assert artifact.rows == 1
    assert artifact.manifest["metrics"] == {
        "rejected": 3,
        "rows_in": 5,
        "rejected_by_reason": {"constraint exclusiveMinimum": 2, "type": 1},
        "duplicates": 1,
    }
    printed = stage.printed()
    assert "5 rows in, 1 out, 3 rejected, 1 duplicates" in printed
    assert "row 2, column price: expected > 0, got '0'" in printed


@pytest.mark.parametrize(
    ("rows", "settings", "warns"),
    [(5, "", True), (30, "", False), (5, "key = ['x']", False), (5, "duplicates = 'keep'", False)],
)
def test_many_duplicates_are_warned_of_with_the_setting_that_keeps_them(
    stage: CleanStage, rows: int, settings: str, *, warns: bool
) -> None:
    stage.clean({"x": ["0", *map(str, range(rows))]}, f"[clean]\n{settings}")

    assert ('separate records, set duplicates = "keep" in [clean]' in stage.printed()) == warns


def test_copies_are_kept_where_the_settings_say_so(stage: CleanStage) -> None:
    artifact = stage.clean({"x": ["1", "1"]}, "[clean]\nduplicates = 'keep'")

    assert table_of(artifact)["x"].to_pylist() == [1, 1]


def test_private_values_leave_no_trace_outside_the_table(stage: CleanStage) -> None:
    artifact = stage.clean(
        {"mail": ["ann@x.org", "ann@x.org", "bob"], "n": ["1", "1", "2"]},
        "[clean.columns.mail]\nprivate = true\npattern = '.+@.+'",
    )

    duplicate, broken = rejects_of(artifact)
    profile = artifact.file("profile.json").read_text(encoding="utf-8")
    assert duplicate["record"] == {"mail": "(private)", "n": "1"}
    assert broken["value"] == broken["record"]["mail"] == "(private)"
    assert "bob" not in stage.printed()
    assert "ann" not in profile


def test_parts_go_out_as_they_came_even_empty_ones(stage: CleanStage) -> None:
    stage.publish_raw(texts({"x": ["1", "2"]}), texts({"x": ["2", "1"]}), texts({"x": ["3"]}))
    assert stage.run() == 0

    paths = stage.artifact().files("table")
    assert [path.name for path in paths] == [f"part-0000{number}.parquet" for number in range(3)]
    assert [parquet.read_table(path)["x"].to_pylist() for path in paths] == [[1, 2], [], [3]]


def test_batches_leave_no_trace_in_the_result(
    stage: CleanStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {"x": ["1", "2", "x", "2", "1", "4"], "y": ["a", "b", "c", "b", "a", "d"]}
    settings = "[clean.columns.x]\ntype = 'integer'"
    names = ("rejects/part-00000.jsonl", "profile.json", "schema.json")

    def result() -> list[object]:
        artifact = stage.clean(columns, settings)
        read = [table_of(artifact).to_pylist(), *(artifact.file(n).read_bytes() for n in names)]
        shutil.rmtree(stage.root / "clean")
        return read

    whole = result()
    monkeypatch.setattr(parquet_reader, "BATCH_ROWS", 2)

    assert result() == whole


def test_a_disk_that_fills_up_behind_the_rows_ends_with_73(
    stage: CleanStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    stage.publish_raw(texts({"x": ["1"]}))
    monkeypatch.setattr(parquet.ParquetWriter, "write_batch", fill)

    assert stage.run() == 73
    assert "(No space left on device), " in stage.printed()


def test_too_little_memory_is_told_before_the_work(
    stage: CleanStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stage_contract.memory.memory_limit", lambda _root: 64e6)

    stage.publish_raw(texts({"x": ["1"]}))

    assert stage.run() == 78
    assert "error: cleaning 1 columns on " in stage.printed()


def test_a_batch_of_long_rows_has_fewer_of_them(
    stage: CleanStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_reader, "BATCH_BYTES", 10_000)
    artifact = stage.clean({"x": ["a" * 500, "b" * 500] * 50}, "[clean]\nduplicates = 'keep'")

    (path,) = artifact.files("table")
    found = parquet.read_metadata(path)
    sizes = [found.row_group(group).num_rows for group in range(found.num_row_groups)]
    assert sizes == [19] * 5 + [5]


def test_equal_cause_gives_equal_bytes(stage: CleanStage) -> None:
    columns = {"x": ["1", "2", "x", "2"], "y": ["a", "b", "c", "b"]}
    stage.clean(columns, "[clean.columns.x]\ntype = 'integer'")

    assert stage.run("[clean.columns.x]\ntype = 'integer'", "--force") == 0


def test_nothing_is_done_twice(stage: CleanStage) -> None:
    stage.clean({"x": ["1"]})
    stage.printed()

    assert stage.run() == 0
    assert "unchanged" in stage.printed()


def test_columns_may_be_called_anything(stage: CleanStage) -> None:
    names = ["a.b", "a", " ", "@target", "größe", "index", "column", "reason", "a,b", "👍", "0"]

    artifact = stage.clean({name: [str(number)] for number, name in enumerate(names)})

    assert table_of(artifact).to_pylist() == [{name: n for n, name in enumerate(names)}]
    assert list(types_of(artifact)) == names


def test_a_typed_table_keeps_its_types_and_its_texts(stage: CleanStage) -> None:
    stage.publish_raw(pa.table({"zip": ["10115", "80331"], "n": pa.array([1, 2], pa.int32())}))
    assert stage.run() == 0

    assert types_of(stage.artifact()) == {"zip": "string", "n": "integer"}


def test_texts_of_a_typed_table_stay_so_and_a_line_says_what_they_could_be(
    stage: CleanStage,
) -> None:
    table = {
        "n": [1, 2, 3],
        "day": ["2024-01-31", "NA", " 2024-02-29 "],
        "zip": ["10115", "80331", "1067"],
        "town": ["Ulm", "2024-01-31", "1"],
        "known": ["1", "2", "3"],
        "empty": pa.nulls(3, pa.string()),
    }
    stage.publish_raw(pa.table(table))
    assert stage.run('[clean.columns.known]\ntype = "integer"') == 0

    kinds = dict.fromkeys(table, "string") | {"n": "integer", "known": "integer"}
    assert types_of(stage.artifact()) == kinds
    said = [line for line in stage.printed().splitlines() if "stays a string" in line]
    assert said == [
        f"clean     column {name} stays a string, as in the source, though each value is {what};"
        f' [clean.columns.{name}] type = "{kind}" makes it one'
        for name, what, kind in (
            ("day", "a date such as 2013-01-31", "date"),
            ("zip", "an integer within ±2^53", "integer"),
        )
    ]


def test_rejects_of_a_typed_table_are_json(stage: CleanStage) -> None:
    stage.publish_raw(
        pa.table(
            {
                "x": [float("inf"), 1.0, 2.0],
                "y": [float("nan"), float("nan"), 3.0],
                "t": pa.array([datetime(2013, 1, 1, tzinfo=UTC)] * 3, pa.timestamp("ns", "UTC")),
            }
        )
    )
    assert stage.run() == 0

    [line] = stage.artifact().file("rejects/part-00000.jsonl").read_text().splitlines()
    rejected = json.loads(line, parse_constant=pytest.fail)
    assert rejected["value"] == "inf"
    assert rejected["record"] == {"x": "inf", "y": None, "t": "2013-01-01 00:00:00+00:00"}


def test_integers_beyond_the_limit_become_strings(stage: CleanStage) -> None:
    artifact = stage.clean({"id": ["1", "9007199254740993"]})

    assert table_of(artifact)["id"].to_pylist() == ["1", "9007199254740993"]
    assert "warning: column id becomes a string: not every integer" in stage.printed()


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ("[clean.columns.prize]\nminimum = 0", 78, "no such column; did you mean price?"),
        (
            "[clean.columns.name]\nminimum = 0",
            78,
            "[clean.columns.name] minimum = 0: does not fit a column of type string; declare",
        ),
        ("[clean.columns.price]\ntype = 'date'\nminimum = 5", 78, "expected a date such as"),
        (
            "[clean.columns.price]\ntype = 'integer'\npattern = '('",
            78,
            "does not fit a column of type integer",
        ),
        ("[clean.columns.name]\npattern = '('", 78, "regular expression in RE2 syntax"),
        ("[clean.columns.price]\ntrue_values = ['1']", 78, 'declare type = "boolean" or remove'),
        (
            "[clean.columns.price]\nminimum = 10",
            65,
            "2 of them for 'constraint minimum', the first: row 1, column price: expected ≥ 10",
        ),
    ],
)
def test_a_wrong_setting_ends_with_one_line(
    stage: CleanStage, settings: str, code: int, message: str
) -> None:
    stage.publish_raw(texts({"price": ["5", "6"], "name": ["a", "b"]}))

    assert stage.run(settings) == code
    assert message in stage.printed()
    assert not list(stage.root.glob("clean/*/manifest.json"))


def test_a_column_that_ingest_skipped_names_the_setting_to_change(stage: CleanStage) -> None:
    stage.publish_raw(texts({"notes": ["5", "6"]}), skipped=["note"])

    assert stage.run("[clean.columns.note]\nminimum = 0") == 78
    assert (
        "[clean.columns.note] the table has no such column; ingest skips it: change skip_columns or"
        " columns in [ingest]"
    ) in stage.printed()


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([texts({"x": []})], "table/ has no rows"),
        ([pa.table({"x": [1], "at": [time(5)]})], "column 'at' is time64[us]; expected texts"),
        ([pa.table({"x": [b"a"]})], "column 'x' is binary; expected texts"),
        ([texts({"x": ["a"]}), texts({"y": ["a"]})], "columns differ from part-00000.parquet (x)"),
        ([texts({"": ["a"]})], "a column has no name"),
        ([pa.Table.from_arrays([pa.array(["a"])] * 2, names=["x", "x"])], "'x' appears twice"),
    ],
)
def test_an_input_that_breaks_the_contract_ends_with_65(
    stage: CleanStage, parts: list[pa.Table], message: str
) -> None:
    stage.publish_raw(*parts)

    assert stage.run() == 65
    assert message in stage.printed()


def test_the_profile_says_what_stands_in_each_column(stage: CleanStage) -> None:
    artifact = stage.clean(
        {
            "n": ["1", "4", "NA", "1"],
            "s": ["b", "a", "b", "c"],
            "d": ["2013-01-02", "2012-01-01", "", ""],
            "t": ["2013-01-02T05:00", "2012-01-01", "", ""],
        }
    )

    assert json.loads(artifact.file("profile.json").read_bytes()) == {
        "rows": 4,
        "rejected": 0,
        "rows_in": 4,
        "duplicates": 0,
        "columns": [
            {
                "name": "n",
                "type": "integer",
                "rows": 4,
                "missing": 1,
                "distinct": 2,
                "minimum": 1,
                "maximum": 4,
                "mean": 2.0,
            },
            {
                "name": "s",
                "type": "string",
                "rows": 4,
                "missing": 0,
                "distinct": 3,
                "frequent": [
                    {"value": "b", "rows": 2},
                    {"value": "a", "rows": 1},
                    {"value": "c", "rows": 1},
                ],
            },
            {
                "name": "d",
                "type": "date",
                "rows": 4,
                "missing": 2,
                "distinct": 2,
                "earliest": "2012-01-01",
                "latest": "2013-01-02",
            },
            {
                "name": "t",
                "type": "datetime",
                "rows": 4,
                "missing": 2,
                "distinct": 2,
                "earliest": "2012-01-01T00:00:00Z",
                "latest": "2013-01-02T05:00:00Z",
            },
        ],
        "rules": [
            {
                "rule": "missingValues",
                "rows": 1,
                "cells": 1,
                "columns": [
                    {"name": "n", "cells": 1, "examples": [{"row": 3, "from": "NA", "to": None}]}
                ],
            },
            {
                "rule": "timezone",
                "rows": 2,
                "cells": 2,
                "columns": [
                    {
                        "name": "t",
                        "cells": 2,
                        "examples": [
                            {"row": 1, "from": "2013-01-02T05:00", "to": "2013-01-02T05:00:00Z"},
                            {"row": 2, "from": "2012-01-01", "to": "2012-01-01T00:00:00Z"},
                        ],
                    }
                ],
            },
        ],
    }
