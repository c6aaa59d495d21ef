"""Media types and encodings of request bodies, and header fields of responses."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from stage_contract import text_encoding

from serve.problems import RequestError

type Headers = Mapping[bytes, bytes]
type Field = tuple[bytes, bytes]
type RawResponse = tuple[int, list[Field], bytes]
"""A response as status, header fields and body."""

MODEL_ID: Final = b"x-model-id"

CSV: Final = b"text/csv"
_TSV: Final = b"text/tab-separated-values"
"""Read as CSV, whose delimiter may be a tab."""

ROWS_EXPECTED: Final = "application/json or text/csv, which may also have tabs or semicolons"
"""The media types of rows, as the detail of a 415 names them."""

_UTF_8 = frozenset({b"utf-8", b"utf8", b"us-ascii"})


def media_type(content_type: bytes) -> bytes:
    """Return the media type without parameters; empty if its charset is not supported.

    It is that of CSV for tab-separated values. CSV may have any encoding, other types UTF-8.
    """
    name = content_type.partition(b";")[0].strip().lower()
    name = CSV if name == _TSV else name
    charset = _charset(content_type)
    if charset is None or charset in _UTF_8:
        return name
    return name if name == CSV and _known(charset) else b""


def encoding_of(headers: Headers) -> str | None:
    """Return the declared encoding of a CSV body."""
    charset = _charset(headers.get(b"content-type", b""))
    if charset is None:
        return None
    return "utf-8" if charset in _UTF_8 else _known(charset)


def _charset(content_type: bytes) -> bytes | None:
    for parameter in content_type.lower().split(b";")[1:]:
        key, _, value = parameter.partition(b"=")
        if key.strip() == b"charset":
            return value.strip(b' "')
    return None


def _known(charset: bytes) -> str | None:
    try:
        return text_encoding(charset.decode("latin-1"))
    except LookupError:
        return None


def pick[Kind](headers: Headers, kinds: Mapping[bytes, Kind], *, expected: str) -> Kind:
    """Return the item for the media type of a body.

    Raises:
        RequestError: The media type is not supported, or the body is compressed.
    """
    content_type = headers.get(b"content-type", b"")
    kind = kinds.get(content_type) or kinds.get(media_type(content_type))
    if kind is None:
        sent = content_type.decode("latin-1")[:100] or "none"
        detail = f"Content-Type is {sent}, expected {expected}"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    check_encoding(headers)
    return kind


def check_encoding(headers: Headers) -> None:
    """Refuse a compressed body."""
    if headers.get(b"content-encoding", b"identity") != b"identity":
        detail = "the body is compressed; send it without Content-Encoding"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
