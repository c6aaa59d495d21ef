"""Columns that ingest skipped or flattened: requests and files may have them, as the source has."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from asking import CSV, Worker, errors
from pyarrow import parquet
from serve.batch.arguments import Folders, read_arguments
from serve.batch.scoring import score
from serve.codecs.rows import Rows
from serve.problems import ErrorList, RequestError
from serve.schema.signature import Signature
from serve.source.file_formats import read_formats
from serve_testing.made_models import DIAMONDS, field, publish_model
from stage_contract import SettingsError

VECTORS = Path(__file__).parents[3] / "contract/examples/vectors/headers-1.4.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_bytes())["cases"]


def worker_of(root: Path, **entry: Any) -> Worker:
    publish_model(root, DIAMONDS.but(sources=(entry,)))
    return Worker(root)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_a_header_may_have_the_skipped_columns_of_the_contract(case: dict[str, Any]) -> None:
    [form] = read_formats({"lineage": [{"source": "t.csv", **case["entry"]}]})
    known = [name for name in case["names"] if name not in case["entry"]["skipped"]]
    ignored = (*known, *case["entry"]["skipped"])
    rows = Rows(Signature(fields=(), missing_values=(), timezone="UTC", ignored=ignored), [form])

    for request in case["requests"]:
        found = rows.headers.resolve(request["header"])
        wrong = ErrorList()
        rows.check_names(found, wrong)
        refused: list[Any] = []
        try:
            wrong.raise_if_any()
        except RequestError as error:
            refused = [each.column for each in error.errors]
        assert refused == request.get("refused", []), request
        if not refused:
            assert found == request["names"]


ROW = {"carat": 1, "cut": "Ideal"}
PRICE = [{"price": 1030.5}]


@pytest.mark.parametrize("value", [5, "x", None, ["a", "b"], {"city": "Ulm"}], ids=repr)
def test_a_row_may_have_any_value_in_a_skipped_column(tmp_path: Path, value: object) -> None:
    worker = worker_of(tmp_path, skipped=["tags"])

    assert worker.predict(ROW | {"tags": value}).json()["predictions"] == PRICE
    assert worker.predict(ROW).json()["predictions"] == PRICE
    [error] = errors(worker.predict(ROW | {"tag": value}))
    assert error["did_you_mean"] == "tags"


def test_a_csv_table_with_skipped_columns_comes_back_with_them(tmp_path: Path) -> None:
    worker = worker_of(tmp_path, skipped=["notes"])

    answer = worker.send(b"carat,notes,cut\n1,secret,Ideal\n", CSV)

    assert answer.text == "carat,notes,cut,predicted_price\n1,secret,Ideal,1030.5\n"


def test_an_mlflow_client_may_send_skipped_columns(tmp_path: Path) -> None:
    worker = worker_of(tmp_path, skipped=["tags"])
    split = {"columns": [*ROW, "tags"], "data": [[*ROW.values(), ["a"]]]}

    answer = worker.ask("POST", "/invocations", json={"dataframe_split": split})

    assert answer.json() == {"predictions": [1030.5]}


NESTED = field("size.carat", "number", "numbers 0", missing=0)
STRUCTS = DIAMONDS.but(
    fields=[NESTED, *DIAMONDS.fields[1:]],
    rows=[{"size.carat": 1, "depth": 61.5, "cut": "Ideal"}],
    ignored=[],
    sources=({"flattened": ["size"], "skipped": ["size.tags", "size.maker"]},),
)


@pytest.mark.parametrize(
    "size",
    [
        {"size": {"carat": 1}},
        {"size": {"carat": 1, "tags": ["a"], "maker": {"name": "x"}}},
        {"size": {"carat": 1}, "size.tags": []},
        {"size.carat": 1},
    ],
    ids=repr,
)
def test_a_row_may_have_the_struct_or_its_fields(tmp_path: Path, size: dict[str, Any]) -> None:
    publish_model(tmp_path, STRUCTS)
    worker = Worker(tmp_path)
    row = size | {"cut": "Ideal"}

    assert worker.predict(row).json()["predictions"] == PRICE
    records = worker.ask("POST", "/invocations", json={"dataframe_records": [row]})
    assert records.json() == {"predictions": [1030.5]}


@pytest.mark.parametrize(
    ("size", "column"),
    [
        ({"size": {"carat": 1, "weight": 2}}, "size.weight"),
        ({"size": {"carat": 1}, "size.carat": 1}, "size.carat"),
        ({"size": 5, "size.carat": 1}, "size"),
        ({"size": None}, "size.carat"),
        ({"maker": {"name": "x"}, "size.carat": 1}, "maker"),
    ],
    ids=repr,
)
def test_fields_that_training_did_not_have_are_named(
    tmp_path: Path, size: dict[str, Any], column: str
) -> None:
    publish_model(tmp_path, STRUCTS)

    answer = Worker(tmp_path).predict(size | {"cut": "Ideal"})

    assert answer.status_code == 422
    assert [error["column"] for error in errors(answer)] == [column]


@pytest.mark.parametrize("value", [5, "x", ["a"]], ids=repr)
def test_a_struct_sent_as_a_value_is_told_its_fields_and_not_its_own_name(
    tmp_path: Path, value: object
) -> None:
    publish_model(tmp_path, STRUCTS)

    answer = Worker(tmp_path).predict({"size": value, "size.carat": 1, "cut": "Ideal"})

    [error] = errors(answer)
    assert error == {
        "row": 1,
        "column": "size",
        "expected": "an object, or a column for each field, such as size.carat",
    }


def scored(root: Path, table: pa.Table, *arguments: str) -> pa.Table:
    folders = Folders(source=root / "data", target=root / "out", model=root / "model")
    for folder in (folders.source, folders.target):
        folder.mkdir()
    parquet.write_table(table, folders.source / "t.parquet")
    score(read_arguments(["t.parquet", "s.parquet", *arguments], folders), folders.model)
    return parquet.read_table(folders.target / "s.parquet")


def test_a_parquet_file_with_skipped_columns_is_scored(tmp_path: Path) -> None:
    publish_model(tmp_path / "model", DIAMONDS.but(sources=({"skipped": ["tags"]},)))
    table = pa.table({"carat": [1.0, 2.0], "cut": ["Ideal", "Good"], "tags": [["a"], None]})

    result = scored(tmp_path, table)

    assert result["predicted_price"].to_pylist() == [1030.5, 2020.5]
    assert result["tags"].to_pylist() == [["a"], None]


def test_the_structs_of_a_parquet_file_are_flattened(tmp_path: Path) -> None:
    publish_model(tmp_path / "model", STRUCTS)
    sizes = [{"carat": 1.0, "tags": ["a"], "maker": {"name": "x"}}, {"carat": 2.0}]
    table = pa.table({"size": sizes, "cut": ["Ideal", "Good"]})

    result = scored(tmp_path, table, "--keep=cut")

    assert result.to_pydict() == {"cut": ["Ideal", "Good"], "predicted_price": [1030.5, 2020.5]}


def test_keep_of_a_struct_keeps_its_fields(tmp_path: Path) -> None:
    publish_model(tmp_path / "model", STRUCTS)
    sizes = [{"carat": 1.0, "tags": ["a"]}, {"carat": 2.0, "tags": None}]
    table = pa.table({"size": sizes, "cut": ["Ideal", "Good"]})

    result = scored(tmp_path, table, "--keep=cut,size,size.carat")

    assert result.column_names == ["cut", "size.carat", "size.tags", "predicted_price"]
    assert result["size.carat"].to_pylist() == [1.0, 2.0]


def test_keep_of_a_struct_that_the_table_does_not_have_is_refused(tmp_path: Path) -> None:
    publish_model(tmp_path / "model", STRUCTS)
    table = pa.table({"carat": [1.0], "cut": ["Ideal"]})

    with pytest.raises(SettingsError, match=r"KEEP=size: no such column in t\.parquet"):
        scored(tmp_path, table, "--keep=size")


def test_a_field_of_a_null_struct_is_missing(tmp_path: Path) -> None:
    publish_model(tmp_path / "model", STRUCTS)
    table = pa.table({"size": [{"carat": 1.0}, None], "cut": ["Ideal", "Good"]})

    assert scored(tmp_path, table)["size.carat"].to_pylist() == [1.0]
    [reject] = (tmp_path / "out" / "s.parquet.rejects.jsonl").read_text().splitlines()
    assert json.loads(reject)["column"] == "size.carat"
