"""Serve: models with typed classes, decisions, bounds or small numbers, and the report page."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from conformance.checks.serve.request_formats import csv_of
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.models.model_data import TOLERANCE, Model, number_of
from conformance.models.tensors import Row
from conformance.serving.clients import Client, json_of
from conformance.serving.http_checks import http_check, protocols_of
from conformance.serving.made_outputs import (
    INTERVAL,
    QUANTILES,
    interval_model,
    model_with_costs,
    model_with_typed_classes,
    quantile_model,
    small_model,
)
from conformance.serving.rows import complete_examples
from conformance.serving.servers import example_clients, ready_client
from conformance.serving.switching import served

_SUM_TOLERANCE = 1e-6
"""Tolerance of the sum of contributions, relative to the largest of 1 and the absolute values."""


@http_check(
    "typed-classes",
    promise="classes that are integers or booleans keep their type in JSON",
)
def typed_classes(subject: Subject) -> None:
    for classes in ([10, 20, 30], [False, True]):
        folder = model_with_typed_classes(subject.scratch(), classes)
        with served(subject, folder) as client:
            _check_classes(client)


@http_check(
    "decision",
    promise="the class of a prediction is `label` of the graph, also where `decision` makes it"
    " another than the likeliest",
)
def decision(subject: Subject) -> None:
    with served(subject, model_with_costs(subject.scratch())) as client:
        _check_classes(client)


@http_check(
    "interval",
    promise="a model with prediction intervals is served with them, without them, or refused",
)
def interval(subject: Subject) -> None:
    refusal = "it refuses models with prediction intervals"
    with served(subject, interval_model(subject.scratch()), refusal=refusal) as client:
        rows = [each.row for each in client.model.examples]
        target = client.model.document["target"]["name"]
        answer = json_of(client.ask(rows, protocol="predict"))["predictions"]
        for given, example in zip(answer, client.model.examples, strict=True):
            value = number_of(example)
            _check_interval(given.get("interval"), value, example.row)
            if not _is_close(given[target], value):
                raise Fault(
                    "POST /predict differs from examples.jsonl of a model with intervals",
                    "the prediction is the output `prediction`",
                    row=example.row,
                    expected=value,
                    found=given[target],
                )
        has_intervals = any("interval" in given for given in answer)
        ends = {"low": -INTERVAL[0], "high": INTERVAL[1]}
        _check_further_columns(client, target, ends, has_them=has_intervals)


@http_check(
    "quantile",
    promise="a model with quantiles is served with them, without them, or refused (since 1.4)",
)
def quantile(subject: Subject) -> None:
    refusal = "it refuses models with quantiles"
    with served(subject, quantile_model(subject.scratch()), refusal=refusal) as client:
        rows = [each.row for each in client.model.examples]
        target = client.model.document["target"]["name"]
        answer = json_of(client.ask(rows, protocol="predict"))["predictions"]
        for given, example in zip(answer, client.model.examples, strict=True):
            value = number_of(example)
            expected = {str(level): value + offset for level, offset in QUANTILES.items()}
            found = given.get("quantiles", expected)
            is_right = [*found] == [*expected] and all(
                _is_close(found[level], number) for level, number in expected.items()
            )
            if not (is_right and _is_close(given[target], value)):
                raise Fault(
                    "POST /predict differs from examples.jsonl of a model with quantiles",
                    'answer {target: number, "quantiles": {"0.1": …}}: the output `prediction`, and'
                    " the output `quantiles` by level",
                    row=example.row,
                    expected={target: value, "quantiles": expected},
                    found=given,
                )
        has_quantiles = any("quantiles" in given for given in answer)
        ends = {f"quantile_{level}": offset for level, offset in QUANTILES.items()}
        _check_further_columns(client, target, ends, has_them=has_quantiles)


@http_check(
    "digits",
    promise="a prediction far below 1 has all digits of its float32",
    oip=True,
)
def digits(subject: Subject) -> None:
    with served(subject, small_model(subject.scratch())) as client:
        rows = [each.row for each in complete_examples(client.model)]
        found: dict[str, Sequence[float]] = {
            protocol: client.predict(rows, protocol=protocol).numbers.tolist()
            for protocol in protocols_of(subject)
        }
        if subject.api == "all":
            name = f"predicted_{client.model.document['target']['name']}"
            found["CSV"] = [float(line.get(name) or "nan") for line in _csv_answer(client, rows)]
        check_digits(client.model, found)


def check_digits(model: Model, found: Mapping[str, Sequence[float]]) -> None:
    """Check the predictions for the complete examples, by the form of the request."""
    for form, numbers in found.items():
        for example, number in zip(complete_examples(model), numbers, strict=True):
            value = number_of(example)
            if not math.isclose(number, value, rel_tol=TOLERANCE):
                raise Fault(
                    f"a prediction by {form} has lost digits of the graph's float32",
                    "write as many digits as lead to the same float32",
                    row=example.row,
                    expected=value,
                    found=number,
                )


@http_check(
    "explanations",
    promise="the contributions of `explain=true`, if there are any, add up to the prediction, and"
    " name no private column",
)
def explanations(subject: Subject) -> None:
    for client in example_clients(subject):
        # A server may explain only a few rows at a time.
        for example in client.model.examples[:3]:
            check_explanation(client, example.row)


def check_explanation(client: Client, row: Row) -> None:
    """Check the explanation of one row; skip if the server has none."""
    response = client.http.post("/predict?explain=true", json={"rows": [row]})
    answer = json_of(response)
    if "explanations" not in answer:
        raise Skipped("it ignores explain=true, which is optional")
    plain = json_of(client.ask([row], protocol="predict"))
    where, page = "POST /predict?explain=true", "contract/reference/optional.md"
    if answer["predictions"] != plain["predictions"]:
        raise Fault(
            f"{where} predicts something else than without the parameter",
            f"add members to the response and change none; see {page}",
            row=row,
            expected=plain["predictions"],
            found=answer["predictions"],
        )
    try:
        [explanation], [prediction] = answer["explanations"], answer["predictions"]
        output = _explained_output(client.model, prediction, explanation)
        parts = [explanation["base_value"], *explanation["contributions"].values()]
        parts += [explanation["private_columns"]] if "private_columns" in explanation else []
        total = math.fsum(parts)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Fault(
            f"{where} answers {response.text} ({error!r})", f"see {page}", row=row
        ) from None
    public = sorted(each["name"] for each in client.model.fields if not each.get("private"))
    if sorted(explanation["contributions"]) != public:
        raise Fault(
            f"{where} has contributions of other columns",
            "list each input column that is not private, also one without effect",
            row=row,
            expected=public,
            found=sorted(explanation["contributions"]),
        )
    if abs(total - output) > _SUM_TOLERANCE * max(1.0, *map(abs, parts)):
        raise Fault(
            f"the base value and the contributions of {where} do not add up to the prediction",
            f"explain the number, or the probability of `class`; see {page}",
            row=row,
            expected=output,
            found=total,
        )


def _explained_output(
    model: Model, prediction: Mapping[str, Any], explanation: Mapping[str, Any]
) -> float:
    target: str = model.document["target"]["name"]
    if model.classes is None:
        return float(prediction[target])
    predicted = explanation["class"]
    if predicted != prediction[target]:
        raise ValueError(f"class is {predicted!r} and {target} is {prediction[target]!r}")
    name = predicted if isinstance(predicted, str) else json.dumps(predicted)
    return float(prediction["probabilities"][name])


@http_check(
    "report-page",
    promise="/report, if there is one, is the model's report and may load and run nothing",
)
def report_page(subject: Subject) -> None:
    client = ready_client(subject)
    answer = client.http.get("/report")
    if answer.status_code == 404:
        raise Skipped("it has no /report, which is optional")
    policy = answer.headers.get("content-security-policy", "")
    expected = (client.model.artifact.path / "report.html").read_bytes()
    if answer.status_code != 200 or answer.content != expected:
        raise Fault(
            f"GET /report returns {answer.status_code}, and not report.html of the live model",
            "return the bytes of report.html, or 404",
        )
    if not _forbids_scripts(policy):
        raise Fault(
            f"GET /report has the Content-Security-Policy {policy!r}",
            "send default-src 'none' with the page, and allow no script",
        )


def _forbids_scripts(policy: str) -> bool:
    """Return whether a policy allows nothing by default, and no exception for scripts."""
    words = [directive.lower().split() for directive in policy.split(";")]
    sources = {name: allowed for name, *allowed in filter(None, words)}
    nothing = ["'none'"]
    return sources.get("default-src") == nothing and all(
        allowed in ([], nothing)
        for name, allowed in sources.items()
        if name.startswith("script-src")
    )


def _labels(model: Model) -> list[int]:
    feed = model.pack([each.row for each in model.examples])
    labels: list[int] = model.graph.run(feed, "label").tolist()
    return labels


def _check_classes(client: Client) -> None:
    model = client.model
    classes = model.classes or []
    target = model.document["target"]["name"]
    expected = [classes[label] for label in _labels(model)]
    rows = [each.row for each in model.examples]
    given = json_of(client.ask(rows, protocol="predict"))["predictions"]
    found = [each.get(target) for each in given]
    for number, (value, wanted) in enumerate(zip(found, expected, strict=True)):
        if value != wanted or type(value) is not type(wanted):
            raise Fault(
                f"POST /predict names the class {value!r} for row {number + 1}",
                "return classes[label], with the type that it has in model.json",
                row=rows[number],
                expected=wanted,
                found=value,
            )
    names = [value if isinstance(value, str) else json.dumps(value) for value in classes]
    for example, each in zip(model.examples, given, strict=True):
        shares = each.get("probabilities", {})
        if list(map(str, shares)) != names or not np.allclose(
            list(shares.values()), example.expected, rtol=0, atol=TOLERANCE
        ):
            raise Fault(
                "POST /predict gives other probabilities than examples.jsonl",
                "name each class as JSON does, in the order of the classes",
                row=example.row,
                expected=dict(zip(names, np.atleast_1d(example.expected).tolist(), strict=True)),
                found=shares,
            )
    table = _csv_answer(client, rows)
    texts = [line.get(f"predicted_{target}") for line in table]
    wanted_texts = [value if isinstance(value, str) else json.dumps(value) for value in expected]
    if [str(text).lower() for text in texts] != [text.lower() for text in wanted_texts]:
        raise Fault(
            f"POST /predict with CSV has other classes in predicted_{target}",
            "the class is classes[label]",
            expected=wanted_texts,
            found=texts,
        )


def _check_interval(given: Any, value: float, row: Any) -> None:
    if given is None:
        return
    expected = {"low": value - INTERVAL[0], "high": value + INTERVAL[1]}
    is_right = set(given) >= {"low", "high"} and all(
        _is_close(given[name], end) for name, end in expected.items()
    )
    if not is_right:
        raise Fault(
            "POST /predict gives another interval than the outputs low and high of the graph",
            'answer {target: number, "interval": {"low": …, "high": …}}',
            row=row,
            expected=expected,
            found=given,
        )


def _check_further_columns(
    client: Client, target: str, ends: Mapping[str, float], *, has_them: bool
) -> None:
    """Check the columns of a CSV response by the ends of their names, and their distances."""
    rows = [each.row for each in client.model.examples]
    table = _csv_answer(client, rows)
    names = [f"predicted_{target}_{end}" for end in ends]
    for line, example in zip(table, client.model.examples, strict=True):
        if not has_them and not set(names) & set(line):
            continue
        value = number_of(example)
        expected = dict(zip(names, (value + offset for offset in ends.values()), strict=True))
        found = {name: line.get(name) for name in names}
        if not all(_is_close(float(text or "nan"), expected[n]) for n, text in found.items()):
            raise Fault(
                "POST /predict with CSV gives other numbers than the graph",
                f"add {' and '.join(names)}",
                row=example.row,
                expected=expected,
                found=found,
            )


def _csv_answer(client: Client, rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return the lines that /predict answers to rows in CSV."""
    answer = client.http.post(
        "/predict", content=csv_of(rows).encode(), headers={"content-type": "text/csv"}
    )
    table = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    if len(table) != len(rows):
        raise Fault(
            f"POST /predict answers {answer.status_code} and {len(table)} lines to a CSV table of"
            f" {len(rows)}",
            "return one line for each row, in the order of the request",
            found=answer.text,
        )
    return table


def _is_close(found: float, expected: float) -> bool:
    return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
