"""POST /v2/models/{name}/infer, with or without a version."""

from functools import partial
from http import HTTPStatus

from serve.media import Answer, Headers
from serve.models import Model
from serve.problems import RequestError, shortened

type Infer = partial[Answer]

_START, _END, _VERSIONS = "/v2/models/", "/infer", "/versions/"
WITHOUT_VERSION = "/v2/models/{name}/infer"
WITH_VERSION = "/v2/models/{name}/versions/{version}/infer"


def find_infer(path: str) -> tuple[str, Infer] | None:
    """Return the name of the route at a path, and what answers there."""
    if not (path.startswith(_START) and path.endswith(_END)):
        return None
    name = path[len(_START) : -len(_END)]
    name, versions, version = name.partition(_VERSIONS)
    if not versions:
        return WITHOUT_VERSION, partial(_infer, name=name, version=None)
    return WITH_VERSION, partial(_infer, name=name, version=version)


def check_model(model: Model, *, name: str, version: str | None) -> None:
    """Refuse a request for a model that is not the live one.

    Raises:
        RequestError: it has another name, or another version.
    """
    if name != model.name:
        detail = f"model {shortened(name)} is not served here, expected {model.name}"
        raise RequestError(HTTPStatus.NOT_FOUND, detail)
    if version not in {None, model.id}:
        detail = f"version {shortened(str(version))} of {name} is not live, expected {model.id}"
        raise RequestError(HTTPStatus.NOT_FOUND, detail)


def _infer(
    model: Model, headers: Headers, body: bytes, *, name: str, version: str | None
) -> Answer:
    check_model(model, name=name, version=version)
    request, feed = model.infer_rows.read(body, headers)
    return model.infer_answers.write(model.run(feed), request)
