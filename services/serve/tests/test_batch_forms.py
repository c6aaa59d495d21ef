"""Whole files as the source writes them: no argument says what the model knows."""

import bz2
import gzip
import hashlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from asking import CSV, Worker
from pyarrow import parquet
from serve.batch import csv_tables
from serve.batch.arguments import Folders, read_arguments
from serve.batch.scoring import score
from serve_testing.made_models import DIAMONDS, field, publish_model
from stage_contract import ContractError

TABLE = "carat,cut,id\n1,Ideal,gr\u00fcn\n2,Good,x\n"
RESULT = "carat,cut,id,predicted_price\n1,Ideal,gr\u00fcn,1030.5\n2,Good,x,2020.5\n"


def dialect(delimiter: str = ",", encoding: str = "utf-8", **more: Any) -> dict[str, Any]:
    return {"encoding": encoding, "dialect": {"delimiter": delimiter, **more}}


def scored(
    root: Path,
    table: bytes,
    *arguments: str,
    source: dict[str, Any] | None = None,
    name: str = "new.csv",
    out: str = "scored.csv",
    **changes: Any,
) -> Path:
    """Score a file with a model of a source, and return the result."""
    folders = Folders(source=root / "data", target=root / "out", model=root / "model")
    for folder in (folders.source, folders.target):
        folder.mkdir(exist_ok=True)
    publish_model(folders.model, DIAMONDS.but(sources=[source or {}], **changes))
    (folders.source / name).write_bytes(table)
    score(read_arguments([name, out, *arguments], folders), folders.model)
    return folders.target / out


def numbers(path: Path) -> list[str]:
    return [line.rpartition(",")[2] for line in path.read_text().splitlines()[1:]]


@pytest.mark.parametrize("delimiter", [*",;\t|", "\u2192"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_file_like_the_source_is_scored_without_an_argument(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    if delimiter == "\u2192" and encoding == "cp1252":
        pytest.skip("cp1252 has no arrow")
    table = TABLE.replace(",", delimiter).encode(encoding)

    path = scored(tmp_path, table, source=dialect(delimiter, encoding))

    assert path.read_text() == RESULT
    answer = Worker(tmp_path / "model").send(table, CSV)
    assert answer.content == path.read_bytes()


@pytest.mark.parametrize("said", ["tab", "\\t", "\t"])
def test_a_tab_can_be_said(tmp_path: Path, said: str) -> None:
    path = scored(tmp_path, TABLE.replace(",", "\t").encode(), "--delimiter", said)

    assert path.read_text() == RESULT


def test_tabs_are_found_and_written_by_the_name_of_the_result(tmp_path: Path) -> None:
    table = TABLE.replace(",", "\t").replace("x", '"a\tb"').encode()

    path = scored(tmp_path, table, name="new.tsv", out="scored.tsv")

    assert path.read_text().splitlines()[0] == "carat\tcut\tid\tpredicted_price"
    assert path.read_text().splitlines()[2] == '2\tGood\t"a\tb"\t2020.5'


def test_what_is_said_comes_before_what_the_model_knows(tmp_path: Path) -> None:
    table = TABLE.replace(",", ";").encode("cp1252")

    path = scored(
        tmp_path, table, "--delimiter", ";", "--encoding", "cp1252", source=dialect("\t", "utf-16")
    )

    assert path.read_text() == RESULT


@pytest.mark.parametrize(
    ("pack", "name"),
    [(gzip.compress, "new.csv"), (bz2.compress, "new.csv"), (gzip.compress, "new.bz2")],
)
def test_compression_is_told_by_the_first_bytes(tmp_path: Path, pack: Any, name: str) -> None:
    path = scored(tmp_path, pack(TABLE.encode("cp1252")), source=dialect(",", "cp1252"), name=name)

    assert path.read_text() == RESULT


def test_the_header_stays_as_it_is_in_text_and_gets_names_in_parquet(tmp_path: Path) -> None:
    columns = [(1, "", "column_1"), (2, " carat", "carat"), (4, "cut", "cut_2")]
    keys = ("position", "written", "name")
    source = {"renamed": [dict(zip(keys, each, strict=True)) for each in columns]}
    table = b',cut, carat,cut\n"1",Ideal,1,x\n"2",Good,2,y\n'
    ignored = ["column_1", "cut_2"]

    text = scored(tmp_path, table, source=source, ignored=ignored)
    typed = scored(tmp_path, table, source=source, ignored=ignored, out="a.parquet")

    assert text.read_text().splitlines()[:2] == [
        ",cut, carat,cut,predicted_price",
        "1,Ideal,1,x,1030.5",
    ]
    names = ["column_1", "cut", "carat", "cut_2", "predicted_price"]
    assert parquet.read_schema(typed).names == names
    kept = scored(tmp_path, table, "--keep", "cut_2,column_1", source=source, ignored=ignored)
    assert kept.read_text().splitlines()[:2] == ["cut,,predicted_price", "x,1,1030.5"]


def test_a_parquet_file_is_read_by_the_names_of_its_source(tmp_path: Path) -> None:
    source = {"renamed": [{"position": 1, "written": " carat ", "name": "carat"}]}
    buffer = pa.BufferOutputStream()
    parquet.write_table(pa.table({" carat ": [1.0, 2.0], "cut": ["Ideal", "Good"]}), buffer)

    path = scored(tmp_path, buffer.getvalue().to_pybytes(), source=source, name="new.parquet")

    assert path.read_text().splitlines()[:2] == [" carat ,cut,predicted_price", "1,Ideal,1030.5"]


def test_the_very_file_that_trained_is_read_as_ingest_read_it(tmp_path: Path) -> None:
    names = {"carat": "column_1", "cut": "column_2"}
    fields = [{**each, "name": names.get(each["name"], each["name"])} for each in DIAMONDS.fields]
    rows = [{names.get(name, name): value for name, value in row.items()} for row in DIAMONDS.rows]
    table = "carat,cut\n1,Ideal\n2,\u00c3\u00bc\n".encode("latin-1")
    digest = {"bytes": len(table), "sha256": hashlib.sha256(table).hexdigest()}
    source = dialect(encoding="iso8859-1", header=False, commentRows=[1]) | digest

    path = scored(tmp_path, table, source=source, fields=fields, rows=rows, ignored=[])

    lines = path.read_text().splitlines()
    assert lines == ["column_1,column_2,predicted_price", "1,Ideal,1030.5", "2,\u00c3\u00bc,1990.5"]


def test_a_file_that_may_be_utf8_or_the_sources_double_bytes_is_not_decided(tmp_path: Path) -> None:
    table = "carat,cut\n1,\u6a21\n".encode("gbk")

    with pytest.raises(ContractError, match=r"may be UTF-8, and gbk as the source; .*ENCODING=gbk"):
        scored(tmp_path, table, source=dialect(encoding="gbk"))

    path = scored(tmp_path, table, "--encoding", "gbk", source=dialect(encoding="gbk"))
    assert path.read_text().splitlines()[1].startswith("1,\u6a21,")


def test_a_cell_that_may_mean_two_columns_is_refused_with_both(tmp_path: Path) -> None:
    columns = [{"position": n, "written": "", "name": f"column_{n}"} for n in (1, 2)]

    with pytest.raises(ContractError, match="column '': here it may be column_1 or column_2; name"):
        scored(
            tmp_path,
            b",carat,cut\n1,1,Ideal\n",
            source={"renamed": columns},
            ignored=["column_1", "column_2"],
        )


def test_rows_of_any_length_are_read_and_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_tables, "BLOCK_BYTES", 200)
    lines = [f"{n},Ideal,{'x' * (5 if n % 40 else 5_000)}" for n in range(1, 201)]
    lines[57], lines[120], lines[130] = "1", "2", "x,Ideal,a"
    table = "carat,cut,id\n" + "\n".join(lines)

    path = scored(tmp_path, table.encode())

    expected = [f"{n * 1000 + 30.5 - 0:.1f}" for n in range(1, 201) if n not in {58, 121, 131}]
    assert [f"{float(each):.1f}" for each in numbers(path)] == expected
    rejects = path.with_name("scored.csv.rejects.jsonl").read_text().splitlines()
    assert len(rejects) == 3


def test_a_quote_after_an_escape_closes_nothing(tmp_path: Path) -> None:
    table = b'carat,cut,id\n1,Ideal,"a\\"b"\n2,Good,c\\,d\n'

    path = scored(tmp_path, table, source=dialect(escapeChar="\\"))

    assert path.read_text().splitlines()[1:] == ['1,Ideal,"a""b",1030.5', '2,Good,"c,d",2020.5']
    (tmp_path / "other").mkdir()
    with pytest.raises(ContractError, match="line 2: text follows a closing quote"):
        scored(tmp_path / "other", table, source=dialect())


def test_fields_named_by_position_are_read_by_it(tmp_path: Path) -> None:
    fields = [field("column_1", "number", "numbers 0", missing=0), *DIAMONDS.fields[1:]]
    rows = [{"column_1": 1.5, "depth": None, "cut": "Good"}]
    source = {"renamed": [{"position": 1, "written": "", "name": "column_1"}]}

    path = scored(tmp_path, b",cut\n1,Ideal\n", source=source, fields=fields, rows=rows, ignored=[])

    assert path.read_text() == ",cut,predicted_price\n1,Ideal,1030.5\n"
