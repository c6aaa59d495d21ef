"""Encodings and compressions: found where the file says so, else named by a setting."""

import bz2
import codecs
import gzip
from typing import Any

import pyarrow as pa
import pytest

type Stage = Any
"""The fixture of conftest.py."""

TEXT = 'a,b\n"é",日😀\n1,2\n'
COLUMNS = {"a": ["é", "1"], "b": ["日😀", "2"]}
ROWS = "a,b\n" + "".join(f"{number},{number * 7}\n" for number in range(20_000))


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
    ],
)
def test_unicode_is_recognised(stage: Stage, content: bytes) -> None:
    assert stage.read(content).columns == COLUMNS


@pytest.mark.parametrize("block_bytes", [16, 33])
def test_characters_may_straddle_blocks_and_chunks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    monkeypatch.setattr("ingest.csv_files.BLOCK_BYTES", (block_bytes,))
    monkeypatch.setattr("ingest.text_stream._CHUNK_BYTES", 3)
    text = "a,b\n" + "é,日😀\n" * 50

    for content in (text.encode(), text.encode("utf-16")):
        assert stage.read(content).columns == {"a": ["é"] * 50, "b": ["日😀"] * 50}


def test_a_byte_order_mark_does_not_hide_a_quote(stage: Stage) -> None:
    assert list(stage.read(codecs.BOM_UTF8 + b'"a\nx",b\n1,2\n').columns) == ["a\nx", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "UTF8"])
def test_a_byte_order_mark_is_left_out_if_the_encoding_is_set(stage: Stage, encoding: str) -> None:
    content = codecs.BOM_UTF8 + b"a,b\n1,2\n"

    assert list(stage.read(content, f'encoding = "{encoding}"').columns) == ["a", "b"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_another_encoding_is_a_setting(stage: Stage, encoding: str) -> None:
    published = stage.read("größe,b\né,ß\n".encode(encoding), f'encoding = "{encoding}"')

    assert published.columns == {"größe": ["é"], "b": ["ß"]}


@pytest.mark.parametrize(
    ("text", "line"), [("größe,b\n1,2\n", 1), ("a,b\n1,2\né,4\n", 3), ("a,b\n1,2\né\n", 3)]
)
def test_another_encoding_that_is_not_set_is_refused_with_the_remedy(
    stage: Stage, text: str, line: int
) -> None:
    why = stage.refuse(text.encode("latin-1"))

    assert why.startswith(f"t.csv: line {line} is not utf-8: byte 0x")
    assert why.endswith('; set encoding in [ingest], for example encoding = "latin-1"')


def test_a_wrong_encoding_is_refused(stage: Stage) -> None:
    assert "line 2 is not ascii: byte 0xc3" in stage.refuse("a,b\né,2\n", 'encoding = "ascii"')


def test_a_missing_byte_order_mark_is_told(stage: Stage) -> None:
    why = stage.refuse(TEXT.encode("utf-16-le"), 'encoding = "utf-16"')

    assert "line 1 is not utf-16: byte 0x61, Stream does not start with BOM; set" in why


def test_a_character_that_is_cut_at_the_end_is_refused(stage: Stage) -> None:
    assert "line 2 is not utf-8: byte 0xc3, unexpected end of data" in stage.refuse(b"a,b\n1,2\xc3")


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd])
def test_a_compressed_file_is_read_whatever_it_is_called(stage: Stage, compress: Any) -> None:
    assert stage.read(compress(TEXT.encode())).columns == COLUMNS


def test_gzip_files_one_after_the_other_are_one(stage: Stage) -> None:
    published = stage.read(gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n"))

    assert published.columns == {"a": ["1", "3"], "b": ["2", "4"]}


def test_compression_and_encoding_go_together(stage: Stage) -> None:
    assert stage.read(gzip.compress(TEXT.encode("utf-16"))).columns == COLUMNS


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstd])
@pytest.mark.parametrize("share", [0.5, 0.999])
def test_a_truncated_compressed_file_is_refused(stage: Stage, compress: Any, share: float) -> None:
    content = compress(ROWS.encode())

    why = stage.refuse(content[: int(len(content) * share)])

    assert why.startswith("t.csv: can't be read as CSV: Truncated compressed stream; write the")


def test_a_compressed_file_with_a_changed_byte_is_refused(stage: Stage) -> None:
    content = bytearray(gzip.compress(ROWS.encode()))
    content[len(content) // 2] ^= 1

    assert "t.csv: can't be read as CSV: zlib inflate failed" in stage.refuse(bytes(content))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04 and more", "a ZIP or Excel file"),
        (b"\xd0\xcf\x11\xe0 and more", "an Excel file"),
        (b"\xfd7zXZ\x00 and more", "an xz file"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b'{"a": 1}\n{"a": 2}\n', "a JSON file"),
        (b'[\n  {"a": 1}]', "a JSON file"),
        (b"<!DOCTYPE html>", "an HTML or XML file"),
        (gzip.compress(b"t" * 257 + b"ustar" + b"t" * 300), "a tar archive"),
        (gzip.compress(b"PAR1 and more"), "a Parquet file inside a compressed one"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(
    stage: Stage, content: bytes, what: str
) -> None:
    assert stage.refuse(content) == (f"t.csv: is {what}; expected CSV or Parquet, export it as one")


def test_a_file_that_looks_otherwise_is_csv_if_the_settings_say_so(stage: Stage) -> None:
    published = stage.read('{"a": 1},b\n1,2\n', 'format = "csv"')

    assert list(published.columns) == ['{"a": 1}', "b"]
