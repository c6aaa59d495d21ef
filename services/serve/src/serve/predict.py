"""POST /predict: rows as JSON or as a table, and the answer in the same form."""

from collections.abc import Callable

from serve.media import Answer, Headers, pick
from serve.models import Model

type Predict = Callable[[Model, bytes], bytes]

_EXPECTED = "application/json or text/csv in UTF-8"
_KINDS: dict[bytes, tuple[bytes, Predict]] = {
    b"application/json": (b"application/json", Model.predict_json),
    b"text/csv": (b"text/csv; charset=utf-8", Model.predict_csv),
}
"""By the media type of a request: the one of the answer, and what makes it."""


def predict(model: Model, headers: Headers, body: bytes) -> Answer:
    """Answer one request."""
    answered_with, answer = pick(headers, _KINDS, expected=_EXPECTED)
    return 200, [(b"content-type", answered_with)], answer(model, body)
