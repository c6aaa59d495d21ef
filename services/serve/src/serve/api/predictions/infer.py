"""POST /v2/models/{name}/infer, with or without a version."""

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

from serve.api.predictions.batching import BatchedRequest, Batcher, answer_table_batch
from serve.codecs.columns import Table
from serve.codecs.media_types import Headers, RawResponse
from serve.codecs.oip.requests import InferRequest
from serve.codecs.predictions import Prediction
from serve.model.models import Model
from serve.problems import RequestError, shortened

type Infer = partial[RawResponse]

_START, _END, _VERSIONS = "/v2/models/", "/infer", "/versions/"
WITHOUT_VERSION = "/v2/models/{name}/infer"
WITH_VERSION = "/v2/models/{name}/versions/{version}/infer"


def find_infer(path: str) -> tuple[str, Infer] | None:
    """Return the name and the function of the route at a path."""
    if not (path.startswith(_START) and path.endswith(_END)):
        return None
    name, version = _model_of(path)
    route = WITHOUT_VERSION if version is None else WITH_VERSION
    return route, partial(_infer, name=name, version=version)


def find_infer_batcher(_headers: Headers) -> Batcher:
    """Return the function that answers such requests as a batch."""
    return _infer_batch


def check_model(model: Model, *, name: str, version: str | None) -> None:
    """Refuse a request for a model that is not live.

    Raises:
        RequestError: It has another name or another version.
    """
    if name != model.name:
        detail = f"model {shortened(name)} is not served here"
        expected = f"{detail}, expected {model.name}"
        raise RequestError(HTTPStatus.NOT_FOUND, expected, public_detail=detail)
    if version not in {None, model.id}:
        detail = f"version {shortened(str(version))} of {name} is not live, expected {model.id}"
        raise RequestError(HTTPStatus.NOT_FOUND, detail)


def _infer(
    model: Model, headers: Headers, body: bytes, *, name: str, version: str | None
) -> RawResponse:
    check_model(model, name=name, version=version)
    request, table = model.infer_rows.read(body, headers)
    return model.infer_response_writer.write(model.run(model.column_rows.feed(table)), request)


def _infer_batch(model: Model, requests: Sequence[BatchedRequest]) -> list[RawResponse | None]:
    return answer_table_batch(model, requests, read=_read, write=_write)


def _read(model: Model, request: BatchedRequest) -> tuple[InferRequest, Table]:
    name, version = _model_of(request.path)
    check_model(model, name=name, version=version)
    return model.infer_rows.read(request.body, request.headers)


def _write(model: Model, request: InferRequest, prediction: Prediction) -> RawResponse:
    return model.infer_response_writer.write(prediction, request)


def _model_of(path: str) -> tuple[str, str | None]:
    """Return the model name and version in a path."""
    name, versions, version = path[len(_START) : -len(_END)].partition(_VERSIONS)
    return name, version if versions else None
