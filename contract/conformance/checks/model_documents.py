"""Train: model.json, examples.jsonl, reference.json and verdict.json."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from conformance.checking import Fault, Skipped, check
from conformance.models.model_data import TOLERANCE, farthest
from conformance.models.model_runs import ModelRun, model_runs
from conformance.models.scores import known_scores
from conformance.models.tensors import Field
from conformance.subject import Subject

_SCORE_TOLERANCE = 1e-3
"""Relative to max(1, |score|): who sums in float32 is not wrong."""


@check(
    "signature",
    stages=["train"],
    promise="model.json tells task, target, classes and columns as the feature-data does",
)
def signature(subject: Subject) -> None:
    for run in model_runs(subject):
        features, document = run.data.features, run.model.document
        ignored = [c["name"] for c in features["columns"] if c["role"] != "input"]
        pairs: list[tuple[str, Any, Any]] = [
            ("task", document["task"], features["task"]),
            ("target.name", document["target"]["name"], features["target"]["name"]),
            ("classes", document["classes"], features["classes"]),
            ("signature.ignored", sorted(document["signature"]["ignored"]), sorted(ignored)),
            ("the columns", *_columns(run)),
        ]
        for key in ("missingValues", "timezone"):
            pairs.append((f"signature.{key}", document["signature"][key], run.data.schema[key]))
        for what, found, expected in pairs:
            if found != expected:
                raise Fault(
                    f"{run.where('model.json')}: {what}: {found}; in the input it is {expected}",
                    "copy it from features.json and schema.json of the input; `ignored` are the"
                    " columns of features.json that are no input",
                )


def _columns(run: ModelRun) -> tuple[Any, Any]:
    """Return the columns of both sides, or of the first that differs what differs."""
    found, expected = ([dict(f) for f in fields] for fields in (run.model.fields, run.data.fields))
    if [f["name"] for f in found] != [f["name"] for f in expected]:
        return [f["name"] for f in found], [f["name"] for f in expected]
    for has, wants in zip(found, expected, strict=True):
        for key in ("type", "input", "constraints", "missingValues", "trueValues", "falseValues"):
            if has.get(key) != wants.get(key):
                return f"{key} of '{has['name']}' is {has.get(key)}", wants.get(key)
    return (), ()


@check(
    "examples",
    stages=["train"],
    promise="examples.jsonl holds typed rows, and model.onnx answers them as expected",
)
def examples(subject: Subject) -> None:
    for run in model_runs(subject):
        for number, example in enumerate(run.model.examples, 1):
            _check_row(example.row, run=run, line=number)
        expected = _expected(run)
        found = run.model.predict(run.model.pack([example.row for example in run.model.examples]))
        row, distance = farthest(found, expected)
        if distance > TOLERANCE:
            raise Fault(
                f"{run.where('examples.jsonl')}: line {row + 1} expects {expected[row]}, model.onnx"
                f" gives {found[row]}",
                "run the very file model.onnx on the example rows and write down what it gives;"
                " serve refuses a model that answers otherwise",
            )


def _expected(run: ModelRun) -> np.ndarray[Any, np.dtype[np.float64]]:
    classes = run.model.classes
    for number, example in enumerate(run.model.examples, 1):
        values: Any = [example.expected] if classes is None else example.expected
        is_list = isinstance(values, list) and len(values) == (
            1 if classes is None else len(classes)
        )
        if not (is_list and all(_is_number(value) for value in values)):
            raise Fault(
                f"{run.where('examples.jsonl')}: line {number} expects {example.expected!r}",
                "`expected` is the number, or the list of probabilities in class order",
            )
    return np.array([example.expected for example in run.model.examples], np.float64)


def _check_row(row: Mapping[str, Any], *, run: ModelRun, line: int) -> None:
    where = f"{run.where('examples.jsonl')}: line {line}"
    known = {field["name"]: field for field in run.data.fields}
    if strange := sorted(row.keys() - known):
        raise Fault(f"{where} has the column '{strange[0]}'", "leave out what is no input")
    for name, field in known.items():
        value = row.get(name)
        is_required = field.get("constraints", {}).get("required") and not field.get("private")
        if value is None and is_required:
            raise Fault(f"{where} has no '{name}', which is required", "take complete rows")
        if value is not None and not _has_type(value, field):
            raise Fault(
                f"{where}: '{name}' is {value!r}, the column is of type {field['type']}",
                "write values as the contract's table of types has them in JSON",
            )


def _has_type(value: Any, field: Field) -> bool:
    kind = field["type"]
    if kind in {"date", "datetime"}:
        try:
            read = date if kind == "date" else datetime
            return isinstance(value, str) and bool(read.fromisoformat(value))
        except ValueError:
            return False
    if kind == "number":
        return _is_number(value)
    return type(value) is {"string": str, "integer": int, "boolean": bool}[kind]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@check(
    "metrics",
    stages=["train"],
    promise="model.json states scores with intervals, and the held-out rows through the graph give"
    " them",
)
def metrics(subject: Subject) -> None:
    recomputed = 0
    for run in model_runs(subject):
        stated = run.model.document["metrics"]
        if not stated:
            raise Fault(
                f"{run.where('model.json')}: metrics is empty", "state one score at the least"
            )
        for name, score in stated.items():
            if not score["low"] <= score["value"] <= score["high"]:
                raise Fault(
                    f"{run.where('model.json')}: {name} {score['value']} is not between"
                    f" {score['low']} and {score['high']}",
                    "state the interval of the score on the held-out rows",
                )
        scores = known_scores(len(run.model.classes) if run.model.classes else None)
        for name in sorted(stated.keys() & scores):
            found = scores[name](run.truth, run.predicted)
            if math.isnan(found):
                continue
            recomputed += 1
            value = stated[name]["value"]
            if abs(value - found) > _SCORE_TOLERANCE * max(1, abs(found)):
                raise Fault(
                    f"{run.where('model.json')}: {name} is stated as {value:g}; the rows of"
                    f" test-rows/ through model.onnx give {found:g}",
                    "evaluate model.onnx itself, on the raw rows of test-rows/ against @target of"
                    " test/, not the estimator and not the training rows",
                )
    if not recomputed:
        raise Skipped("none of the scores is one that the kit knows how to compute")


@check(
    "reference",
    stages=["train"],
    promise="reference.json tells of every column, the target and the predictions; verdict.json is"
    " beside the files",
)
def reference(subject: Subject) -> None:
    for run in model_runs(subject):
        document = run.artifact.document("reference.json")
        if lacking := sorted({"columns", "target", "predictions"} - document.keys()):
            raise Fault(
                f"{run.where('reference.json')}: no {lacking[0]}",
                "tell of columns, target and predictions",
            )
        told = {column.get("name") for column in document["columns"]}
        if lacking := [f["name"] for f in run.data.fields if f["name"] not in told]:
            raise Fault(
                f"{run.where('reference.json')}: columns lacks '{lacking[0]}'",
                "tell of each input column what was observed in training",
            )
        run.artifact.document("verdict.json")
        if any(entry["path"] == "verdict.json" for entry in run.artifact.manifest["files"]):
            raise Fault(
                f"{run.where('manifest.json')}: files lists verdict.json",
                "it may differ between equal runs: leave it beside the files",
            )
