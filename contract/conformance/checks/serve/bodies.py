"""Serve: invalid and too large request bodies."""

import json
import math
from collections.abc import Iterator, Mapping

import httpx

from conformance.harness.faults import Fault
from conformance.harness.subject import EXAMPLES, Subject
from conformance.models.model_data import Model
from conformance.serving.clients import JSON
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.problems import problem_of
from conformance.serving.servers import Server, ready_client, ready_server

BODIES: Mapping[str, bytes] = {
    "an empty body": b"",
    "a body that is not JSON": b"size=5",
    "truncated JSON": b'{"rows": [{"size"',
    "bytes that are not UTF-8": b'{"rows": [{"colour": "\xff"}]}',
    "a list at the top": b"[]",
    "a number at the top": b"5",
    "rows that are not a list": b'{"rows": 5}',
    "a row that is not an object": b'{"rows": [5]}',
    "an object without rows": b"{}",
    "no rows": b'{"rows": []}',
    "a number beyond doubles": b'{"rows": [{"size": 1e999}]}',
    "deep nesting": b'{"rows": ' + b"[" * 100_000,
}
"""Bodies that are not a request of /predict, nor of the Open Inference Protocol."""
_TINY_VALUES = (b"[]", b"{}", b"0")
_BODY_BYTES = tuple(32_000_000 >> halvings for halvings in range(6))
"""Sizes from the contract's limit down, so that some body is near the limit of the server."""


@http_check(
    "wrong-body",
    promise="a body that can't be read is refused with 400, 413 or 422, never with 500",
    oip=True,
)
def wrong_body(subject: Subject) -> None:
    client = ready_client(subject)
    paths = {"predict": "/predict", "oip": client.infer_path}
    for protocol in protocols_of(subject):
        # Tensors may hold NaN.
        bodies = {**BODIES, **({"NaN": _with_nan(client.model)} if protocol == "predict" else {})}
        for about, body in bodies.items():
            answer = client.http.post(paths[protocol], content=body, headers=JSON)
            if answer.status_code not in {400, 413, 422}:
                raise Fault(
                    f"POST {paths[protocol]} with {about} returns {answer.status_code}:"
                    f" {answer.text}; expected 400 or 422",
                    "a body that can't be read is the client's error",
                )
            if protocol == "predict":
                problem_of(answer)


def _with_nan(model: Model) -> bytes:
    """Return an example whose optional numbers are NaN, which is invalid JSON."""
    names = [
        field["name"]
        for field in model.fields
        if field["type"] == "number" and not field.get("constraints", {}).get("required")
    ]
    row = {**model.examples[0].row, **dict.fromkeys(names, math.nan)}
    return json.dumps({"rows": [row]}).encode()


@http_check(
    "too-large", promise="a body that is too large is refused with 413 before it fills memory"
)
def too_large(subject: Subject) -> None:
    client = ready_client(subject)
    parts = [b'{"rows": [', *[b" " * 1_000_000] * 32, b"]}"]
    bodies: Mapping[str, bytes | Iterator[bytes]] = {
        "with a Content-Length": b"".join(parts),
        "in chunks, without a Content-Length": iter(parts),
    }
    for how, body in bodies.items():
        answer = client.http.post("/predict", content=body, headers=JSON)
        if answer.status_code != 413:
            raise Fault(
                f"POST /predict with 32 MB {how} returns {answer.status_code}; expected 413",
                "count the received bytes, and read some of the rest so that the client sees"
                " the response",
            )
        problem_of(answer)


@http_check(
    "tiny-values",
    promise="a body of millions of tiny values is refused, and the server stays ready",
)
def tiny_values(subject: Subject) -> None:
    with ready_server(subject, source=EXAMPLES / "model") as server:
        for value in _TINY_VALUES:
            for size in _BODY_BYTES:
                check_tiny_values(server, value, size)


def check_tiny_values(server: Server, value: bytes, size: int) -> None:
    """Check that a body of about this many bytes gets a response, and that others still do."""
    count = size // (len(value) + 1) - len(b'{"rows":[]}')
    body = b'{"rows":[' + b",".join([value] * count) + b"]}"
    try:
        status = server.http.post("/predict", content=body, headers=JSON).status_code
    except httpx.TransportError as error:
        status = 0
        found = repr(error)
    else:
        found = str(status)
    if not 400 <= status < 500 or not server.is_ready():
        raise Fault(
            f"POST /predict with {count:,} times {value.decode()} in {len(body):,} bytes is not"
            " refused, or the server is not ready afterwards",
            "refuse a body with too many values before they fill memory",
            expected="413 or 422, and a server that is ready",
            found=found,
        )
