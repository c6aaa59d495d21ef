"""POST /predict: rows as JSON or as a table, and the answer in the same form."""

from collections.abc import Callable, Sequence
from typing import Final

from serve.api.predictions.batching import (
    BatchedRequest,
    Batcher,
    answer_json_batch,
    answer_table_batch,
)
from serve.codecs.media_types import CSV, Answer, Headers, encoding_of, pick
from serve.codecs.predictions import Prediction
from serve.model.models import Model

JSON: Final = b"application/json"
ARROW: Final = b"application/vnd.apache.arrow.stream"

_EXPECTED = "application/json, text/csv, or application/vnd.apache.arrow.stream"


def predict(model: Model, headers: Headers, body: bytes) -> Answer:
    """Answer one request."""
    answer = pick(headers, _KINDS, expected=_EXPECTED)
    return answer(model, headers, body)


def find_batcher(headers: Headers) -> Batcher | None:
    """Return the function that answers such requests as a batch, if that is worth it."""
    if b"content-encoding" in headers:
        return None
    return _BATCHERS.get(headers.get(b"content-type", b""))


def _json_batch(model: Model, asked: Sequence[BatchedRequest]) -> list[Answer | None]:
    texts = answer_json_batch(model, [each.body for each in asked])
    return [None if text is None else (200, [(b"content-type", JSON)], text) for text in texts]


def _arrow_batch(model: Model, asked: Sequence[BatchedRequest]) -> list[Answer | None]:
    return answer_table_batch(
        model,
        asked,
        read=lambda model, asked: (asked.headers, model.arrow_rows.read(asked.body)),
        write=_write_arrow,
    )


def _predict_json(model: Model, _headers: Headers, body: bytes) -> Answer:
    return 200, [(b"content-type", JSON)], model.predict_json(body)


def _predict_csv(model: Model, headers: Headers, body: bytes) -> Answer:
    answer, has_header = model.predict_csv(body, encoding=encoding_of(headers))
    header = b"" if has_header else b"; header=absent"
    return 200, [(b"content-type", b"text/csv; charset=utf-8" + header)], answer


def _predict_arrow(model: Model, headers: Headers, body: bytes) -> Answer:
    feed = model.column_rows.feed(model.arrow_rows.read(body))
    return _write_arrow(model, headers, model.run(feed))


def _write_arrow(model: Model, headers: Headers, prediction: Prediction) -> Answer:
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

_BATCHERS: Final[dict[bytes, Batcher]] = {JSON: _json_batch, ARROW: _arrow_batch}
"""By the media type of requests that are often small and many."""
