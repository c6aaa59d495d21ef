"""Train: model.json, examples.jsonl, reference.json and verdict.json."""

import math
from typing import Any

from conformance.checks.model.runs import ModelRun, model_runs
from conformance.harness.checking import Fault, Skipped, check
from conformance.harness.subject import Subject
from conformance.models.scores import BY_LABEL, known_scores
from conformance.validity.manifests import check_schema

_SCORE_TOLERANCE = 1e-3
"""Relative to max(1, |score|): who sums in float32 is not wrong."""


@check(
    "signature",
    stages=["train"],
    promise="model.json has task, target, classes and columns of the feature-data",
)
def signature(subject: Subject) -> None:
    for run in model_runs(subject):
        features, document = run.data.features, run.model.document
        ignored = [c["name"] for c in features["columns"] if c["role"] != "input"]
        private = sorted(
            c["name"] for c in features["columns"] if c["name"] in ignored and c.get("private")
        )
        pairs: list[tuple[str, Any, Any]] = [
            ("task", document["task"], features["task"]),
            ("target.name", document["target"]["name"], features["target"]["name"]),
            ("classes", document["classes"], features["classes"]),
            ("signature.ignored", sorted(document["signature"]["ignored"]), sorted(ignored)),
            ("signature.private", sorted(document["signature"].get("private", private)), private),
            ("the columns", *_columns(run)),
            *(
                (f"signature.{key}", document["signature"][key], run.data.schema[key])
                for key in ("missingValues", "timezone")
            ),
        ]
        for what, found, expected in pairs:
            if found != expected:
                raise Fault(
                    f"{run.where('model.json')}: {what}: {found}; in the input it is {expected}",
                    "copy it from features.json and schema.json of the input; `ignored` are the"
                    " columns of features.json that are no input, `private` those of them that are"
                    " private",
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
    "metrics",
    stages=["train"],
    promise="model.json has scores with intervals, and the graph gives them on the held-out rows",
)
def metrics(subject: Subject) -> None:
    recomputed = 0
    for run in model_runs(subject):
        stated = run.model.document["metrics"]
        if not stated:
            raise Fault(f"{run.where('model.json')}: metrics is empty", "add at least one score")
        for name, score in stated.items():
            if not score["low"] <= score["value"] <= score["high"]:
                raise Fault(
                    f"{run.where('model.json')}: {name} {score['value']} is not between"
                    f" {score['low']} and {score['high']}",
                    "state the interval of the score on the held-out rows",
                )
        scores = known_scores(len(run.model.classes) if run.model.classes else None)
        for name in sorted(stated.keys() & scores):
            found = scores[name](run.truth, run.labels if name in BY_LABEL else run.predicted)
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
        raise Skipped("the kit cannot compute any of the scores")


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
                "describe columns, target and predictions",
            )
        described = {column.get("name") for column in document["columns"]}
        if lacking := [f["name"] for f in run.data.fields if f["name"] not in described]:
            raise Fault(
                f"{run.where('reference.json')}: columns lacks '{lacking[0]}'",
                "describe what was observed in training for each input column",
            )
        place = run.where(f"{run.artifact.path.name}/verdict.json")
        check_schema(run.artifact.document("verdict.json"), "verdict", place)
        if any(entry["path"] == "verdict.json" for entry in run.artifact.manifest["files"]):
            raise Fault(
                f"{run.where('manifest.json')}: files lists verdict.json",
                "it may differ between equal runs, so do not list it",
            )
