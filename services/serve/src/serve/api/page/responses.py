"""Responses of the page: HTML with a strict Content-Security-Policy and an entity tag."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import Request, Response

SECURITY: Mapping[str, str] = {
    # Scripts and styles come only from the assets, so text of a table can never run.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    # A browser asks again each time and gets 304 while nothing has changed.
    "cache-control": "no-cache",
}


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
