"""CSV as the source writes it: its delimiter, its encoding, and what it calls its columns."""

import csv
import io
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import CSV, Worker, errors
from serve.codecs.rows import Rows
from serve.problems import ErrorList, RequestError
from serve.schema.signature import Signature
from serve.source.encodings import AmbiguousTextError, decode, decodings
from serve.source.file_formats import Renamed, SourceFormat, read_formats
from serve.source.headers import Headers
from serve_testing.made_models import DIAMONDS, field, publish_model

VECTORS = Path(__file__).parents[3] / "contract/examples/vectors/headers-1.2.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_bytes())["cases"]
PRICES = ["1030.5", "2020.5"]


def dialect(delimiter: str = ",", **more: Any) -> dict[str, Any]:
    return {"encoding": "utf-8", "dialect": {"delimiter": delimiter, **more}}


def renamed(*columns: tuple[int, str, str]) -> dict[str, Any]:
    keys = ("position", "written", "name")
    return {"renamed": [dict(zip(keys, column, strict=True)) for column in columns]}


def worker_of(root: Path, *sources: dict[str, Any], **changes: Any) -> Worker:
    publish_model(root, DIAMONDS.but(sources=sources or ({},), **changes))
    return Worker(root)


def prices(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["predicted_price"] for row in csv.DictReader(io.StringIO(answer.text))]


def headers_of(case: dict[str, Any]) -> Headers:
    form = SourceFormat(renamed=tuple(Renamed(**each) for each in case["renamed"]))
    return Headers(dict.fromkeys(case["names"]), [form])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_a_header_means_the_columns_of_the_contract(case: dict[str, Any]) -> None:
    headers = headers_of(case)
    signature = Signature(fields=(), missing_values=(), timezone="UTC", ignored=(*case["names"],))
    form = SourceFormat(renamed=tuple(Renamed(**each) for each in case["renamed"]))

    assert headers.resolve(case["header"]) == case["names"]
    for request in case["requests"]:
        found = headers.resolve(request["header"])
        errors = ErrorList()
        Rows(signature, [form]).check_names(found, errors)
        refused: Sequence[Any] = ()
        try:
            errors.raise_if_any()
        except RequestError as error:
            refused = [each.column for each in error.errors]
        assert [*refused] == request.get("refused", []), request
        if not refused:
            assert found == request["names"]


R_TABLE = b'"",carat,cut,price\n"1", 1.0 ,Ideal,999\n"2",2,Good,\n'


def test_the_table_that_r_and_pandas_write_is_answered_with_its_header(tmp_path: Path) -> None:
    source = dialect() | renamed((1, "", "column_1"))
    worker = worker_of(tmp_path, source, ignored=["column_1", "price"])

    answer = worker.send(R_TABLE, CSV)

    assert prices(answer) == PRICES
    assert answer.text.splitlines()[0] == ",carat,cut,price,predicted_price"
    pandas = worker.send(R_TABLE.replace(b'""', b"Unnamed: 0", 1), CSV)
    assert prices(pandas) == PRICES
    assert pandas.text.startswith("Unnamed: 0,")


def test_a_feature_without_a_name_is_read(tmp_path: Path) -> None:
    fields = [field("column_1", "number", "numbers 0", missing=0), *DIAMONDS.fields[1:]]
    rows = [{"column_1": 1.5, "depth": None, "cut": "Good"}]
    source = renamed((1, "", "column_1"))
    worker = worker_of(tmp_path, source, fields=fields, rows=rows, ignored=[])

    answer = worker.send(b",cut\n1,Ideal\n2,Good\n", CSV)
    invoked = worker.ask("POST", "/invocations", content=b",cut\n1,Ideal\n", headers=CSV)
    wrong = worker.send(b",cut\n1,Ideal\nx,Good\n", CSV)

    assert prices(answer) == PRICES
    assert invoked.json() == {"predictions": [1030.5]}
    assert errors(wrong) == [{"row": 2, "column": "column_1", "value": "x", "expected": "a number"}]


def test_names_with_blanks_and_equal_names_are_those_of_ingest(tmp_path: Path) -> None:
    columns = [(1, " carat", "carat"), (3, "cut", "cut_2"), (4, "price ", "price")]
    worker = worker_of(tmp_path, dialect() | renamed(*columns), ignored=["cut_2", "price"])

    answer = worker.send(b" carat,cut,cut,price \n1,Ideal,x,1\n2,Good,y,1\n", CSV)

    assert prices(answer) == PRICES
    assert answer.text.startswith(" carat,cut,cut,price ,predicted_price\n")


def test_a_name_in_json_is_the_models_and_what_the_source_writes_is_told(tmp_path: Path) -> None:
    columns = [(1, "", "column_1"), (2, " Weight ", "carat")]
    worker = worker_of(tmp_path, renamed(*columns), ignored=["column_1"])

    for name, meant in {"": "column_1", "Unnamed: 0": "column_1", " Weight ": "carat"}.items():
        answer = worker.predict({"carat": 1, "cut": "Good", name: 1})

        [error] = errors(answer)
        assert (error["column"], error["did_you_mean"]) == (name, meant)


def test_a_cell_that_may_mean_two_columns_is_refused_with_both(tmp_path: Path) -> None:
    source = renamed((1, "", "column_1"), (2, "", "column_2"))
    worker = worker_of(tmp_path, source, ignored=["column_1", "column_2"])

    [error] = errors(worker.send(b",carat,cut\n1,1,Ideal\n", CSV))

    assert error["column"] == ""
    assert error["expected"].endswith("here it may be column_1 or column_2")


def test_files_that_call_different_columns_so_are_told_apart_by_their_places(
    tmp_path: Path,
) -> None:
    sources = (renamed((1, "", "column_1")), renamed((3, "", "column_3")))
    worker = worker_of(tmp_path, *sources, ignored=["column_1", "column_3"])

    assert prices(worker.send(b",carat,cut\n1,1,Ideal\n", CSV)) == ["1030.5"]
    assert prices(worker.send(b"carat,cut,\n1,Ideal,1\n", CSV)) == ["1030.5"]
    [error] = errors(worker.send(b"carat,,cut\n1,1,Ideal\n", CSV))
    assert error["expected"].endswith("here it may be column_1 or column_3")


@pytest.mark.parametrize("source", [*",;\t|", "\u2192", "none"])
@pytest.mark.parametrize("sent", [*",;\t|", "\u2192"])
def test_the_delimiter_is_the_one_by_which_the_header_names_columns(
    tmp_path: Path, source: str, sent: str
) -> None:
    worker = worker_of(tmp_path, {} if source == "none" else dialect(source))
    table = 'carat,cut,price\n1,Ideal,"9\t9;9|9"\n2,Good,\n'

    answer = worker.send(table.replace(",", sent).encode(), CSV)

    if sent == "\u2192" != source:
        assert answer.status_code == 422
        return
    assert prices(answer) == PRICES
    assert answer.text.startswith("carat,cut,price,predicted_price\n1,Ideal,9\t9;9|9,")


def test_a_single_column_is_read_by_the_delimiter_of_the_source(tmp_path: Path) -> None:
    fields = [{**DIAMONDS.fields[0], "decimalChar": ","}, *DIAMONDS.fields[1:2]]
    fields += [field("cut", "string", "strings 0"), *DIAMONDS.fields[3:]]
    worker = worker_of(tmp_path, dialect(";"), fields=fields)

    assert worker.send(b"carat\n1,5\n", CSV).text == 'carat,predicted_price\n"1,5",1505.5\n'


@pytest.mark.parametrize(
    ("source", "body"),
    [
        (dialect(";", quoteChar="'"), b"carat;cut;id\n1;Ideal;'a;b''c'\n"),
        (dialect(";", quoteChar=""), b'carat;cut;id\n1;Ideal;a"b\n'),
        (dialect(",", escapeChar="\\"), b'carat,cut,id\n1,Ideal,"a\\"b"\n'),
        (dialect(",", escapeChar="\\"), b"carat,cut,id\n1,Ideal,a\\,b\n"),
        (dialect(";", commentRows=[1, 2]), b"Stones\n\ncarat;cut;id\n1;Ideal;x\n"),
        (dialect(";", commentRows=[1, 2]), b"carat;cut;id\n1;Ideal;x\n"),
        (dialect(",", commentRows=[1]), b"sep=;\ncarat;cut;id\n1;Ideal;x\n"),
        ({}, b"sep=;\r\ncarat;cut;id\r\n1;Ideal;x\r\n"),
        ({}, b'"sep=|"\ncarat|cut|id\n1|Ideal|x\n'),
    ],
)
def test_quotes_escapes_and_lines_before_the_header_are_those_of_the_source(
    tmp_path: Path, source: dict[str, Any], body: bytes
) -> None:
    answer = worker_of(tmp_path, source).send(body, CSV)

    assert prices(answer) == ["1030.5"]
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert row["id"] in {"a;b'c", 'a"b', "a,b", "x"}


ENCODED = "carat,cut,id\n1,Ideal,gr\u00fcn\n"


@pytest.mark.parametrize(
    ("source", "charset", "body"),
    [
        ("utf-8", None, ENCODED.encode("utf-8-sig")),
        ("utf-8", None, ENCODED.encode("utf-16")),
        ("utf-8", None, ENCODED.encode("utf-32")),
        ("utf-16-le", None, ENCODED.encode("utf-16-le")),
        ("utf-16", None, ENCODED.encode("utf-16")[:-1]),
        ("cp1252", None, ENCODED.encode("cp1252")),
        ("cp1252", None, ENCODED.encode()),
        ("utf-8", "latin-1", ENCODED.encode("latin-1")),
        ("cp1252", "utf-8", ENCODED.encode()),
        ("cp1252", "CP437", ENCODED.encode("cp437")),
        ("gbk", "utf-8", ENCODED.encode()),
    ],
)
def test_the_encoding_is_what_is_said_or_shown_else_that_of_the_source(
    tmp_path: Path, source: str, charset: str | None, body: bytes
) -> None:
    worker = worker_of(tmp_path, dialect() | {"encoding": source})
    content_type = (
        "text/csv" if charset is None else f'text/csv; header=present; charset="{charset}"'
    )

    answer = worker.send(body, {"content-type": content_type})

    assert answer.text == "carat,cut,id,predicted_price\n1,Ideal,gr\u00fcn,1030.5\n"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


def test_a_text_in_no_known_encoding_is_refused_with_what_to_say(tmp_path: Path) -> None:
    answer = worker_of(tmp_path, dialect()).send(ENCODED.encode("cp1252"), CSV)

    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(
        "; say its encoding, such as Content-Type: text/csv; charset=cp1252"
    )
    wrong = worker_of(tmp_path / "b").send(b"\xff", {"content-type": "text/csv; charset=utf-8"})
    assert wrong.json()["detail"] == "the body is not UTF-8: invalid start byte at byte 0"


def test_a_lone_surrogate_is_not_decoded() -> None:
    with pytest.raises(UnicodeDecodeError, match=r"lone surrogate U\+D800"):
        decode(b"a\n+2AA-", "utf-7")


def test_a_source_in_an_encoding_of_no_file_is_read_as_utf8(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker = worker_of(tmp_path, dialect() | {"encoding": "punycode"})

    answer = worker.send(ENCODED.encode("cp1252"), CSV)

    assert "is invalid (unknown encoding: punycode)" in caplog.text
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("the body is not UTF-8")


def test_a_text_that_may_be_utf8_or_the_sources_double_bytes_is_not_decided(
    tmp_path: Path,
) -> None:
    worker = worker_of(tmp_path, dialect() | {"encoding": "gbk"})
    body = "carat,cut\n1,\u6a21\n".encode("gbk")

    answer = worker.send(body, CSV)

    assert body.decode() != body.decode("gbk")
    assert answer.status_code == 400
    assert "may be UTF-8, and gbk as the source" in answer.json()["detail"]
    assert worker.send("carat,cut\n1,\u4e2d\u6587\n".encode(), CSV).status_code == 200
    with pytest.raises(AmbiguousTextError):
        [*decodings("gr\u00fc\u00dfe".encode(), ["gbk"])]


ROWS = b"1,Ideal\n2,Good\n"


def without_header(root: Path, **more: Any) -> Worker:
    names = {"carat": "column_1", "cut": "column_2"}
    fields = [{**each, "name": names.get(each["name"], each["name"])} for each in DIAMONDS.fields]
    rows = [{names.get(name, name): value for name, value in row.items()} for row in DIAMONDS.rows]
    source = dialect(header=False, **more)
    return worker_of(root, source, fields=fields, rows=rows, ignored=[])


def test_rows_without_a_header_are_read_as_the_sources_are(tmp_path: Path) -> None:
    worker = without_header(tmp_path)

    answer = worker.send(ROWS, CSV)

    assert answer.text == "1,Ideal,1030.5\n2,Good,2020.5\n"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=absent"
    named = worker.send(b"column_2,column_1\nIdeal,1\nGood,2\n", CSV)
    assert prices(named) == PRICES
    assert worker.send(b"1,Ideal,x\n", CSV).status_code == 422
    too_short = worker.send(b"1,Ideal\n2\n", CSV)
    assert errors(too_short) == [
        {"row": 2, "value": "1 cells", "expected": "2 cells as in the header"}
    ]


def test_a_line_that_ingest_skips_is_no_row_and_a_row_is_not_skipped(tmp_path: Path) -> None:
    worker = without_header(tmp_path, commentRows=[1])

    assert worker.send(b"carat,cut\n" + ROWS, CSV).text.splitlines() == [
        "1,Ideal,1030.5",
        "2,Good,2020.5",
    ]
    [error] = errors(worker.send(ROWS, CSV))
    assert error["expected"].startswith("a header, column_1,column_2,…: the first line is one")


def test_a_cell_of_any_length_within_the_body_is_read(tmp_path: Path) -> None:
    publish_model(tmp_path, DIAMONDS)
    body = b"carat,cut,id\n1,Ideal," + b"x" * 1_000_000 + b"\n2,Good,\n"

    assert prices(Worker(tmp_path, max_body_bytes=8 << 20).send(body, CSV)) == PRICES


@pytest.mark.parametrize(
    "source",
    [
        {"encoding": "klingon"},
        {"encoding": 7},
        dialect(skipInitialSpace=True),
        dialect(commentRows=[3]),
        dialect(""),
        dialect(quoteChar="<<"),
        {"dialect": []},
        {"renamed": [{"written": ""}]},
    ],
)
def test_an_invalid_format_is_ignored_with_a_warning(
    tmp_path: Path, source: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        worker = worker_of(tmp_path, source, source)

    assert prices(worker.send(b"carat,cut\n1,Ideal\n", CSV)) == ["1030.5"]
    messages = [record.getMessage() for record in caplog.records]
    [warning] = {message for message in messages if "is invalid" in message}
    assert warning.startswith("manifest.json: the format of diamonds.csv is invalid")


def test_a_model_without_forms_is_one_whose_csv_is_read_by_the_standard() -> None:
    entry = {"source": "a.csv", "bytes": 1, "sha256": "0" * 64}
    other = {"stage": "ingest", "kind": "raw-data"}

    [form] = read_formats({"lineage": [entry, other]})

    assert (form.dialect, form.renamed) == (None, ())
    assert read_formats({}) == ()
