"""The choice of columns: what is not read stops no table, and the lineage names it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from conftest import IngestStage as Stage
from pyarrow import ipc, parquet
from workbooks import xlsx

VECTORS = Path(__file__).parents[3] / "contract/examples/vectors/headers-1.4.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_bytes())["cases"]
SKIP_B = 'skip_columns = ["b"]'

NESTED = pa.table(
    {
        "id": [1, 2],
        "tags": [["x"], []],
        "size": [{"w": 1.5, "box": {"h": 2}, "codes": [1]}, None],
        "name": ["a", "b"],
    }
)


def entry_of(stage: Stage) -> dict[str, Any]:
    [entry] = stage.latest().artifact.manifest["lineage"]
    return dict(entry)


def choice_of(stage: Stage) -> dict[str, Any]:
    entry = entry_of(stage)
    return {key: entry[key] for key in ("skipped", "flattened") if key in entry}


def write_table(path: Path, table: pa.Table, form: str) -> None:
    if form == "parquet":
        parquet.write_table(table, path)
        return
    open_ = {"arrow": ipc.new_file, "stream": ipc.new_stream}[form]
    with open_(str(path), table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_the_lineage_names_skipped_columns_as_the_contract_says(
    stage: Stage, case: dict[str, Any]
) -> None:
    header = ",".join(f'"{cell}"' for cell in case["header"])
    row = ",".join("1" for _ in case["header"])

    published = stage.read(f"{header}\n{row}\n", f"skip_columns = {case['skip_columns']}")

    assert [*published.columns] == [n for n in case["names"] if n not in case["skip_columns"]]
    entry = entry_of(stage)
    assert {key: entry[key] for key in case["entry"]} == case["entry"]
    assert ("renamed" in entry) == ("renamed" in case["entry"])


@pytest.mark.parametrize("setting", [SKIP_B, 'columns = ["c", "a"]'])
@pytest.mark.parametrize("reader", ["", 'delimiter = "→"', "header = false"], ids=str)
def test_a_csv_file_is_read_without_a_column(stage: Stage, setting: str, reader: str) -> None:
    delimiter = "→" if "→" in reader else ","
    content = "a,b,c\n1,2,3\n4,5\n6,7,8\n".replace(",", delimiter)
    if "false" in reader:
        content = content.removeprefix("a,b,c\n")
        for position, name in enumerate("abc", 1):
            setting = setting.replace(f'"{name}"', f'"column_{position}"')

    published = stage.read(content, f"{reader}\n{setting}")

    assert [*published.columns.values()] == [["1", "6"], ["3", "8"]]
    assert published.rejects[0]["expected"] == "3 cells"
    assert len(entry_of(stage)["skipped"]) == 1


def test_a_repeated_name_is_skipped_alone(stage: Stage) -> None:
    published = stage.read("a,a,b\n1,2,3\n", 'skip_columns = ["a_2"]')

    assert published.columns == {"a": ["1"], "b": ["3"]}


@pytest.mark.parametrize("form", ["parquet", "arrow", "stream"])
def test_a_nested_column_that_is_skipped_stops_no_table(stage: Stage, form: str) -> None:
    write_table(stage.data / "t", NESTED, form)

    assert stage.run('source = "t"\nskip_columns = ["tags", "size"]') == 0
    assert stage.latest().columns == {"id": [1, 2], "name": ["a", "b"]}
    assert choice_of(stage) == {"skipped": ["tags", "size"]}
    assert stage.latest().source["files"][0]["skipped"] == ["tags", "size"]


@pytest.mark.parametrize("form", ["parquet", "arrow", "stream"])
def test_the_fields_of_structs_become_columns(stage: Stage, form: str) -> None:
    write_table(stage.data / "t", NESTED, form)

    assert stage.run('source = "t"\nflatten = true\nskip_columns = ["tags", "size.codes"]') == 0
    assert stage.latest().columns == {
        "id": [1, 2],
        "size.w": [1.5, None],
        "size.box.h": [2, None],
        "name": ["a", "b"],
    }
    assert choice_of(stage) == {"skipped": ["tags", "size.codes"], "flattened": ["size"]}


@pytest.mark.parametrize(
    ("setting", "columns"),
    [
        ('columns = ["size.box", "id"]', ["id", "size.box.h"]),
        ('columns = ["size.w"]', ["size.w"]),
        ('skip_columns = ["tags", "size"]', ["id", "name"]),
        ('skip_columns = ["tags", "size.box", "size.codes"]', ["id", "size.w", "name"]),
    ],
)
def test_the_name_of_a_struct_stands_for_its_fields(
    stage: Stage, setting: str, columns: list[str]
) -> None:
    write_table(stage.data / "t", NESTED, "parquet")
    rows = [json.dumps(row) for row in NESTED.to_pylist()]
    stage.provide("\n".join(rows), "t.jsonl")

    assert stage.run(f'source = "t"\nflatten = true\n{setting}') == 0
    assert [*stage.latest().columns] == columns
    assert stage.run(f'source = "t.jsonl"\nflatten = true\n{setting}') == 0
    assert [*stage.latest().columns] == columns


def test_a_parquet_column_that_is_skipped_is_never_read(stage: Stage) -> None:
    path = stage.data / "t.parquet"
    table = pa.table({"a": [1, 2], "b": ["damaged"] * 2, "c": [{"x": 1, "y": 2}] * 2})
    parquet.write_table(table, path, write_page_checksum=True, compression="none")
    group = parquet.ParquetFile(path).metadata.row_group(0)
    content = bytearray(path.read_bytes())
    for number in (1, 3):
        chunk = group.column(number)
        start = chunk.dictionary_page_offset
        content[start : start + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
    path.write_bytes(content)
    source = 'source = "t.parquet"\nflatten = true\n'

    assert stage.run(f'{source}skip_columns = ["b", "c.y"]') == 0
    assert stage.latest().columns == {"a": [1, 2], "c.x": [1, 1]}
    assert stage.run(f"{source}{SKIP_B}") == 65


def test_an_error_names_all_nested_columns_in_a_setting_to_paste(stage: Stage) -> None:
    write_table(stage.data / "t", NESTED, "parquet")

    why = stage.failure('source = "t"\nskip_columns = ["name"]', exit_code=65)

    assert why == (
        "t: column 'tags' is nested (list<element: string>), and 1 more such column; expected one"
        ' value per cell; write skip_columns = ["name", "tags", "size"] in [ingest], or flatten ='
        ' true for columns of the fields of "size"'
    )


def test_with_columns_the_remedy_is_to_leave_one_out(stage: Stage) -> None:
    write_table(stage.data / "t", NESTED, "parquet")

    why = stage.failure('source = "t"\ncolumns = ["id", "tags"]', exit_code=65)

    assert why.endswith('leave "tags" out of columns in [ingest]')


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ('skip_columns = ["pirce"]', "t.csv has no column 'pirce'; did you mean price?"),
        ('columns = ["pirce", "id"]', "t.csv has no column 'pirce'; did you mean price?"),
        ('columns = ["pirce"]', "t.csv has no column 'pirce'; did you mean price?"),
        ('skip_columns = ["id", "price"]', "no column of t.csv is left; expected at least one"),
        ("columns = []", "the list is empty; expected names of columns, or leave it out"),
        ('columns = ["id", "id"]', "'id' is listed twice; expected each column once"),
        (
            'columns = ["id"]\nskip_columns = ["price"]',
            "columns and skip_columns both choose the columns to read; leave one of them out",
        ),
    ],
)
def test_a_wrong_choice_is_refused(stage: Stage, setting: str, why: str) -> None:
    stage.provide("id,price\n1,2\n")

    assert why in stage.failure(setting, exit_code=78)


def test_flatten_without_structs_says_that_it_has_no_effect(stage: Stage) -> None:
    stage.provide("id,price\n1,2\n")

    assert stage.run("flatten = true") == 0
    assert "flatten has no effect" in stage.printed()


@pytest.mark.parametrize(
    "content",
    [
        pa.table({"a": [{"b": 1}], "a.b": [2], "c": [3]}),
        '{"a": {"b": 1}, "a.b": 2, "c": 3}\n',
        '{"a": {"b": 1}, "c": 3}\n{"a.b": 2}\n',
    ],
    ids=["parquet", "one line", "two lines"],
)
def test_two_columns_of_one_name_are_refused(stage: Stage, content: Any) -> None:
    if isinstance(content, str):
        stage.provide(content, "t.jsonl")
    else:
        write_table(stage.data / "t.jsonl", content, "parquet")
    source = 'source = "t.jsonl"\nflatten = true\n'

    assert "flatten gives two columns the name 'a.b'" in stage.failure(source, exit_code=65)
    assert stage.run(f'{source}skip_columns = ["a"]') == 0
    assert sorted(stage.latest().columns) == ["a.b", "c"]


def test_json_lines_are_flattened_by_the_objects_of_all_lines(stage: Stage) -> None:
    lines = '{"a": null, "z": 1}\n{"a": {"b": 1, "d": {}}, "z": 2}\n{"a": {"c": true}}\n{"a": {}}\n'
    stage.provide(lines, "t.jsonl")

    assert stage.run('source = "t.jsonl"\nflatten = true') == 0
    assert stage.latest().columns == {
        "a.b": [None, "1", None, None],
        "a.d": [None] * 4,
        "a.c": [None, None, "true", None],
        "z": ["1", "2", None, None],
    }


@pytest.mark.parametrize("line", ['{"a": 5, "z": 1}', '{"a": [1], "z": 1}'])
def test_a_key_that_holds_objects_only_in_some_lines_can_be_skipped(
    stage: Stage, line: str
) -> None:
    stage.provide(f'{{"a": {{"b": 1}}, "z": 0}}\n{line}\n', "t.jsonl")
    source = 'source = "t.jsonl"\nflatten = true\n'

    assert "t.jsonl: column 'a' holds an" in stage.failure(source, exit_code=65)
    assert stage.run(f'{source}skip_columns = ["a"]') == 0
    assert stage.latest().columns == {"z": ["0", "1"]}


def test_nested_keys_of_json_lines_that_are_skipped_stop_no_table(stage: Stage) -> None:
    stage.provide('{"a": 1, "b": [1, {"x": 2}]}\n{"b": {"y": 1}, "a": 2}\n', "t.jsonl")

    assert stage.run(f'source = "t.jsonl"\n{SKIP_B}') == 0
    assert stage.latest().columns == {"a": ["1", "2"]}
    assert choice_of(stage) == {"skipped": ["b"]}


def test_a_column_of_a_workbook_is_skipped(stage: Stage) -> None:
    rows = [["a", "b", "c"], [1, "x", 2.5], [3, 4, 5.5]]
    stage.provide(xlsx(rows), "t.xlsx")

    assert stage.run(f'source = "t.xlsx"\n{SKIP_B}') == 0
    assert [*stage.latest().columns] == ["a", "c"]
    assert choice_of(stage) == {"skipped": ["b"]}


def test_bytes_of_a_database_that_are_skipped_stop_no_table(stage: Stage) -> None:
    with closing(sqlite3.connect(stage.data / "t.db")) as database:
        database.execute("create table t (a, photo, thumb, c)")
        database.execute("insert into t values (1, x'00', x'01', 'z')")
        database.commit()
    source = 'source = "sqlite:///t.db"\ntable = "t"\n'

    why = stage.failure(source, exit_code=65)
    assert "and 1 more such column;" in why
    assert 'write skip_columns = ["photo", "thumb"] in [ingest]' in why
    why = stage.failure(f'{source}skip_columns = ["photo"]', exit_code=65)
    assert 'write skip_columns = ["photo", "thumb"] in [ingest]' in why
    why = stage.failure(f'{source}columns = ["a", "photo"]', exit_code=65)
    assert 'leave "photo" out of columns in [ingest]' in why
    assert stage.run(f'{source}skip_columns = ["photo", "thumb"]') == 0
    assert stage.latest().columns == {"a": [1], "c": ["z"]}
    assert choice_of(stage) == {"skipped": ["photo", "thumb"]}
    query = source.replace('table = "t"', 'query = "select * from t -- all"')
    assert stage.run(f'{query}columns = ["c"]') == 0
    assert stage.latest().columns == {"c": ["z"]}


def test_each_file_is_read_without_the_column_and_partitions_can_be_skipped(stage: Stage) -> None:
    stage.provide("a,b\n1,2\n", "day=1/t.csv")
    stage.provide('{"b": [1], "a": 3}\n', "day=2/t.jsonl")

    assert stage.run('source = "*/t.*"\nskip_columns = ["b", "day"]') == 0
    assert stage.latest().columns == {"a": ["1", "3"]}
    for entry in stage.latest().artifact.manifest["lineage"]:
        assert entry["skipped"] == ["b", "day"]


def test_another_choice_is_another_cause_and_equal_content_is_the_same(stage: Stage) -> None:
    first = stage.read("a,b,c\n1,2,3\n", SKIP_B).artifact
    second = stage.read("a,b,c\n1,2,3\n", 'columns = ["a", "c"]').artifact
    third = stage.read("a,b,c\n1,2,3\n", 'columns = ["c", "a"]').artifact

    assert len({first.id, second.id, third.id}) == 3
    assert second.file("source.json").read_bytes() == third.file("source.json").read_bytes()
    assert first.content == second.content == third.content
