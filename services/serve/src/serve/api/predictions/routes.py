"""The prediction routes: by path, the function that answers a POST."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from serve.api.predictions.batching import Batcher
from serve.api.predictions.infer import (
    WITH_VERSION,
    WITHOUT_VERSION,
    find_infer,
    find_infer_batcher,
)
from serve.api.predictions.invocations import invocations
from serve.api.predictions.predict import find_batcher, predict
from serve.api.predictions.predict_with_options import predict_with_options
from serve.codecs.media_types import Headers, RawResponse
from serve.codecs.predict_options import asks_explanation
from serve.model.models import Model


@dataclass(frozen=True)
class Route:
    """A prediction route: the function that answers requests to a path, or to a family of paths."""

    name: str
    """The path in metrics and logs, without the parts that a client may choose."""

    answer: Callable[[Model, Headers, bytes], RawResponse]
    """Takes the live model, header fields and body; raises RequestError to refuse."""

    find_batcher: Callable[[Headers], Batcher | None] = lambda _headers: None
    """Returns the function that answers small requests as a batch, by their header fields."""

    has_options: bool = False
    """Whether the query string may change the response, and so the time that it takes."""

    is_slow: bool = False
    """Whether a small body takes long, too, so that it waits in the request queue."""


_PREDICT = "/predict"
_ROUTES = {
    _PREDICT: Route(_PREDICT, predict, find_batcher),
    "/invocations": Route("/invocations", invocations),
}
PREDICTION_ROUTES = frozenset(
    [*(route.name for route in _ROUTES.values()), WITHOUT_VERSION, WITH_VERSION]
)
"""The names of all prediction routes."""


def _no_direct_response(_model: Model, _headers: Headers, _body: bytes) -> RawResponse:
    raise LookupError("only the framework can answer here")


FRAMEWORK = Route("other", _no_direct_response)
"""The route of all paths that the framework handles, including unknown ones."""


def find_route(path: str, query: bytes = b"") -> Route | None:
    """Return the route for a path and its query string; None if the framework handles it."""
    route = _ROUTES.get(path)
    if query and path == _PREDICT:
        answer = partial(predict_with_options, query=query)
        return Route(_PREDICT, answer, has_options=True, is_slow=asks_explanation(query))
    if route is None and (found := find_infer(path)):
        name, infer = found
        return Route(name, infer, find_infer_batcher)
    return route
