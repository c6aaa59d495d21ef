"""Serve: which requests are wrong, and which are not."""

import re
from collections.abc import Sequence

import httpx
import numpy as np

from conformance.harness.checking import Fault
from conformance.harness.runs import shortened
from conformance.harness.subject import Subject
from conformance.models.tensors import Row
from conformance.serving.clients import Client, Protocol
from conformance.serving.following import following
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.made_models import ruled_model
from conformance.serving.problems import problem_of
from conformance.serving.rows import (
    complete_examples,
    misspelt,
    required_names,
    unusual_rows,
    wrong_rows,
)
from conformance.serving.servers import examples_of
from conformance.serving.written import RULES, WRONG, as_written

_RULED_ROWS = 5
_BOOLEAN_TEXTS = {True: ("true", "True", "TRUE"), False: ("false", "False", "FALSE")}


@http_check(
    "missing-value",
    promise="a required column that is absent or null is refused with 422; others may be missing",
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
    promise="a value of another type or against a constraint is refused: 422, by row and column",
    oip=True,
)
def wrong_value(subject: Subject) -> None:
    for client in examples_of(subject):
        for protocol in protocols_of(subject):
            for name, row in wrong_rows(client.model, protocol):
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
            answer = _check_refused(client, {**row, name: "1"}, name, protocol)
            if not re.search(rf"(?<!\w){re.escape(meant)}(?!\w)", answer.text):
                raise Fault(
                    f"POST {answer.request.url.path} refuses the column '{name}' without saying"
                    f" that '{meant}' may be meant: {shortened(answer.text)}",
                    "suggest the closest known name: `did_you_mean` in the error",
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
    promise="an unseen text and a number outside the training range are answered",
    oip=True,
)
def unusual_value(subject: Subject) -> None:
    for client in examples_of(subject):
        for protocol in protocols_of(subject):
            for what, row in unusual_rows(client.model):
                numbers = client.predict([row], protocol=protocol).numbers
                if not np.isfinite(numbers).all():
                    raise Fault(f"the prediction for {what} is {numbers}", "answer with a number")


@http_check(
    "boolean-text",
    promise="a JSON text in a boolean field is read like a CSV cell (since 1.2)",
)
def boolean_text(subject: Subject) -> None:
    for client in examples_of(subject):
        row = complete_examples(client.model)[0].row
        for field in client.model.fields:
            if field["type"] != "boolean" or {"trueValues", "falseValues"} & set(field):
                continue
            for value, texts in _BOOLEAN_TEXTS.items():
                rows: list[Row] = [{**row, field["name"]: each} for each in (value, *texts)]
                numbers = client.predict(rows, protocol="predict").numbers
                if not all(np.array_equal(numbers[0], each) for each in numbers):
                    raise Fault(
                        f"{field['name']} = {value} and as one of the texts {texts} predict"
                        f" {numbers.tolist()}",
                        "read a JSON text in a boolean field by trueValues and falseValues",
                    )


@http_check(
    "text-rules",
    promise="texts are read by the rules of their columns, or a model with such rules is refused",
    oip=True,
)
def text_rules(subject: Subject) -> None:
    with following(subject, ruled_model) as it:
        it.shelf.publish(it.other)
        if not it.takes_other(subject):
            return
        right = complete_examples(it.client.model)[:_RULED_ROWS]
        for protocol in protocols_of(subject):
            for row in (example.row for example in right):
                _check_written(it.client, row, protocol)
            for name, text in WRONG.items():
                if _can_be_sent(it.client, name, protocol):
                    _check_refused(it.client, {**right[0].row, name: text}, name, protocol)


def _check_written(client: Client, row: Row, protocol: Protocol) -> None:
    """Check that texts predict what the values predict that they stand for."""
    expected = client.predict([row], protocol=protocol).numbers
    for name, text in as_written(row).items():
        if not _can_be_sent(client, name, protocol):
            continue
        found = client.predict([{**row, name: text}], protocol=protocol).numbers
        if not np.array_equal(found, expected):
            raise Fault(
                f"{name} = {text!r} predicts {found}, and {row[name]!r} predicts {expected}",
                f"apply {', '.join(RULES[name])} to the texts of the column, or refuse a model"
                " with keys that are not known",
            )


def _can_be_sent(client: Client, column: str, protocol: Protocol) -> bool:
    """Return whether a text can be sent: a tensor of numbers has none."""
    kinds = {field["name"]: field["type"] for field in client.model.fields}
    return protocol == "predict" or kinds[column] in {"string", "date", "datetime"}


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
        errors = problem_of(answer).get("errors", [])
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
