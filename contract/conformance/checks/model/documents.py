"""Checks of train: model.json, reference.json and verdict.json."""

import math
from typing import Any

from conformance.checks.model.runs import ModelRun, model_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.models.scores import known_scores, malformed_name, takes_labels
from conformance.validity.manifests import check_schema

_SCORE_TOLERANCE = 1e-3
"""Maximum difference, relative to max(1, |score|); sums in float32 may differ this much."""
_COMPARED_KEYS = ("type", "input", "constraints", "missingValues", "trueValues", "falseValues")


@check(
    "signature",
    stages=["train"],
    promise="model.json repeats task, target, classes and columns of feature-data",
)
def signature(subject: Subject) -> None:
    for run in model_runs(subject):
        features, document = run.feature_data.features, run.model.document
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
            ("the columns", *_first_difference(run)),
            *(
                (f"signature.{key}", document["signature"][key], run.feature_data.schema[key])
                for key in ("missingValues", "timezone")
            ),
        ]
        for what, found, expected in pairs:
            if found != expected:
                raise Fault(
                    f"{run.where('model.json')}: {what}: found {found}; expected {expected},"
                    " as in the input",
                    "copy it from features.json and schema.json of the input: signature.ignored"
                    " has the columns whose role is not input, signature.private those of them"
                    " that are private",
                )


def _first_difference(run: ModelRun) -> tuple[Any, Any]:
    """Return the first difference of the columns as (found, expected), or two empty tuples."""
    found, expected = (
        [dict(f) for f in fields] for fields in (run.model.fields, run.feature_data.fields)
    )
    if [f["name"] for f in found] != [f["name"] for f in expected]:
        return [f["name"] for f in found], [f["name"] for f in expected]
    for actual, expected_field in zip(found, expected, strict=True):
        for key in _COMPARED_KEYS:
            if actual.get(key) != expected_field.get(key):
                return f"{key} of '{actual['name']}' is {actual.get(key)}", expected_field.get(key)
    return (), ()


@check(
    "metrics",
    stages=["train"],
    promise="model.json has scores with intervals, and model.onnx has the same scores on the"
    " held-out rows",
)
def metrics(subject: Subject) -> None:
    recomputed = 0
    for run in model_runs(subject):
        stated = run.model.document["metrics"]
        if not stated:
            raise Fault(f"{run.where('model.json')}: metrics is empty", "add at least one score")
        for name, score in stated.items():
            if wrong := malformed_name(name):
                raise Fault(
                    f"{run.where('model.json')}: the metric {name}: {wrong}",
                    "write the parameter as contract/reference/metrics.md says; a server compares"
                    " models by the names of their metrics",
                )
            if not score["low"] <= score["value"] <= score["high"]:
                raise Fault(
                    f"{run.where('model.json')}: {name} {score['value']} is not between"
                    f" {score['low']} and {score['high']}",
                    "write the confidence interval of the score: low ≤ value ≤ high",
                )
        scores = known_scores(stated, classes=run.class_count)
        for name in sorted(scores):
            found = scores[name](run.y_true, run.labels if takes_labels(name) else run.predicted)
            # Not defined on these rows, such as ROC AUC of one class.
            if math.isnan(found):
                continue
            recomputed += 1
            value = stated[name]["value"]
            if abs(value - found) > _SCORE_TOLERANCE * max(1, abs(found)):
                raise Fault(
                    f"{run.where('model.json')}: {name} is {value:g}, but model.onnx has"
                    f" {found:g} on test-rows/",
                    "evaluate model.onnx itself: the raw rows of test-rows/, against @target of"
                    " test/",
                )
    if not recomputed:
        raise Skipped("the kit can recompute none of the metrics in model.json")


@check(
    "importance",
    stages=["train"],
    promise="the importance in model.json lists input columns, each at most once, by descending"
    " loss (optional, since 1.3)",
)
def importance(subject: Subject) -> None:
    measured = [run for run in model_runs(subject) if "importance" in run.model.document]
    if not measured:
        raise Skipped("its model.json has no importance, which is optional")
    for run in measured:
        document = run.model.document["importance"]
        names = [column["name"] for column in document["columns"]]
        losses = [column["loss"] for column in document["columns"]]
        inputs = {field["name"] for field in run.model.fields}
        if unknown := [name for name in names if name not in inputs]:
            raise Fault(
                f"{run.where('model.json')}: importance has '{unknown[0]}', which is not an input",
                "measure the columns of the signature, not the features made from them",
            )
        if len(set(names)) < len(names):
            raise Fault(
                f"{run.where('model.json')}: importance has a column twice",
                "shuffle each column of the table once, for all its features together",
                found=names,
            )
        if losses != sorted(losses, reverse=True):
            raise Fault(
                f"{run.where('model.json')}: importance is not sorted",
                "write the column with the largest loss first",
                expected=sorted(losses, reverse=True),
                found=losses,
            )
        if document["rows"] > len(run.rows):
            raise Fault(
                f"{run.where('model.json')}: importance has {document['rows']} rows, but"
                f" test-rows/ has {len(run.rows)}",
                "measure it on held-out rows",
            )


@check(
    "reference",
    stages=["train"],
    promise="reference.json describes each input column, the target and the predictions; the"
    " manifest does not list verdict.json",
)
def reference(subject: Subject) -> None:
    for run in model_runs(subject):
        document = run.artifact.document("reference.json")
        if missing_keys := sorted({"columns", "target", "predictions"} - document.keys()):
            raise Fault(
                f"{run.where('reference.json')}: no {missing_keys[0]}",
                "describe columns, target and predictions",
            )
        described = {column.get("name") for column in document["columns"]}
        names = [field["name"] for field in run.feature_data.fields]
        if missing_columns := [name for name in names if name not in described]:
            raise Fault(
                f"{run.where('reference.json')}: columns has no entry for '{missing_columns[0]}'",
                "describe what was observed in training for each input column",
            )
        name = run.where(f"{run.artifact.path.name}/verdict.json")
        check_schema(run.artifact.document("verdict.json"), "verdict", name)
        if any(entry["path"] == "verdict.json" for entry in run.artifact.manifest["files"]):
            raise Fault(
                f"{run.where('manifest.json')}: files lists verdict.json",
                "do not list verdict.json: it may differ between runs of the same cause",
            )
