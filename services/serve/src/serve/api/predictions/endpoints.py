"""The endpoints of the prediction routes: the body in, the answer out, no models of pydantic."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from opentelemetry import trace

from serve.api.dependencies import RequestBody, context_of, service_of
from serve.api.predictions.infer import WITH_VERSION, WITHOUT_VERSION
from serve.codecs.media_types import Answer

type Endpoint = Callable[[Request, bytes], Coroutine[Any, Any, Response]]

router = APIRouter()
_tracer = trace.get_tracer("stagecoach.serve")


class PredictionResponse(Response):
    """An answer with the fields that its codec has made."""

    def __init__(self, answer: Answer) -> None:
        self.status_code, fields, self.body = answer
        self.background = None
        self.raw_headers = [*fields, (b"content-length", b"%d" % len(self.body))]


def _post(path: str, operation: str, tag: str) -> Callable[[Endpoint], Endpoint]:
    return router.post(
        path,
        operation_id=operation,
        tags=[tag],
        summary="Predict with the live model",
        response_class=Response,
    )


# A name of a model may hold a slash, so that it is answered like any other wrong name.
@_post("/predict", "predict", "predict")
@_post("/invocations", "invocations", "MLflow")
@_post(WITHOUT_VERSION.replace("}", ":path}"), "infer", "Open Inference Protocol V2")
@_post(WITH_VERSION.replace("}", ":path}"), "infer_version", "Open Inference Protocol V2")
async def predict(request: Request, body: RequestBody) -> Response:
    """Predict the rows of the body; what each route takes depends on the model."""
    service, context = service_of(request.scope), context_of(request.scope)
    with _tracer.start_as_current_span("predict") as span:
        answer = await service.predict_in_turn(context, body)
        if span.is_recording() and (model := service.watcher.model):
            span.set_attributes({"stagecoach.model": model.id, "stagecoach.bytes": len(body)})
    service.release(context)
    return PredictionResponse(answer)
