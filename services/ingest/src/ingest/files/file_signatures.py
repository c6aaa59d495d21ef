"""File formats, detected from the first bytes."""

import re
from typing import Literal

type Format = Literal["csv", "jsonl", "parquet", "arrow", "xlsx", "xls", "ods"]

ARROW_FILE = b"ARROW1\0\0"

_TYPED: dict[bytes, Format] = {
    # A CSV file may have a column of this name.
    rb'PAR1(?![,;|"\s])': "parquet",
    ARROW_FILE: "arrow",
    # A stream, which starts with a continuation marker.
    rb"\xff{4}": "arrow",
    # Any ZIP file, also .ods; the reader looks at its parts.
    rb"PK\x03\x04": "xlsx",
    rb"\xd0\xcf\x11\xe0": "xls",
}
"""Signatures of typed formats."""
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_EXPORT = "expected CSV, JSON Lines, Parquet, Arrow or Excel, export it as one"
_UNPACK = "expected gzip, bz2, zstd or no compression, unpack it before"
_COMPRESSED_TWICE = "a compressed file inside a compressed one; decompress it once"
_DOCUMENT = (
    "a JSON document; expected JSON Lines, one object a line, for example by"
    " jq -c '.[]' t.json > t.jsonl"
)
_DATABASE = (
    'expected source = "sqlite:///a.db" with table or query in [ingest], see docs/sources.md'
)
_UNSUPPORTED = {
    rb"PK\x03\x04|\xd0\xcf\x11\xe0": (
        "a ZIP file or workbook inside a compressed file; decompress it before"
    ),
    rb"\xfd7zXZ": f"an xz file; {_UNPACK}",
    rb"7z\xbc\xaf": f"a 7z file; {_UNPACK}",
    rb"\x04\x22\x4d\x18": f"an lz4 file; {_UNPACK}",
    rb"(?s:.{257})ustar": f"a tar archive; {_UNPACK}",
    rb'PAR1(?![,;|"\s])': "a Parquet file inside a compressed one; decompress it before",
    rb"ARROW1\0|\xff{4}": "an Arrow file inside a compressed one; decompress it before",
    rb"\x1f\x8b|BZh\d|\x28\xb5\x2f\xfd": _COMPRESSED_TWICE,
    rb"FEA1\0": f"a Feather file of version 1; {_EXPORT}",
    rb"ORC[^\x09-\x0d\x20-\x7f]": f"an ORC file; {_EXPORT}",
    rb"Obj\x01": f"an Avro file; {_EXPORT}",
    rb"SQLite format 3": f"an SQLite database; {_DATABASE}",
    rb"\x89HDF": f"an HDF5 file; {_EXPORT}",
    rb"\x80[\x02-\x05]": f"a pickle; {_EXPORT}",
    rb"\x93NUMPY": f"a NumPy file; {_EXPORT}",
    rb"%PDF": f"a PDF file; {_EXPORT}",
    rb"\s*<(!|\?|html)": f"an HTML or XML file; {_EXPORT}",
    rb"\s*\[\s*[\[{]|\s*\{[ \t\r]*\n": _DOCUMENT,
}
"""Signatures of unsupported formats; a CSV file rarely starts like this."""

_JSON_OBJECT = rb'\s*\{\s*["}]'
_JSON_LINES_NAME = r"\.(jsonl|ndjson)(\.\w+)?$"
_MARKS_AND_ZEROS = re.compile(rb"^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)|\0")
"""Marks and zeros of UTF-16; without them its first characters are ASCII."""


def find_compression(head: bytes) -> str | None:
    """Return the compression of a file that starts with `head`, by its Arrow name."""
    return next((name for mark, name in _COMPRESSIONS.items() if head.startswith(mark)), None)


def find_typed_format(head: bytes) -> Format | None:
    """Return the typed format of a file that starts with `head`."""
    return next((kind for pattern, kind in _TYPED.items() if re.match(pattern, head)), None)


def find_unsupported_format(head: bytes) -> str | None:
    """Return the unsupported format of a file that starts with `head`, and the remedy."""
    heads = (head, _MARKS_AND_ZEROS.sub(b"", head))
    return next(
        (
            what
            for pattern, what in _UNSUPPORTED.items()
            if any(re.match(pattern, item) for item in heads)
        ),
        None,
    )


def find_text_format(head: bytes, name: str) -> Format:
    """Return JSON Lines, by the file name or a first object, else CSV."""
    if re.search(_JSON_LINES_NAME, name, re.IGNORECASE):
        return "jsonl"
    return "jsonl" if re.match(_JSON_OBJECT, _MARKS_AND_ZEROS.sub(b"", head)) else "csv"
