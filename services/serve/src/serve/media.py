"""What header fields say: of which media type a body is, and which model an answer is of."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from serve.problems import RequestError

type Headers = Mapping[bytes, bytes]
type Field = tuple[bytes, bytes]
type Answer = tuple[int, list[Field], bytes]
"""Status, header fields, body."""

MODEL_ID: Final = b"x-model-id"

_UTF_8 = frozenset({b"utf-8", b"utf8", b"us-ascii"})


def media_type(content_type: bytes) -> bytes:
    """Return the type without parameters; nothing if it says another encoding than UTF-8."""
    name, *parameters = (part.strip().lower() for part in content_type.split(b";"))
    for parameter in parameters:
        key, _, value = parameter.partition(b"=")
        if key.strip() == b"charset" and value.strip(b' "') not in _UTF_8:
            return b""
    return name


def pick[Kind](headers: Headers, kinds: Mapping[bytes, Kind], *, expected: str) -> Kind:
    """Return what belongs to the media type of a body.

    Raises:
        RequestError: the body is of another type, or compressed.
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
        detail = "the body is compressed, expected one without Content-Encoding"
        raise RequestError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
