"""Cross-origin requests, answered by Starlette's CORS middleware."""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serve.codecs.media_types import Field
from serve.codecs.media_types import Headers as Fields

_EXPOSED = ("x-model-id", "x-request-id", "traceresponse", "retry-after")
_METHODS = ("GET", "POST")
_SECONDS_TO_REMEMBER = 600


class _Cors(CORSMiddleware):
    def preflight_response(self, request_headers: Headers) -> Response:
        """Return a preflight response; an origin that is not allowed learns nothing from it."""
        if self.is_allowed_origin(request_headers["origin"]):
            return super().preflight_response(request_headers)
        return Response(headers={"vary": "Origin"})


def cors_policy(origins: Sequence[str]) -> CORSMiddleware | None:
    """Return Starlette's CORS middleware for these origins, around no app; None without origins.

    Credentials are not allowed: API keys are sent in header fields, not in cookies.
    """
    if not origins:
        return None
    is_any = "*" in origins
    return _Cors(
        _nothing,
        allow_origins=() if is_any else origins,
        # The origin is echoed instead of "*", so that responses can be cached per origin.
        allow_origin_regex=".*" if is_any else None,
        allow_methods=_METHODS,
        allow_headers=("*",),
        expose_headers=_EXPOSED,
        max_age=_SECONDS_TO_REMEMBER,
    )


def cors_fields(policy: CORSMiddleware, headers: Fields) -> list[Field]:
    """Return the fields that Starlette's middleware adds to a response that has no `Vary` yet."""
    fields: list[Field] = []
    origin = headers.get(b"origin")
    if origin is not None:
        fields += [
            (name.lower().encode(), value.encode()) for name, value in policy.simple_headers.items()
        ]
        if policy.is_allowed_origin(origin.decode("latin-1")):
            fields.append((b"access-control-allow-origin", origin))
    return [*fields, (b"vary", b"Origin")]


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise LookupError("the policy answers nothing by itself")
