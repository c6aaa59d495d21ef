"""Serve: what is a wrong request, and what is none."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import numpy as np

from conformance.checking import Fault
from conformance.models.tensors import Row
from conformance.runs import shortened
from conformance.serving.clients import JSON, Client, Protocol
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.rows import (
    complete_examples,
    misspelt,
    required_names,
    unusual_rows,
    wrong_rows,
)
from conformance.serving.servers import examples_of, ready_client
from conformance.subject import Subject

_PROBLEM = "application/problem+json"


@http_check(
    "missing-value",
    promise="a required column that is absent or null is refused with 422, another one is answered",
    oip=True,
)
def missing_value(subject: Subject) -> None:
    for client in examples_of(subject):
        row = complete_examples(client.model)[0].row
        required = required_names(client.model)
        for protocol in protocols_of(subject):
            for name in row:
                absent = {key: value for key, value in row.items() if key != name}
                # In the protocol a column that is absent is how a value is missing.
                variants = [absent, *([{**row, name: None}] if protocol == "predict" else [])]
                if name in required:
                    for variant in variants:
                        _check_refused(client, variant, name, protocol)
                    continue
                answers = [client.predict([v], protocol=protocol).numbers for v in variants]
                if not all(np.array_equal(answers[0], answer) for answer in answers):
                    raise Fault(
                        f"POST /predict answers {answers[0]} without '{name}' and {answers[1]} with"
                        " null in it",
                        "an absent column and null are the same: missing",
                    )


@http_check(
    "wrong-value",
    promise="a value of another type or against a constraint is refused with 422, by row and column",
    oip=True,
)
def wrong_value(subject: Subject) -> None:
    for client in examples_of(subject):
        for protocol in protocols_of(subject):
            for name, row in wrong_rows(client.model):
                is_typed = not isinstance(row[name], str | float)
                if protocol == "oip" and is_typed:
                    continue  # a tensor of such values can't be made
                _check_refused(client, row, name, protocol)


@http_check(
    "unknown-column",
    promise="a column that the source never had is refused with 422 and the closest known name",
    oip=True,
)
def unknown_column(subject: Subject) -> None:
    for client in examples_of(subject):
        name, meant = misspelt(client.model)
        row = complete_examples(client.model)[0].row
        for protocol in protocols_of(subject):
            answer = _check_refused(client, {**row, name: 1}, name, protocol)
            if not re.search(rf"(?<!\w){re.escape(meant)}(?!\w)", answer.text):
                raise Fault(
                    f"POST {answer.request.url.path} refuses the column '{name}' without saying"
                    f" that '{meant}' may be meant: {shortened(answer.text)}",
                    "look for the closest known name: `did_you_mean` in the error",
                )


@http_check(
    "source-column",
    promise="a source column that is no feature is accepted and changes nothing",
    oip=True,
)
def source_column(subject: Subject) -> None:
    for client in examples_of(subject):
        row = complete_examples(client.model)[0].row
        for protocol in protocols_of(subject):
            plain = client.predict([row], protocol=protocol).numbers
            for name in client.model.document["signature"]["ignored"]:
                carrying = client.predict([{**row, name: "7"}], protocol=protocol).numbers
                if not np.array_equal(plain, carrying):
                    raise Fault(
                        f"the prediction is {carrying} instead of {plain} when a row has '{name}'",
                        "ignore the columns that signature.ignored lists",
                    )


@http_check(
    "unusual-value",
    promise="a text never seen and a number out of the training range are answered",
    oip=True,
)
def unusual_value(subject: Subject) -> None:
    for client in examples_of(subject):
        for protocol in protocols_of(subject):
            for what, row in unusual_rows(client.model):
                numbers = client.predict([row], protocol=protocol).numbers
                if not np.isfinite(numbers).all():
                    raise Fault(f"the prediction for {what} is {numbers}", "answer with a number")


BODIES: Mapping[str, bytes] = {
    "no body": b"",
    "no JSON": b"size=5",
    "torn JSON": b'{"rows": [{"size"',
    "bytes that are no UTF-8": b'{"rows": [{"colour": "\xff"}]}',
    "a list at the top": b"[]",
    "a number at the top": b"5",
    "no rows": b'{"rows": []}',
    "rows that are no list": b'{"rows": 5}',
    "a row that is no object": b'{"rows": [5]}',
    "a number beyond doubles": b'{"rows": [{"size": 1e999}]}',
    "deep nesting": b'{"rows": ' + b"[" * 100_000,
}
"""What is no request of /predict, nor of the protocol."""


@http_check(
    "wrong-body",
    promise="a body that can't be read is refused with 400, 413 or 422, never with 500",
    oip=True,
)
def wrong_body(subject: Subject) -> None:
    client = ready_client(subject)
    paths = {"predict": "/predict", "oip": client.infer_path}
    for protocol in protocols_of(subject):
        for about, body in BODIES.items():
            answer = client.http.post(paths[protocol], content=body, headers=JSON)
            if answer.status_code not in {400, 413, 422}:
                raise Fault(
                    f"POST {paths[protocol]} with {about} is {answer.status_code}:"
                    f" {shortened(answer.text)}; expected 400 or 422",
                    "whatever a client sends is the client's error",
                )
            if protocol == "predict":
                _problem_of(answer)


@http_check(
    "too-large", promise="a body that is too large is refused with 413 before it fills memory"
)
def too_large(subject: Subject) -> None:
    client = ready_client(subject)
    body = b'{"rows": [' + b" " * 32_000_000 + b"]}"
    answer = client.http.post("/predict", content=body, headers=JSON)
    if answer.status_code != 413:
        raise Fault(
            f"POST /predict with {len(body):,} bytes is {answer.status_code}; expected 413",
            "bound the body, and read some of the rest so that the client sees the answer",
        )
    _problem_of(answer)


def _check_refused(client: Client, row: Row, column: str, protocol: Protocol) -> httpx.Response:
    """Check that a wrong row is refused, and that the column is named, and in problems the row."""
    right = complete_examples(client.model)[0].row
    rows: Sequence[Row] = [right, row] if protocol == "predict" else [row]
    answer = client.ask(rows, protocol=protocol)
    what = f"{answer.request.url.path} with {column} = {row.get(column, 'absent')!r}"
    # Others' servers say 400 where a tensor does not go with its datatype.
    allowed = {422} if protocol == "predict" else {400, 422}
    if answer.status_code not in allowed:
        raise Fault(
            f"POST {what} is {answer.status_code}: {shortened(answer.text)}; expected 422",
            "apply the rules of the signature to each value of a request",
        )
    if protocol == "predict":
        errors = _problem_of(answer).get("errors", [])
        if not any(e.get("row") == 2 and e.get("column") == column for e in errors):
            raise Fault(
                f"POST {what} in the second row is refused without naming both:"
                f" {shortened(answer.text)}",
                'list the errors as {"row": 2, "column": …, "value": …, "expected": …}',
            )
    elif column not in answer.text:
        raise Fault(
            f"POST {what} is refused without naming the column: {shortened(answer.text)}",
            "say which column is wrong, and what was expected",
        )
    return answer


def _problem_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem document of an error."""
    where = f"{answer.request.method} {answer.request.url.path}"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    try:
        problem: dict[str, Any] = answer.json()
        is_problem = problem["status"] == answer.status_code and problem["title"]
        is_problem = is_problem and problem["detail"] and kind == _PROBLEM
    except (KeyError, TypeError, ValueError):
        is_problem = False
    if not is_problem:
        raise Fault(
            f"{where} is {answer.status_code} with {kind or 'no type'}: {shortened(answer.text)}",
            f"answer {_PROBLEM} with type, title, status and detail (RFC 9457)",
        )
    return problem
