"""Responses of the page: HTML with a strict Content-Security-Policy and an entity tag."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from http import HTTPStatus
from threading import Lock

from fastapi import Request, Response

SECURITY: Mapping[str, str] = {
    # Scripts and styles come only from the assets, so text of a table can never run.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    # A browser asks again each time and gets 304 while nothing has changed. A shared cache stores
    # nothing, because what needs a key is not for others.
    "cache-control": "private, no-cache",
}


class Renderings[T]:
    """The last renderings of a part of the page.

    A flood of requests makes one at a time, and most of them get one that is there, so that
    predictions keep the processor.
    """

    def __init__(self, *, max_kept: int) -> None:
        self._max_kept = max_kept
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the rendering for a key, which `make` returns if it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            made = make()
            self._kept[key] = made
            if len(self._kept) > self._max_kept:
                self._kept.popitem(last=False)
            return made


def entity_tag(*parts: object) -> str:
    """Return an entity tag that changes with the parts."""
    digest = hashlib.sha256(repr(parts).encode(errors="surrogatepass"))
    return f'"{digest.hexdigest()[:32]}"'


def is_current(request: Request, tag: str) -> bool:
    """Return whether the client has the content with this entity tag already."""
    known = request.headers.get("if-none-match", "")
    # A proxy that compresses weakens a tag.
    return tag in {each.strip().removeprefix("W/") for each in known.split(",")}


def html(body: str, tag: str) -> Response:
    """Return a part of the page."""
    return Response(body, media_type="text/html", headers={**SECURITY, "etag": tag})


def not_modified(tag: str) -> Response:
    """Return that the client's content is current."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**SECURITY, "etag": tag})
