"""A request with its id, trace and route, for responses and log lines."""

import itertools
import os
import re
import secrets
from dataclasses import dataclass
from time import monotonic
from typing import Final

from serve.api.predictions.predict import JSON
from serve.api.predictions.routes import FRAMEWORK, Route
from serve.codecs.media_types import CSV, Headers, media_type
from serve.codecs.oip.requests import TENSORS_AT
from serve.runtime.admission_control import SMALL_BODY_BYTES, Kind
from serve.runtime.tracing import Trace, trace_of

_FIT_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")

PAGE_HEADER: Final = b"x-stagecoach-page"
"""The header field of the page's own requests."""
SCOPE_KEY: Final = "stagecoach.request"
"""The key in the ASGI scope for the `Request`."""

# Ids are a prefix per process and a number, which is cheaper than a UUID.
_prefix = secrets.token_hex(6).encode()
_numbers = itertools.count(1)


def _renew_prefix() -> None:
    """Give a forked process, such as a worker, its own prefix."""
    global _prefix  # noqa: PLW0603  # as above, of this process
    _prefix = secrets.token_hex(6).encode()


os.register_at_fork(after_in_child=_renew_prefix)


@dataclass(slots=True)
class Request:
    """A request, from the moment that its header fields have arrived."""

    method: str
    path: str
    headers: Headers
    route: Route
    """The route; FRAMEWORK if it is not a prediction route."""
    id: bytes
    """The request id: the client's, if it sent a valid one."""
    trace: Trace
    began: float
    """Start time by the monotonic clock."""
    shows_details: bool = True
    """Whether the client may see names of columns and paths: no keys are set, or it sent a valid
    one."""
    is_of_page: bool = False
    """Whether the page sent it, so that it is not counted as traffic."""
    held_bytes: int = 0
    """Bytes of the body counted by admission control."""
    is_abandoned: bool = False
    """Whether the client disconnected before it sent the whole body."""

    @property
    def kind(self) -> Kind:
        """The kind of the body, by which its duration is estimated.

        There are few kinds, whatever media types clients send.
        """
        media = media_type(self.headers.get(b"content-type", b""))
        known = media if media in {JSON, CSV} else b""
        has_options, is_slow = self.route.has_options, self.route.is_slow
        return self.route.name, known, TENSORS_AT in self.headers, has_options, is_slow

    def is_quick(self, body_bytes: int) -> bool:
        """Return whether a body is answered at once, without the request queue."""
        return body_bytes <= SMALL_BODY_BYTES and not self.route.is_slow

    def facts(self) -> dict[str, str]:
        """Return the fields of a log line."""
        return {"request_id": self.id.decode(), "trace_id": self.trace.id.decode()}


def begin_request(
    method: str, path: str, *, headers: Headers, route: Route | None = None
) -> Request:
    """Return a request that starts now."""
    given = headers.get(b"x-request-id")
    known = given is not None and _FIT_ID.fullmatch(given)
    return Request(
        method=method,
        path=path,
        headers=headers,
        route=route or FRAMEWORK,
        id=given if given is not None and known else b"%b-%x" % (_prefix, next(_numbers)),
        trace=trace_of(headers.get(b"traceparent")),
        began=monotonic(),
        is_of_page=PAGE_HEADER in headers,
    )
