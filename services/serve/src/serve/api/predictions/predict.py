"""POST /predict: reads rows as JSON or CSV, and returns predictions in the same format."""

from collections.abc import Callable, Sequence
from typing import Final

from serve.api.predictions.batching import BatchedRequest, Batcher, answer_json_batch
from serve.codecs.media_types import CSV, ROWS_EXPECTED, Headers, RawResponse, encoding_of, pick
from serve.model.models import Model

JSON: Final = b"application/json"


def predict(model: Model, headers: Headers, body: bytes) -> RawResponse:
    """Return the response to one request."""
    predict_body = pick(headers, _PREDICT_BY_MEDIA_TYPE, expected=ROWS_EXPECTED)
    return predict_body(model, headers, body)


def find_batcher(headers: Headers) -> Batcher | None:
    """Return the function that answers requests with these headers as a batch, if there is one."""
    is_json = headers.get(b"content-type") == JSON and b"content-encoding" not in headers
    return _json_batch if is_json else None


def _json_batch(model: Model, requests: Sequence[BatchedRequest]) -> list[RawResponse | None]:
    texts = answer_json_batch(model, [request.body for request in requests])
    return [None if text is None else (200, [(b"content-type", JSON)], text) for text in texts]


def _predict_json(model: Model, _headers: Headers, body: bytes) -> RawResponse:
    return 200, [(b"content-type", JSON)], model.predict_json(body)


def _predict_csv(model: Model, headers: Headers, body: bytes) -> RawResponse:
    response, has_header = model.predict_csv(body, encoding=encoding_of(headers))
    header = b"" if has_header else b"; header=absent"
    return 200, [(b"content-type", b"text/csv; charset=utf-8" + header)], response


_PREDICT_BY_MEDIA_TYPE: Final[dict[bytes, Callable[[Model, Headers, bytes], RawResponse]]] = {
    JSON: _predict_json,
    CSV: _predict_csv,
}
"""Functions that return the response, by the media type of the request body."""
