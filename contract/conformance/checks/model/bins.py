"""Checks of train: the bins of reference.json hold as many rows as they say."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from conformance.checks.model.runs import ModelRun, model_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.models.tensors import as_number, as_text, is_missing

_TOLERANCE = 1e-5
"""Relative difference of a prediction on another machine."""

type Bins = Mapping[str, Any]


@check(
    "reference-bins",
    stages=["train"],
    promise="the bins of reference.json have the counts of the held-out rows, those of bins.json"
    " for training rows, and no value of a private column (optional, since 1.4)",
)
def reference_bins(subject: Subject) -> None:
    checked = 0
    for run in model_runs(subject):
        document = run.artifact.document("reference.json")
        for column in document["columns"]:
            if "bins" in column:
                checked += 1
                _check_column(run, column["name"], column["bins"])
        if "bins" in document["predictions"]:
            checked += 1
            _check_predictions(run, document["predictions"]["bins"])
    if not checked:
        raise Skipped("its reference.json has no bins, which are optional")


def count_values(values: Sequence[Any], bins: Bins, *, group: str) -> list[int]:
    """Return how many values of a column, as Parquet or JSON has them, are in each bin."""
    inner = bins.get("edges", bins.get("values"))
    counts = [0] * (2 if inner is None else len(inner) + 2)
    for value in values:
        counts[_place(value, bins, group=group)] += 1
    return counts


def _place(value: Any, bins: Bins, *, group: str) -> int:
    """Return the bin of a value; -1 is the last one, of missing values."""
    if is_missing(value):
        return -1
    if "edges" in bins and group == "numbers":
        return sum(edge < as_number(value) for edge in bins["edges"])
    if "values" in bins and group == "strings":
        known = list(bins["values"])
        return known.index(as_text(value)) if as_text(value) in known else len(known)
    return 0


def _check_column(run: ModelRun, name: str, bins: Bins) -> None:
    where = run.where("reference.json")
    field = next((field for field in run.feature_data.fields if field["name"] == name), None)
    if field is None:
        raise Fault(f"{where}: '{name}' has bins and is no input", "describe the input columns")
    group = field["input"]["group"]
    kind = {"numbers": "edges", "strings": "values"}[group]
    chosen = {"edges", "values"} & bins.keys()
    if field.get("private") and chosen:
        raise Fault(
            f"{where}: the bins of the private column '{name}' have {chosen.pop()}",
            "count present and missing values of a private column, and nothing else",
        )
    if not field.get("private") and chosen != {kind}:
        raise Fault(
            f"{where}: the bins of '{name}' have {', '.join(chosen) or 'neither edges nor values'}",
            f"write {kind} for a column in {group}",
        )
    edges = bins.get("edges", [])
    if any(low >= high for low, high in pairwise(edges)):
        raise Fault(f"{where}: the edges of '{name}' do not ascend", "sort them", found=edges)
    expected = count_values([row[name] for row in run.rows], bins, group=group)
    if bins["held_out"] != expected:
        raise Fault(
            f"{where}: the bins of '{name}' have other counts than test-rows/",
            "bin i holds edges[i-1] < v <= edges[i]; the last count is that of missing values",
            expected=expected,
            found=bins["held_out"],
        )
    _check_training(run, name, bins)


def _check_training(run: ModelRun, name: str, bins: Bins) -> None:
    where, source = run.where("reference.json"), run.feature_data.artifact
    rows = run.feature_data.train.num_rows
    if len(bins["training"]) != len(bins["held_out"]) or sum(bins["training"]) != rows:
        raise Fault(
            f"{where}: the bins of '{name}' have {sum(bins['training'])} training rows in"
            f" {len(bins['training'])} bins; expected {rows} in {len(bins['held_out'])}",
            "count each row of train/ once",
        )
    if not (source.path / "bins.json").exists():
        return
    columns = source.document("bins.json")["columns"]
    given = next((column["bins"] for column in columns if column["name"] == name), None)
    found = {key: value for key, value in bins.items() if key != "held_out"}
    if given is not None and found != given:
        raise Fault(
            f"{where}: the bins of '{name}' are not those of bins.json",
            "copy edges, values and training from bins.json of the input",
            expected=given,
            found=found,
        )


def _check_predictions(run: ModelRun, bins: Bins) -> None:
    where = run.where("reference.json")
    found, rows = bins["held_out"], len(run.rows)
    if sum(found) != rows:
        raise Fault(
            f"{where}: the bins of predictions have {sum(found)} rows; expected {rows}",
            "count the prediction of each row of test-rows/ once",
        )
    if run.model.classes:
        expected = np.bincount(run.labels, minlength=len(run.model.classes)).tolist()
        if (bins.get("values"), found) != (list(run.model.classes), expected):
            raise Fault(
                f"{where}: the bins of predictions are not those of the labels",
                "write a bin for each class, in their order, with the number of its labels",
                expected={"values": run.model.classes, "held_out": expected},
                found=bins,
            )
        return
    edges = bins.get("edges", [])
    if len(found) != len(edges) + 1 or any(low >= high for low, high in pairwise(edges)):
        raise Fault(
            f"{where}: the bins of predictions have {len(found)} counts for {len(edges)} edges",
            "write ascending edges, and one count more than edges",
            found=bins,
        )
    for edge, below in zip(edges, accumulate(found), strict=False):
        width = _TOLERANCE * max(1, abs(edge))
        least, most = (int((run.predicted <= edge + by).sum()) for by in (-width, width))
        if not least <= below <= most:
            raise Fault(
                f"{where}: {below} predictions are not above {edge:g}; model.onnx has {most}",
                "count the predictions of model.onnx for test-rows/",
            )
