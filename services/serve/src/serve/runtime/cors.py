"""Cross-origin requests: which web pages may ask, and what a browser is told before it asks."""

import re
from collections.abc import Sequence
from http import HTTPStatus

from serve.codecs.media_types import Answer, Field, Headers

_EXPOSED = b"x-model-id, x-request-id, traceresponse, retry-after"
_ALLOWED_METHODS = b"GET, POST"
_SECONDS_TO_REMEMBER = b"600"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
"""Browsers leave them out."""


def check_origin(text: str) -> str:
    """Return an origin that browsers may send, or `*` for all.

    Raises:
        ValueError: none would send it, so that it would never match.
    """
    meant = _origin_of(text)
    if text == "*" or (text == meant and _ORIGIN.fullmatch(text)):
        return text
    hint = f"; did you mean {meant}?" if _ORIGIN.fullmatch(meant) else ""
    expected = '"*" or scheme://host[:port] in small letters, as browsers send it'
    raise ValueError(f"expected {expected}{hint}")


def _origin_of(text: str) -> str:
    """Return what a browser would make of the address of a page."""
    scheme, _, rest = text.strip().lower().rpartition("://")
    host = rest.partition("/")[0].removesuffix(_DEFAULT_PORTS.get(scheme, ""))
    return f"{scheme or 'https'}://{host}"


class Cors:
    """Allows pages of some origins; cookies play no part here, keys are sent in header fields."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)
        self._any = b"*" in self._origins

    def fields(self, headers: Headers) -> list[Field]:
        """Return what an answer says to the page of a request's origin."""
        if not self._origins:
            return []
        origin = headers.get(b"origin")
        vary = [(b"vary", b"origin")]
        if origin is None or not self._allows(origin):
            return vary
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", _EXPOSED),
            *vary,
        ]

    def _allows(self, origin: bytes) -> bool:
        return self._any or origin in self._origins

    def preflight(self, method: str, headers: Headers) -> Answer | None:
        """Return the answer to a browser's question whether it may ask; None if it is none."""
        if not self._origins or method != "OPTIONS" or b"origin" not in headers:
            return None
        if b"access-control-request-method" not in headers:
            return None
        # Without allow-origin, which `fields` adds or not, a browser takes it for a no.
        allowed = [(b"access-control-allow-methods", _ALLOWED_METHODS)]
        asked = headers.get(b"access-control-request-headers")
        if asked and self._allows(headers[b"origin"]):
            allowed.append((b"access-control-allow-headers", asked))
        allowed.append((b"access-control-max-age", _SECONDS_TO_REMEMBER))
        return HTTPStatus.OK, allowed, b""
