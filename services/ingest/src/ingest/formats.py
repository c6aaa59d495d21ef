"""What a file is, told from its first bytes."""

import re

PARQUET = b"PAR1"

_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd"}
_NO_TABLES = {
    rb"PK\x03\x04": "a ZIP or Excel file",
    rb"\xd0\xcf\x11\xe0": "an Excel file",
    rb"\xfd7zXZ": "an xz file",
    rb"7z\xbc\xaf": "a 7z file",
    rb"(?s:.{257})ustar": "a tar archive",
    rb"PAR1": "a Parquet file inside a compressed one",
    rb"ARROW1": "an Arrow file",
    rb"ORC": "an ORC file",
    rb"Obj\x01": "an Avro file",
    rb"SQLite format 3": "an SQLite database",
    rb"\x89HDF": "an HDF5 file",
    rb"%PDF": "a PDF file",
    rb"\s*<(!|\?|html)": "an HTML or XML file",
    rb'\s*(\[\s*)?\{\s*"': "a JSON file",
}
"""Patterns of what people try that is no CSV; a CSV file would have to start very oddly."""


def find_compression(head: bytes) -> str | None:
    """Return how a file that starts with `head` is compressed, as Arrow calls it."""
    return next((name for mark, name in _COMPRESSIONS.items() if head.startswith(mark)), None)


def find_other_format(head: bytes) -> str | None:
    """Return what a file that starts with `head` is, if it is plainly no CSV."""
    return next((what for pattern, what in _NO_TABLES.items() if re.match(pattern, head)), None)
