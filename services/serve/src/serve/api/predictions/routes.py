"""The prediction routes: by path, the function that answers a POST."""

from collections.abc import Callable
from dataclasses import dataclass

from serve.api.predictions.batching import Batcher
from serve.api.predictions.infer import find_infer, find_infer_batcher
from serve.api.predictions.invocations import invocations
from serve.api.predictions.predict import find_batcher, predict
from serve.codecs.media_types import Answer, Headers
from serve.model.models import Model


@dataclass(frozen=True)
class Route:
    """What answers at one path, or at a family of them."""

    name: str
    """As metrics and logs call it: without the parts of a path that a client may choose."""

    answer: Callable[[Model, Headers, bytes], Answer]
    """Takes the live model, header fields and body; a RequestError refuses."""

    find_batcher: Callable[[Headers], Batcher | None] = lambda _headers: None
    """Returns the function that answers small requests as a batch, by their header fields."""


_ROUTES = {
    "/predict": Route("/predict", predict, find_batcher),
    "/invocations": Route("/invocations", invocations),
}


def _answer_nothing(_model: Model, _headers: Headers, _body: bytes) -> Answer:
    raise LookupError("only the framework can answer here")


FRAMEWORK = Route("other", _answer_nothing)
"""Stands for whatever the framework answers, nothing included."""


def find_route(path: str) -> Route | None:
    """Return what answers at a path; None leaves it to the framework."""
    route = _ROUTES.get(path)
    if route is None and (found := find_infer(path)):
        name, answer = found
        return Route(name, answer, find_infer_batcher)
    return route
