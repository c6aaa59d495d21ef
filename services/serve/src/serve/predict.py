"""POST /predict: rows as JSON or as a table, and the answer in the same form."""

from collections.abc import Callable, Sequence
from typing import Final

from serve.media import Answer, Headers, pick
from serve.models import Model

JSON: Final = b"application/json"
CSV: Final = b"text/csv"
ARROW: Final = b"application/vnd.apache.arrow.stream"

_EXPECTED = "application/json, text/csv in UTF-8, or application/vnd.apache.arrow.stream"


def predict(model: Model, headers: Headers, body: bytes) -> Answer:
    """Answer one request."""
    answer = pick(headers, _KINDS, expected=_EXPECTED)
    return answer(model, headers, body)


def can_be_gathered(headers: Headers) -> bool:
    """Whether this is plainly JSON, so that small requests may be answered together."""
    return headers.get(b"content-type") == JSON and b"content-encoding" not in headers


def predict_together(model: Model, bodies: Sequence[bytes]) -> list[Answer | None]:
    """Answer requests that can be gathered; None stands for one that must be asked by itself."""
    return [
        None if text is None else (200, [(b"content-type", JSON)], text)
        for text in model.predict_together(bodies)
    ]


def _predict_json(model: Model, _headers: Headers, body: bytes) -> Answer:
    return 200, [(b"content-type", JSON)], model.predict_json(body)


def _predict_csv(model: Model, _headers: Headers, body: bytes) -> Answer:
    return 200, [(b"content-type", b"text/csv; charset=utf-8")], model.predict_csv(body)


def _predict_arrow(model: Model, headers: Headers, body: bytes) -> Answer:
    prediction = model.run(model.arrow_rows.read(body))
    if _wants_json(headers):
        return 200, [(b"content-type", JSON)], model.answers.json(prediction)
    return 200, [(b"content-type", ARROW)], model.arrow_answers.stream(prediction)


def _wants_json(headers: Headers) -> bool:
    """Whether JSON is named as what the client accepts, and Arrow is not, or later."""
    accepted = headers.get(b"accept", b"")
    json, arrow = accepted.find(JSON), accepted.find(ARROW)
    return json >= 0 and not 0 <= arrow < json


_KINDS: Final[dict[bytes, Callable[[Model, Headers, bytes], Answer]]] = {
    JSON: _predict_json,
    CSV: _predict_csv,
    ARROW: _predict_arrow,
}
"""By the media type of a request."""
