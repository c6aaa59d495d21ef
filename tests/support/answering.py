"""A client of a server that is a function, for tests of the kit's checks of serve."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx
from conformance.harness.subject import Subject
from conformance.models.model_data import Example
from conformance.serving.clients import Client

SUBJECT = cast(Subject, SimpleNamespace(api="all"))


def client_of(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    http = httpx.Client(base_url="http://server", transport=httpx.MockTransport(answer))
    model = SimpleNamespace(
        fields=[{"name": "size", "type": "number"}],
        examples=[Example({"size": 1.0}, 2.0)],
        classes=None,
        document={"target": {"name": "price"}},
    )
    return Client(http, "houses", cast(Any, model))


def problem(status: int) -> httpx.Response:
    document = {"type": "about:blank", "title": "wrong", "status": status, "detail": "why"}
    return httpx.Response(
        status,
        content=json.dumps(document),
        headers={"content-type": "application/problem+json"},
    )
