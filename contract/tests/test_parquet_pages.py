"""Page sizes of Parquet files: from the headers alone, whatever the metadata says."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from stage_contract import parquet_pages
from stage_contract.parquet_pages import PageError, decompressed_bytes


@dataclass(frozen=True)
class Chunk:
    """A column chunk that starts with the file."""

    num_values: int
    total_compressed_size: int
    has_dictionary_page: bool = True
    dictionary_page_offset: int | None = 0
    data_page_offset: int = 0
    path_in_schema: str = "note"


def varint(number: int) -> bytes:
    rest, low = divmod(number, 128)
    return bytes([low + 128]) + varint(rest) if rest else bytes([low])


def integer(number: int) -> bytes:
    return b"\x15" + varint(2 * number if number >= 0 else -2 * number - 1)


DICTIONARY, DATA, DATA_V2 = (2, b"\x4c"), (0, b"\x2c"), (3, b"\x5c")
"""The type of a page, and the head of its own header, which follows the three fields of all."""


def page(kind: tuple[int, bytes], *, size: int, values: int, body: bytes = b"abc") -> bytes:
    """Return a page whose header has a text and a real number as well."""
    own = integer(values) + b"\x18\x02hi" + b"\x17" + bytes(8) + b"\x11\x00"
    return b"".join(
        [integer(kind[0]), integer(size), integer(len(body)), kind[1], own, b"\x00", body]
    )


def measured(tmp_path: Path, *pages: bytes, values: int) -> int:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"".join(pages))
    return decompressed_bytes(path, Chunk(values, path.stat().st_size))


def test_the_pages_of_a_chunk_are_added_up_to_its_last_value(tmp_path: Path) -> None:
    pages = [
        page(DICTIONARY, size=1_000, values=10),
        page(DATA, size=20, values=3, body=b""),
        page(DATA_V2, size=300, values=4),
    ]

    assert measured(tmp_path, *pages, b"another column", values=7) == 1_320


@pytest.mark.parametrize(
    ("kind", "says"), [(DICTIONARY, "dictionary"), (DATA, "data"), (DATA_V2, "data")]
)
def test_a_page_that_is_too_large_is_refused_by_its_header(
    tmp_path: Path, kind: tuple[int, bytes], says: str
) -> None:
    largest = parquet_pages.MAX_PAGE_BYTES
    rest = page(DATA, size=0, values=2)
    assert measured(tmp_path, page(kind, size=largest, values=2), rest, values=2) == largest

    with pytest.raises(PageError) as refused:
        measured(tmp_path, page(kind, size=largest + 1, values=2), values=2)

    assert str(refused.value) == (
        f"column 'note' has a {says} page of 134,217,729 bytes (values: 2), expected at most"
        " 134,217,728, in shorter values or smaller pages"
    )


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\x15",
        page(DATA, size=-1, values=1),
        page(DATA, size=1, values=-1),
        b"\x15" + b"\xff" * 20,
        b"\x1c" * 10_000,
        b"\x18" + varint(2**62) + b"\x00",
        b"\x19\x00",
        b"\x1f\x00",
        integer(0) + b"\x00",
        integer(0) + integer(1) + integer(1) + b"\x25\x02\x00",
    ],
    ids=[
        *("empty", "cut off", "negative size", "negative values", "endless integer", "nested"),
        *("long text", "list", "unknown type", "no size", "no struct"),
    ],
)
def test_a_damaged_header_names_the_column(tmp_path: Path, damaged: bytes) -> None:
    with pytest.raises(PageError, match=r"^column 'note' has a damaged page header$"):
        measured(tmp_path, damaged, values=1)
