"""Encodings and compressions: detected from the file, or set."""

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
    monkeypatch.setattr("ingest.csv.csv_files.BLOCK_BYTES", (block_bytes,))
    monkeypatch.setattr("ingest.files.text_stream._CHUNK_BYTES", 3)
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
    ("text", "line", "byte"),
    [
        ("größe,b\n1,2\n", 1, "f6"),
        ("a,b\n1,2\né,4\n", 3, "e9"),
        ("a,b\r1,2\ré,4\r", 3, "e9"),
        ("a,b\n1,2\n3,“4” – 5 €\n", 3, "93"),
        ("a,b\n1,2\n3,caf\xe9", 3, "e9"),
    ],
)
def test_what_is_not_utf8_is_cp1252_and_the_line_that_decided_is_told(
    stage: Stage, text: str, line: int, byte: str
) -> None:
    reason = f"line {line} is not UTF-8 (byte 0x{byte})"
    stage.provide(text.encode("cp1252"))
    assert stage.run() == 0

    published = stage.latest()
    header, *rows = ([*row.split(",")] for row in text.splitlines())
    assert published.columns == dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    assert published.source["files"][0]["encoding"] == "cp1252"
    assert published.source["files"][0]["encoding_reason"] == reason
    assert (
        f"warning: t.csv: read as cp1252, since {reason}; set encoding in [ingest] if it is another"
        in stage.printed()
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a\né\n".encode() + b"\xe9\n", "line 3 is not UTF-8 (byte 0xe9), though line 2 is;"),
        (b"a\n" + b"\xe9\n" + "日本\n".encode(), "line 2 is not UTF-8 (byte 0xe9), though"),
        ("a\né\n1".encode() + b"\xc3", "line 3 is not UTF-8 (byte 0xc3), though line 2 is;"),
        (b"a\n\xe9\n\x81\n", "and byte 0x81 in line 3 has no meaning in cp1252; set encoding"),
        (b"a\n\xe9\n\0\n", "and byte 0x00 in line 3 is not a text character; expected a text"),
        ("имя\nАнна\n".encode("cp1251"), "and its words don't look like cp1252; set encoding"),
        ("名前\n日本語\n".encode("gbk"), "and its words don't look like cp1252; set encoding"),
        (bytes(range(256)) * 9, "is not a text character; expected a text"),
    ],
)
def test_what_may_be_something_else_is_not_guessed(stage: Stage, content: bytes, why: str) -> None:
    assert why in stage.refuse(content)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_across_chunks(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr("ingest.files.encodings._CHUNK_BYTES", 16)
    lines = ["a", *["日"] * 100, *["b"] * 100]

    why = stage.refuse(end.join(lines).encode() + end.encode() + b"\xe9")

    assert why.startswith("t.csv: line 202 is not UTF-8 (byte 0xe9), though line 2 is; expected")


def test_in_cp1252_a_few_characters_may_look_like_utf8(stage: Stage) -> None:
    text = "a\n" + "für\n" * 20 + "Spaß“\n"

    assert stage.read(text.encode("cp1252")).columns["a"][-1] == "Spaß“"


def test_a_wrong_encoding_is_refused(stage: Stage) -> None:
    assert "line 2 is not ascii: byte 0xc3" in stage.refuse("a,b\né,2\n", 'encoding = "ascii"')


def test_a_missing_byte_order_mark_is_told(stage: Stage) -> None:
    why = stage.refuse(TEXT.encode("utf-16-le"), 'encoding = "utf-16"')

    assert "line 1 is not utf-16: byte 0x61, Stream does not start with BOM; set" in why


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

    assert why.startswith("t.csv: can't be read: Truncated compressed stream; write the")


def test_a_compressed_file_with_a_changed_byte_is_refused(stage: Stage) -> None:
    content = bytearray(gzip.compress(ROWS.encode()))
    content[len(content) // 2] ^= 1

    assert "t.csv: can't be read: zlib inflate failed" in stage.refuse(bytes(content))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            gzip.compress(b"PK\x03\x04 and more"),
            "a ZIP file or workbook inside a compressed file; ",
        ),
        (gzip.compress(b"\xd0\xcf\x11\xe0 and more"), "a ZIP file or workbook inside a compressed"),
        (b"\xfd7zXZ\x00 and more", "an xz file; expected gzip, bz2, zstd or no compression, unp"),
        (b"SQLite format 3\x00", 'an SQLite database; expected source = "sqlite:///'),
        (b'[\n  {"a": 1}]', "a JSON document; expected JSON Lines, one object a line"),
        ('[{"a": 1}]'.encode("utf-16"), "a JSON document; expected JSON Lines"),
        (b'{\n  "a": 1\n}', "a JSON document; expected JSON Lines"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "an HTML or XML file; expected CSV"),
        (b"FEA1\0\0\0\0 and more", "a Feather file of version 1; expected CSV"),
        (gzip.compress(b"t" * 257 + b"ustar" + b"t" * 300), "a tar archive; expected gzip"),
        (
            gzip.compress(b"PAR1\x15 and more"),
            "a Parquet file inside a compressed one; decompress it",
        ),
        (gzip.compress(zstd(b"a\n1\n")), "a compressed file inside a compressed one; decompress"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(
    stage: Stage, content: bytes, what: str
) -> None:
    assert stage.refuse(content).startswith(f"t.csv: is {what}")


def test_a_file_that_looks_otherwise_is_csv_if_the_settings_say_so(stage: Stage) -> None:
    published = stage.read('{"a": 1},b\n1,2\n', 'format = "csv"')

    assert list(published.columns) == ['{"a": 1}', "b"]
