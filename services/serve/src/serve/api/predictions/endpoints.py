"""The endpoints of the prediction routes: the body in, the answer out, no models of pydantic."""

from fastapi import FastAPI, Request, Response
from opentelemetry.trace import get_current_span, get_tracer

from serve.api.dependencies import context_of, request_body, service_of
from serve.api.predictions.infer import WITH_VERSION, WITHOUT_VERSION
from serve.codecs.media_types import MODEL_ID, Answer

_OIP = "Open Inference Protocol V2"
# A name of a model may hold a slash, so that it is answered like any other wrong name.
_ROUTES = (
    ("/predict", "predict", "predict"),
    ("/invocations", "invocations", "MLflow"),
    (WITH_VERSION.replace("}", ":path}"), "infer_version", _OIP),
    (WITHOUT_VERSION.replace("}", ":path}"), "infer", _OIP),
)
OPERATIONS = frozenset(operation for _path, operation, _tag in _ROUTES)
_tracer = get_tracer("stagecoach.serve")


class PredictionResponse(Response):
    """An answer with the fields that its codec has made."""

    def __init__(self, answer: Answer) -> None:
        self.status_code, fields, self.body = answer
        self.background = None
        self.raw_headers = [*fields, (b"content-length", b"%d" % len(self.body))]


async def predict(request: Request) -> Response:
    """Predict the rows of the body; what each route takes depends on the model."""
    body = await request_body(request)
    if not get_current_span().is_recording():
        return await _answer(request, body)
    with _tracer.start_as_current_span("predict") as span:
        answer = await _answer(request, body)
        names = {name: value.decode() for name, value in answer.raw_headers if name == MODEL_ID}
        span.set_attributes({"stagecoach.model": "".join(names.values())})
        return answer


async def _answer(request: Request, body: bytes) -> Response:
    service, context = service_of(request.scope), context_of(request.scope)
    answer = await service.predict_in_turn(context, body)
    service.release(context)
    return PredictionResponse(answer)


def add_predictions(app: FastAPI) -> None:
    """Add the prediction routes; they come first, since most requests are for them."""
    for path, operation, tag in _ROUTES:
        app.add_api_route(
            path,
            predict,
            methods=["POST"],
            operation_id=operation,
            tags=[tag],
            summary="Predict with the live model",
            response_class=Response,
        )
