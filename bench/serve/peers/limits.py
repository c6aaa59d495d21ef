"""Upper limits for any FastAPI or ASGI server: applications that return a constant.

The same uvicorn as ours runs them: bench.serve.peers.limits:asgi, :constant and :typed.
"""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from bench.serve.peers.flight import Flight

_BODY = b'{"probabilities":[0.5]}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]


async def asgi(_scope: Any, receive: Any, send: Any) -> None:
    """Read the request and respond: the minimum of an ASGI application."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


constant = FastAPI()


@constant.post("/predict")
async def answer() -> dict[str, list[float]]:
    """Respond without reading the request."""
    return {"probabilities": [0.5]}


class Flights(BaseModel):
    """The body of a request."""

    rows: list[Flight]


class Probabilities(BaseModel):
    """The body of a response."""

    probabilities: list[float]


typed = FastAPI()


@typed.post("/predict")
async def answer_typed(_flights: Flights) -> Probabilities:
    """Respond after pydantic has parsed the request."""
    return Probabilities(probabilities=[0.5])
