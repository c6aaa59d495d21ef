"""Answering several requests with one run of the graph."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from serve.answers import Prediction
from serve.media import Answer, Headers
from serve.models import Model
from serve.problems import RequestError
from serve.rows import Feed


class Asked(NamedTuple):
    """One request."""

    path: str
    headers: Headers
    body: bytes


type Together = Callable[[Model, Sequence[Asked]], list[Answer | None]]
"""Answers requests of one kind; None stands for one that must be asked by itself."""


def feeds_together[Read](
    model: Model,
    asked: Sequence[Asked],
    *,
    read: Callable[[Model, Asked], tuple[Read, Feed]],
    write: Callable[[Model, Read, Prediction], Answer],
) -> list[Answer | None]:
    """Answer requests whose columns are read one after another."""
    found = [_unless_wrong(read, model, each) for each in asked]
    predictions = iter(model.run_each([each[1] for each in found if each]))
    return [
        _unless_wrong(write, model, each[0], next(predictions)) if each else None for each in found
    ]


def _unless_wrong[**Given, Result](
    function: Callable[Given, Result], *given: Given.args, **more: Given.kwargs
) -> Result | None:
    """Return None for a request that is refused: by itself it is told why."""
    try:
        return function(*given, **more)
    except RequestError:
        return None
