"""Page sizes of a Parquet file, read before the pages are decoded: kilobytes may be gigabytes.

Source: `PageHeader` of https://github.com/apache/parquet-format, in Thrift's compact protocol.
"""

from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Protocol

from stage_contract.errors import ContractError

MAX_PAGE_BYTES: Final = 128 << 20
"""Readers hold a page up to three times. The largest pages of usual writers have 100 MB."""

_OLD_WRITERS_BYTES: Final = 100
"""The bytes by which `total_compressed_size` of old writers may be too small, as in Arrow."""

_TYPE, _BYTES, _STORED_BYTES, _VALUES = 1, 2, 3, 1
_DICTIONARY_PAGE: Final = 2
_HEADERS_OF_VALUES: Final = {0: 5, 2: 7, 3: 8}
"""The field with the number of values, by the type of the page."""

_MAX_DEPTH: Final = 8
_MAX_HEADER_BYTES: Final = 16 << 20
"""As in Arrow."""
_MAX_VARINT_BITS: Final = 63


class PageError(ContractError):
    """A page is too large, or its header is damaged."""


class ColumnChunk(Protocol):
    """Metadata of a column in a row group, with the names of pyarrow."""

    @property
    def path_in_schema(self) -> str: ...
    @property
    def has_dictionary_page(self) -> bool: ...
    @property
    def dictionary_page_offset(self) -> int | None: ...
    @property
    def data_page_offset(self) -> int: ...
    @property
    def total_compressed_size(self) -> int: ...
    @property
    def num_values(self) -> int: ...


class _Page(NamedTuple):
    size: int
    """Bytes after decompression."""
    stored: int
    """Bytes in the file."""
    values: int
    is_dictionary: bool


def decompressed_bytes(path: Path, chunk: ColumnChunk) -> int:
    """Return the size of all pages of a chunk. The total in the metadata may be wrong.

    Raises:
        PageError: A page is larger than `MAX_PAGE_BYTES`, or a header is damaged.
    """
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        start = min(start, chunk.dictionary_page_offset)
    stop = start + chunk.total_compressed_size + _OLD_WRITERS_BYTES
    total = seen = 0
    with path.open("rb") as file:
        try:
            file.seek(start)
            while seen < chunk.num_values and file.tell() < stop:
                page = _read_page(file)
                if page.size > MAX_PAGE_BYTES:
                    raise _too_large(chunk, page)
                file.seek(page.stored, 1)
                total += page.size
                seen += 0 if page.is_dictionary else page.values
        except (ValueError, KeyError, TypeError):
            raise PageError(f"column '{chunk.path_in_schema}' has a damaged page header") from None
    return total


def _too_large(chunk: ColumnChunk, page: _Page) -> PageError:
    return PageError(
        f"column '{chunk.path_in_schema}' has a {'dictionary' if page.is_dictionary else 'data'}"
        f" page of {page.size:,} bytes (values: {page.values:,}), expected at most"
        f" {MAX_PAGE_BYTES:,}, in shorter values or smaller pages"
    )


def _read_page(file: BinaryIO) -> _Page:
    header = _struct(file)
    field = _HEADERS_OF_VALUES.get(header[_TYPE])
    values = header[field][_VALUES] if field else 0
    page = _Page(header[_BYTES], header[_STORED_BYTES], values, header[_TYPE] == _DICTIONARY_PAGE)
    if not all(0 <= number < 1 << 31 for number in page[:3]):
        raise ValueError(page)
    return page


def _struct(file: BinaryIO, depth: int = 0) -> dict[int, Any]:
    """Return the fields by their numbers; None stands for values that are not needed."""
    if depth > _MAX_DEPTH:
        raise ValueError(depth)
    fields, number = {}, 0
    while head := _byte(file):
        number = number + (head >> 4) if head >> 4 else _integer(file)
        fields[number] = _value(file, head & 15, depth=depth)
    return fields


def _value(file: BinaryIO, kind: int, *, depth: int) -> Any:
    match kind:
        case 1 | 2:  # a boolean, which is in its type
            return None
        case 3:
            return _byte(file)
        case 4 | 5 | 6:
            return _integer(file)
        case 7:
            file.seek(8, 1)
            return None
        case 8:
            length = _varint(file)
            if length > _MAX_HEADER_BYTES:
                raise ValueError(length)
            file.seek(length, 1)
            return None
        case 12:
            return _struct(file, depth + 1)
    raise ValueError(kind)  # page headers have neither lists nor maps


def _integer(file: BinaryIO) -> int:
    zigzag = _varint(file)
    return (zigzag >> 1) ^ -(zigzag & 1)


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, _MAX_VARINT_BITS, 7):
        byte = _byte(file)
        value |= (byte & 127) << shift
        if byte < 128:
            return value
    raise ValueError(value)


def _byte(file: BinaryIO) -> int:
    byte = file.read(1)
    if not byte:
        raise ValueError("the file ends in a page header")
    return byte[0]
