"""A request: its id, trace and route, as answers and log lines name them."""

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
from serve.runtime.admission_control import Kind
from serve.runtime.tracing import Trace, trace_of

_FIT_ID = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")

IN_SCOPE: Final = "stagecoach.request"
"""The key of an ASGI scope that holds the `Request`."""

# A prefix of this process and a number: ids differ, and cost less than a UUID each.
_prefix = secrets.token_hex(6).encode()
_numbers = itertools.count(1)


def _renew_prefix() -> None:
    """Give a forked process, such as a worker, one of its own."""
    global _prefix  # noqa: PLW0603  # as above, of this process
    _prefix = secrets.token_hex(6).encode()


os.register_at_fork(after_in_child=_renew_prefix)


@dataclass(slots=True)
class Request:
    """What is known of a request once its header fields are there."""

    method: str
    path: str
    headers: Headers
    route: Route
    """What answers; FRAMEWORK if it is not one of ours."""
    id: bytes
    """The client's, if it sent a fit one."""
    trace: Trace
    began: float
    """When, by the monotonic clock."""
    shows_details: bool = True
    """Whether the client may read names of columns and paths: no keys are set, or it sent one."""
    held_bytes: int = 0
    """Bytes of the body that admission control counts."""
    is_abandoned: bool = False
    """Whether the client has gone before it sent the whole body."""

    @property
    def kind(self) -> Kind:
        """The kind of the body; there are few, whatever clients call theirs."""
        media = media_type(self.headers.get(b"content-type", b""))
        known = media if media in {JSON, CSV} else b""
        return self.route.name, known, TENSORS_AT in self.headers

    def facts(self) -> dict[str, str]:
        """Return what a log line says of it."""
        return {"request_id": self.id.decode(), "trace_id": self.trace.id.decode()}


def begin_request(
    method: str, path: str, *, headers: Headers, route: Route | None = None
) -> Request:
    """Return a request that begins now."""
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
    )
