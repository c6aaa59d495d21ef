"""The hot routes: by path, what answers a POST before the framework sees it."""

from collections.abc import Callable

from serve.media import Answer, Headers
from serve.models import Model
from serve.predict import predict

type Route = Callable[[Model, Headers, bytes], Answer]
"""Takes the live model, header fields and body; a RequestError refuses."""

_ROUTES: dict[str, Route] = {"/predict": predict}


def find_route(path: str) -> Route | None:
    """Return what answers at a path; None leaves it to the framework."""
    return _ROUTES.get(path)
