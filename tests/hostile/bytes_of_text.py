"""Texts whose encoding or compression is at fault, and files that are no text at all."""

import bz2
import codecs
import gzip
import lzma

import pyarrow as pa
from hostile.cases import loads, refused

TWO = {"a": ["é", "3"], "b": ["2", "ß"]}
TEXT = "a,b\né,2\n3,ß\n"
RUSSIAN = "имя,город\nАнна,Москва\n"
JAPANESE = "名前,b\n日本語,かな\n"
EXPORT = "expected CSV, JSON Lines, Parquet, Arrow or Excel, export it as one"
DATABASE = 'expected source = "sqlite:///a.db" with table or query in [ingest], see docs/sources.md'
UNPACK = "expected gzip, bz2, zstd or no compression, unpack it before"
OTHER_WORDS = (
    "and its words don't look like cp1252; set encoding in [ingest], for example"
    ' encoding = "cp1251", "gbk" or "shift_jis"'
)
TWO_ENCODINGS = (
    "line {} is not UTF-8 (byte 0x{}), though line {} is; expected one encoding, write the file"
    ' again or set one in [ingest], for example encoding = "cp1252"'
)
TRUNCATED = "can't be read: Truncated compressed stream; write the file again"


def zstd(content: bytes) -> bytes:
    """Return a frame of zstd."""
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


def flipped(content: bytes, position: int) -> bytes:
    """Return the bytes with one that is another."""
    return content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]


ENCODINGS = [
    loads("utf8-with-mark.csv", codecs.BOM_UTF8 + TEXT.encode(), TWO),
    loads(
        "utf8-with-mark-before-quote.csv",
        codecs.BOM_UTF8 + b'"a\nx",b\n1,2\n',
        {"a\nx": ["1"], "b": ["2"]},
    ),
    loads("utf16-with-mark.csv", TEXT.encode("utf-16"), TWO),
    loads("utf16-the-other-way-round.csv", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), TWO),
    loads("utf16-without-mark.csv", TEXT.encode("utf-16-le"), TWO),
    loads(
        "utf16-without-mark-of-japanese.csv",
        JAPANESE.encode("utf-16-be"),
        {"名前": ["日本語"], "b": ["かな"]},
        settings='encoding = "utf-16-be"',
    ),
    loads("utf32.csv", TEXT.encode("utf-32"), TWO),
    loads("utf32-without-mark.csv", TEXT.encode("utf-32-le"), TWO),
    refused(
        "utf16-cut-in-a-character.csv",
        TEXT.encode("utf-16")[:-1],
        "line 3 is not utf-16: byte 0x0a, truncated data; set encoding in [ingest], for example"
        ' encoding = "latin-1"',
    ),
    loads(
        "latin1.csv",
        TEXT.encode("latin-1"),
        TWO,
        told="read as cp1252, since line 2 is not UTF-8 (byte 0xe9)",
    ),
    loads(
        "latin1-in-the-last-byte.csv",
        "a,b\n1,2\n3,é".encode("latin-1"),
        {"a": ["1", "3"], "b": ["2", "é"]},
        told="read as cp1252, since line 3 is not UTF-8 (byte 0xe9)",
    ),
    loads(
        "cp1252-of-signs.csv",
        "a,b\n“x” – y,5 €\n".encode("cp1252"),
        {"a": ["“x” – y"], "b": ["5 €"]},
        told="read as cp1252, since line 2 is not UTF-8 (byte 0x93)",
    ),
    refused(
        "cp1251.csv", RUSSIAN.encode("cp1251"), f"line 1 is not UTF-8 (byte 0xe8), {OTHER_WORDS}"
    ),
    loads(
        "cp1251-as-set.csv",
        RUSSIAN.encode("cp1251"),
        {"имя": ["Анна"], "город": ["Москва"]},
        settings='encoding = "cp1251"',
    ),
    refused(
        "gbk.csv",
        "名,b\n北京上海,广州\n".encode("gbk"),
        f"line 1 is not UTF-8 (byte 0xc3), {OTHER_WORDS}",
    ),
    loads(
        "shift-jis-as-set.csv",
        JAPANESE.encode("shift_jis"),
        {"名前": ["日本語"], "b": ["かな"]},
        settings='encoding = "shift_jis"',
    ),
    refused(
        "cp437.csv",
        "a,b\nü,1\n".encode("cp437"),
        "line 2 is not UTF-8 (byte 0x81), and byte 0x81 in line 2 has no meaning in cp1252; set"
        ' encoding in [ingest], for example encoding = "cp1250"',
    ),
    refused(
        "utf8-and-latin1.csv",
        "a,b\né,1\n".encode() + "è,2\n".encode("latin-1"),
        TWO_ENCODINGS.format(3, "e8", 2),
    ),
    refused(
        "utf8-cut-in-a-character.csv", "a,b\né,ß".encode()[:-1], TWO_ENCODINGS.format(2, "c3", 2)
    ),
    refused(
        "utf8-set-for-latin1.csv",
        "a,b\n1,2\né,3\n".encode("latin-1"),
        "line 3 is not utf-8: byte 0xe9, invalid continuation byte; set encoding in [ingest], for"
        ' example encoding = "latin-1"',
        settings='encoding = "utf-8"',
    ),
    refused(
        "bytes-of-no-text.csv",
        bytes(range(1, 256)) * 40,
        "line 2 is not UTF-8 (byte 0x80), and byte 0x01 in line 2 is not a text character;"
        " expected a text",
    ),
]
COMPRESSED = [
    loads("gzip-not-named.csv", gzip.compress(TEXT.encode()), TWO),
    loads("bz2-called-gz.csv.gz", bz2.compress(TEXT.encode()), TWO),
    loads("zstd-of-utf16.csv.zst", zstd(TEXT.encode("utf-16")), TWO),
    loads("plain-called-gz.csv.gz", TEXT, TWO),
    loads(
        "gzip-of-two-members.csv.gz",
        gzip.compress(b"a,b\n\xc3\xa9,2\n") + gzip.compress("3,ß\n".encode()),
        TWO,
    ),
    refused("gzip-cut.csv.gz", gzip.compress(TEXT.encode() * 999)[:-20], TRUNCATED),
    refused("gzip-cut-before-its-sum.csv.gz", gzip.compress(TEXT.encode())[:-8], TRUNCATED),
    refused("bz2-cut.csv.bz2", bz2.compress(TEXT.encode())[:-4], TRUNCATED),
    refused("zstd-cut.csv.zst", zstd(TEXT.encode())[:-2], TRUNCATED),
    refused(
        "gzip-with-another-sum.csv.gz",
        flipped(gzip.compress(TEXT.encode()), -6),
        "can't be read: zlib inflate failed: incorrect data check; write the file again",
    ),
    refused(
        "gzip-then-garbage.csv.gz",
        gzip.compress(TEXT.encode()) + b"garbage",
        "can't be read: zlib inflate failed: incorrect header check; write the file again",
    ),
    refused(
        "bz2-of-an-empty-member.csv.bz2",
        bz2.compress(b"a,b\n1,2\n") + bz2.compress(b"") + bz2.compress(b"3,4\n"),
        "can't be read: Unknown error: bz2 decompress failed: wrong sequence of calls to bz2"
        " library (internal error); write the file again",
    ),
    refused(
        "gzip-of-gzip.csv.gz",
        gzip.compress(gzip.compress(TEXT.encode())),
        "is a compressed file inside a compressed one; decompress it once",
    ),
    refused(
        "gzip-of-nothing.csv.gz",
        gzip.compress(b""),
        "the file has no table; expected a header and rows",
    ),
    refused("xz.csv.xz", lzma.compress(TEXT.encode()), f"is an xz file; {UNPACK}"),
]
OTHERS = [
    refused("empty.csv", b"", "the file is empty; expected a table with a header"),
    refused(
        "blank.csv",
        "\n \n\n".replace(" ", ""),
        "the file has no table; expected a header and rows",
    ),
    refused(
        "excel-called-csv.csv",
        b"PK\x03\x04" + bytes(99),
        "can't be read as a workbook: File is not a zip file; save the workbook again",
    ),
    refused(
        "old-excel.xls",
        b"\xd0\xcf\x11\xe0" + bytes(99),
        "can't be read as a workbook: not an OLE2 structured storage file; save the workbook again",
    ),
    refused(
        "error-page-of-a-download.csv",
        "<!DOCTYPE html>\n<title>404</title>\n",
        f"is an HTML or XML file; {EXPORT}",
    ),
    refused("database.csv", b"SQLite format 3\0" + bytes(99), f"is an SQLite database; {DATABASE}"),
    refused("pickle.csv", b"\x80\x04\x95" + bytes(99), f"is a pickle; {EXPORT}"),
]
CASES = [*ENCODINGS, *COMPRESSED, *OTHERS]
