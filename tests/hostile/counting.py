"""How many rows a file holds, counted with other readers than ingest's where there are any."""

import bz2
import csv
import gzip
import io
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pyarrow import ipc, parquet

MAX_CELL_CHARACTERS = 1 << 27


def count_rows(content: bytes, how: Mapping[str, Any]) -> int:
    """Return the rows of a file, malformed ones among them; `how` is what source.json tells."""
    match how["format"]:
        case "parquet":
            return int(parquet.read_metadata(io.BytesIO(content)).num_rows)
        case "arrow":
            is_file = content.startswith(b"ARROW1")
            reader = (ipc.open_file if is_file else ipc.open_stream)(io.BytesIO(content))
            return int(reader.read_all().num_rows)
        case "jsonl":
            lines = text_of(content, how["encoding"]).split("\n")
            return sum(not line.isspace() and line != "" for line in lines)
    return _count_csv(text_of(content, how["encoding"]), how)


def text_of(content: bytes, encoding: str) -> str:
    """Return the text of a file, which may be compressed."""
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    elif content.startswith(b"BZh"):
        content = bz2.decompress(content)
    elif content.startswith(b"\x28\xb5\x2f\xfd"):
        content = pa.CompressedInputStream(io.BytesIO(content), "zstd").read()
    return content.decode(encoding).removeprefix("\ufeff")


def _count_csv(text: str, how: Mapping[str, Any]) -> int:
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    lines = io.StringIO(text, newline="")
    for _ in range(how.get("skip", 0)):
        lines.readline()
    rows = csv.reader(
        lines,
        delimiter=how["delimiter"],
        quotechar=how["quote"] or None,
        quoting=csv.QUOTE_MINIMAL if how["quote"] else csv.QUOTE_NONE,
        escapechar=how.get("escape"),
    )
    return sum(bool(row) for row in rows) - bool(how["header"])
