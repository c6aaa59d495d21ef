"""Checks of serve: which requests are refused, and which are accepted."""

import re
from collections.abc import Sequence

import httpx
import numpy as np

from conformance.checks.serve.request_formats import csv_of
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.models.tensors import Row
from conformance.serving.clients import Client, Protocol
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.made_models import model_with_skipped_column, model_with_text_rules
from conformance.serving.problems import OIP_ERROR, check_error, problem_of
from conformance.serving.rows import (
    complete_examples,
    invalid_rows,
    misspelled_name,
    name_between,
    required_names,
    unusual_rows,
)
from conformance.serving.servers import example_clients
from conformance.serving.switching import served
from conformance.serving.watching_server import watching_server
from conformance.serving.written import RULES, WRONG, as_texts

_TEXT_RULES_ROWS = 5
_BOOLEAN_TEXTS = {True: ("true", "True", "TRUE"), False: ("false", "False", "FALSE")}


@http_check(
    "missing-value",
    promise="a required column that is absent or null is refused with 422; an optional one may be"
    " missing",
    oip=True,
)
def missing_value(subject: Subject) -> None:
    for client in example_clients(subject):
        row = complete_examples(client.model)[0].row
        required = required_names(client.model)
        for protocol in protocols_of(subject):
            for name in row:
                absent = {key: value for key, value in row.items() if key != name}
                # In the Open Inference Protocol a missing value is a column that is left out.
                variants = [absent, *([{**row, name: None}] if protocol == "predict" else [])]
                if name in required:
                    for variant in variants:
                        _check_refused(client, variant, name, protocol)
                    continue
                answers = [client.predict([v], protocol=protocol).numbers for v in variants]
                if not all(np.array_equal(answers[0], answer) for answer in answers):
                    raise Fault(
                        f"POST /predict predicts {answers[0]} if '{name}' is absent, and"
                        f" {answers[1]} if it is null",
                        "treat an absent column like null: its value is missing",
                    )


@http_check(
    "wrong-value",
    promise="a value of a wrong type, or one that breaks a constraint, is refused with 422"
    " by row and column",
    oip=True,
)
def wrong_value(subject: Subject) -> None:
    for client in example_clients(subject):
        for protocol in protocols_of(subject):
            for name, row in invalid_rows(client.model, protocol):
                _check_refused(client, row, name, protocol)


@http_check(
    "unknown-column",
    promise="an unknown column is refused with 422, and the error suggests the closest known name",
    oip=True,
)
def unknown_column(subject: Subject) -> None:
    for client in example_clients(subject):
        name, meant = misspelled_name(client.model)
        row = complete_examples(client.model)[0].row
        for protocol in protocols_of(subject):
            answer = _check_refused(client, {**row, name: "1"}, name, protocol)
            # The Open Inference Protocol has errors of its own.
            if protocol == "predict" and not re.search(
                rf"(?<!\w){re.escape(meant)}(?!\w)", answer.text
            ):
                raise Fault(
                    f"POST {answer.request.url.path} refuses the unknown column '{name}' without"
                    f" suggesting '{meant}': {answer.text}",
                    "suggest the closest known name: `did_you_mean` in the error",
                )
        if "predict" in protocols_of(subject) and (between := name_between(client.model)):
            _check_closest(client, {**row, between[0]: "1"}, *between)


def _check_closest(client: Client, row: Row, name: str, closest: str) -> None:
    """Check that no other known name is suggested for an unknown column; none may be."""
    answer = _check_refused(client, row, name, "predict")
    errors = problem_of(answer).get("errors", [])
    suggested = {each.get("did_you_mean") for each in errors if each.get("column") == name}
    if wrong := suggested - {None, closest}:
        raise Fault(
            f"POST {answer.request.url.path} suggests another name for the unknown column '{name}'"
            " than the closest one",
            "suggest the closest known name, or none",
            expected=closest,
            found=sorted(wrong),
        )


@http_check(
    "source-column",
    promise="a source column that the model does not use is accepted and ignored",
    oip=True,
)
def source_column(subject: Subject) -> None:
    for client in example_clients(subject):
        row = complete_examples(client.model)[0].row
        for protocol in protocols_of(subject):
            expected = client.predict([row], protocol=protocol).numbers
            for name in client.model.document["signature"]["ignored"]:
                with_ignored = client.predict([{**row, name: "7"}], protocol=protocol).numbers
                if not np.array_equal(expected, with_ignored):
                    raise Fault(
                        f"with the ignored column '{name}' the prediction is {with_ignored};"
                        f" without it {expected}",
                        "ignore the columns that signature.ignored lists",
                    )


@http_check(
    "skipped-column",
    promise="a column that ingest skipped is accepted and ignored, in JSON and in CSV (optional,"
    " since 1.4)",
)
def skipped_column(subject: Subject) -> None:
    name = "skipped by ingest"
    with served(subject, model_with_skipped_column(subject.scratch(), name)) as client:
        row = complete_examples(client.model)[0].row
        answers = {
            "JSON": client.ask([{**row, name: ["any", {"value": 1}]}], protocol="predict"),
            "CSV": client.http.post(
                "/predict",
                content=csv_of([{**row, name: "any value"}]),
                headers={"content-type": "text/csv"},
            ),
        }
        refused = [form for form, answer in answers.items() if answer.status_code == 422]
        if len(refused) == len(answers):
            raise Skipped("it does not know skipped columns, which is optional")
        for form, answer in answers.items():
            if answer.status_code != 200:
                raise Fault(
                    f"POST /predict with a skipped column as {form} returns {answer.status_code}:"
                    f" {answer.text}",
                    "treat `skipped` of the lineage like signature.ignored, in every form",
                )
        expected = client.ask([row], protocol="predict").json()["predictions"]
        found = answers["JSON"].json()["predictions"]
        if found != expected:
            raise Fault(
                f"with a skipped column the prediction is {found}; without it {expected}",
                "ignore the columns that `skipped` of the lineage lists",
            )


@http_check(
    "unusual-value",
    promise="an unseen text and a number outside the training range get a prediction",
    oip=True,
)
def unusual_value(subject: Subject) -> None:
    for client in example_clients(subject):
        for protocol in protocols_of(subject):
            for what, row in unusual_rows(client.model):
                numbers = client.predict([row], protocol=protocol).numbers
                if not np.isfinite(numbers).all():
                    raise Fault(f"the prediction for {what} is {numbers}", "return a finite number")


@http_check(
    "boolean-text",
    promise="a JSON string in a boolean field is read like a CSV cell (since 1.2)",
)
def boolean_text(subject: Subject) -> None:
    for client in example_clients(subject):
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
    promise="cells are read by the text rules of contract 1.1, or a model with such rules is"
    " refused",
    oip=True,
)
def text_rules(subject: Subject) -> None:
    with watching_server(subject, model_with_text_rules) as watching:
        watching.model_volume.publish(watching.other)
        if not watching.serves_other(subject):
            return
        valid_examples = complete_examples(watching.client.model)[:_TEXT_RULES_ROWS]
        for protocol in protocols_of(subject):
            for row in (example.row for example in valid_examples):
                _check_text_forms(watching.client, row, protocol)
            for name, text in WRONG.items():
                if _can_be_sent(watching.client, name, protocol):
                    _check_refused(
                        watching.client, {**valid_examples[0].row, name: text}, name, protocol
                    )


def _check_text_forms(client: Client, row: Row, protocol: Protocol) -> None:
    """Check that each value written as a text has the same prediction as the value."""
    expected = client.predict([row], protocol=protocol).numbers
    for name, text in as_texts(row).items():
        if not _can_be_sent(client, name, protocol):
            continue
        found = client.predict([{**row, name: text}], protocol=protocol).numbers
        if not np.array_equal(found, expected):
            raise Fault(
                f"{name} = {text!r} predicts {found}, but {row[name]!r} predicts {expected}",
                f"apply {', '.join(RULES[name])} to the texts of the column, or refuse a model"
                " with keys that the server does not know",
            )


def _can_be_sent(client: Client, column: str, protocol: Protocol) -> bool:
    """Return whether the protocol can send a text in this column; a numeric tensor cannot."""
    kinds = {field["name"]: field["type"] for field in client.model.fields}
    return protocol == "predict" or kinds[column] in {"string", "date", "datetime"}


def _check_refused(client: Client, row: Row, column: str, protocol: Protocol) -> httpx.Response:
    """Check that a wrong row is refused with its column, and by /predict also with its row."""
    valid = complete_examples(client.model)[0].row
    # A valid row comes first, so that the error must name row 2.
    rows: Sequence[Row] = [valid, row] if protocol == "predict" else [row]
    answer = client.ask(rows, protocol=protocol)
    what = f"{answer.request.url.path} with {column} = {row.get(column, 'absent')!r}"
    # Servers of the Open Inference Protocol may answer 400 for a tensor of the wrong datatype.
    allowed = {422} if protocol == "predict" else {400, 422}
    if answer.status_code not in allowed:
        raise Fault(
            f"POST {what} returns {answer.status_code}: {answer.text}; expected 422",
            "apply the rules of the signature to each value of a request",
        )
    if protocol == "predict":
        errors = problem_of(answer).get("errors", [])
        named = [e for e in errors if e.get("row") == 2 and e.get("column") == column]
        if not named or not all(isinstance(e.get("expected"), str) for e in named):
            raise Fault(
                f"POST {what} as the second row: the error does not name row 2, the column and"
                " what was expected",
                'list the errors as {"row": 2, "column": …, "value": …, "expected": …}',
                found=answer.text,
            )
    elif column not in answer.text:
        raise Fault(
            f"POST {what} is refused without naming the column: {answer.text}",
            "say which column is wrong, and what was expected",
        )
    else:
        check_error(answer, OIP_ERROR)
    return answer
