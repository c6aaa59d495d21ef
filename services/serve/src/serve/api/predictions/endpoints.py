"""FastAPI endpoints of the prediction routes; bodies are raw bytes, without pydantic models."""

from fastapi import FastAPI, Request, Response
from opentelemetry.trace import get_current_span, get_tracer

from serve.api.dependencies import context_of, request_body, service_of
from serve.api.predictions.infer import WITH_VERSION, WITHOUT_VERSION
from serve.codecs.media_types import MODEL_ID, RawResponse

_OIP = "Open Inference Protocol V2"
# Each path also needs a route in serve.api.predictions.routes.
# A model name may contain a slash (`:path`), so that it gets the error of an unknown model.
_PATHS = (
    ("/predict", "predict", "predict"),
    ("/invocations", "invocations", "MLflow"),
    (WITH_VERSION.replace("}", ":path}"), "infer_version", _OIP),
    (WITHOUT_VERSION.replace("}", ":path}"), "infer", _OIP),
)
OPERATION_IDS = frozenset(operation for _path, operation, _tag in _PATHS)
_tracer = get_tracer("stagecoach.serve")


class PredictionResponse(Response):
    """A response whose status, header fields and body come from the codec."""

    # Not Response.__init__, which would encode the header fields a second time.
    def __init__(self, response: RawResponse) -> None:
        self.status_code, fields, self.body = response
        self.background = None
        self.raw_headers = [*fields, (b"content-length", b"%d" % len(self.body))]


async def predict(request: Request) -> Response:
    """Answer a POST to any prediction route; the live model defines the columns."""
    body = await request_body(request)
    if not get_current_span().is_recording():
        return await _predict(request, body)
    with _tracer.start_as_current_span("predict") as span:
        response = await _predict(request, body)
        model_id = next((value for name, value in response.raw_headers if name == MODEL_ID), b"")
        span.set_attribute("stagecoach.model", model_id.decode())
        return response


async def _predict(request: Request, body: bytes) -> Response:
    service, context = service_of(request.scope), context_of(request.scope)
    response = await service.predict_queued(context, body)
    # Before the response is sent, because sending may take long.
    service.release_body(context)
    return PredictionResponse(response)


def add_prediction_routes(app: FastAPI) -> None:
    """Add the prediction routes before all others: most requests are predictions."""
    for path, operation, tag in _PATHS:
        app.add_api_route(
            path,
            predict,
            methods=["POST"],
            operation_id=operation,
            tags=[tag],
            summary="Predict with the live model",
            response_class=Response,
        )
