"""Checks of a request's head for what a proxy may interpret differently (request smuggling)."""

from collections.abc import Sequence

import httptools

from serve.codecs.media_types import Field
from serve.workers.connection_errors import repeated, wrong_coding, wrong_host, wrong_target

_KEY_FIELDS = (b"authorization", b"x-api-key")
_CODING = b"transfer-encoding"


def check_fields(fields: Sequence[Field], *, version: str) -> None:
    """Check the header fields of a request in HTTP `version`; names are in lower case.

    Raises:
        RequestError: A field is missing or repeated, or a coding is unknown.
    """
    names = [name for name, _ in fields]
    hosts = names.count(b"host")
    if hosts != 1 and (hosts or version == "1.1"):
        raise wrong_host(hosts)
    for name in _KEY_FIELDS:
        if names.count(name) > 1:
            raise repeated(name)
    if _CODING in names:
        coding = b",".join(value for name, value in fields if name == _CODING)
        if coding.strip().lower() != b"chunked":
            raise wrong_coding(coding)


def check_target(url: bytes) -> None:
    """Check that a request line has a path, unlike `GET http://host HTTP/1.1`.

    Raises:
        RequestError: It has none.
    """
    try:
        path = httptools.parse_url(url).path
    except httptools.HttpParserInvalidURLError:
        path = None
    if path is None:
        raise wrong_target(url)
