"""Features: the graph that made the matrices, and that they are what it makes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.checks.features.runs import FeatureRun, features_run, runs_of
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.inputs.clean_data import write_clean_data
from conformance.inputs.houses import Houses
from conformance.models.feature_data import bits_of, matrix_of
from conformance.models.graphs import check_inputs, check_opsets, check_tensor
from conformance.models.hard_rows import hard_rows
from conformance.models.tensors import (
    GROUPS,
    Feed,
    Field,
    fields_of,
    is_missing,
    row_of,
    rows_in,
)

FEATURES = "features"
_ALONE = 5
"""Rows that are also run one by one, besides one without a value for each column."""


@check(
    "transform-interface",
    stages=["features"],
    promise="transform.onnx takes numbers double[N,k], strings string[N,m], gives features"
    " float32[N,d]",
)
def transform_interface(subject: Subject) -> None:
    for run in runs_of(subject):
        graph = run.data.transform
        check_opsets(graph)
        check_inputs(graph, {g: len(fields_of(g, run.data.fields)) for g in GROUPS})
        if set(graph.outputs) != {FEATURES}:
            raise Fault(
                f"transform.onnx gives {', '.join(sorted(graph.outputs))}; expected {FEATURES}",
                "name its one output features",
            )
        widths = (len(run.data.names),)
        check_tensor(graph.name, FEATURES, graph.outputs[FEATURES], "tensor(float)", widths=widths)


@check(
    "transform-rows",
    stages=["features"],
    promise="transform.onnx takes any number of rows, and a row's features depend on it alone",
)
def transform_rows(subject: Subject) -> None:
    for run in runs_of(subject):
        feed = run.data.pack(run.rows)
        together = run.data.transform.run(feed, FEATURES)
        width = len(run.data.names)
        for rows, found in ((rows_in(feed), together), (0, _none(run, feed))):
            if found.shape != (rows, width) or found.dtype != np.float32:
                raise Fault(
                    f"transform.onnx makes {found.dtype} {list(found.shape)} of {rows} rows;"
                    f" expected float32 {[rows, width]}",
                    "make the number of rows dynamic, and end the graph with a cast to float",
                )
        for place in _places_alone(run):
            alone = run.data.transform.run(row_of(feed, place), FEATURES)
            if alone.tobytes() != together[place].tobytes():
                raise Fault(
                    f"transform.onnx makes other features of row {place + 1} alone than of it"
                    f" among {rows_in(feed)}: {_difference(run, alone[0], together[place])}",
                    "compute nothing across rows: means and the like are constants from fitting",
                )


def _places_alone(run: FeatureRun) -> list[int]:
    """Return the first rows, and for each column the first row that lacks its value."""
    places = set(range(_ALONE))
    for field in run.data.fields:
        lacking = (n for n, row in enumerate(run.rows) if is_missing(row[field["name"]]))
        places.update(islice(lacking, 1))
    return sorted(places)


def _none(run: FeatureRun, feed: Feed) -> NDArray[np.float32]:
    empty = {group: values[:0] for group, values in feed.items()}
    return run.data.transform.run(empty, FEATURES)


@check(
    "feature-sources",
    stages=["features"],
    promise="a feature depends on its source and other_source in features.json only",
)
def feature_sources(subject: Subject) -> None:
    for run in runs_of(subject):
        data = run.data
        check_sources(
            data.features["features"],
            data.fields,
            data.pack(run.rows),
            partial(data.transform.run, output=FEATURES),
            where=run.where("features.json"),
        )


def check_sources(
    features: Sequence[Mapping[str, Any]],
    fields: Sequence[Field],
    feed: Feed,
    transform: Callable[[Feed], NDArray[np.float32]],
    *,
    where: str,
) -> None:
    """Check that only the features of a column change when its values move to other rows."""
    inputs = [field["name"] for field in fields]
    for feature in features:
        for source in _sources(feature):
            if source not in inputs:
                raise Fault(
                    f"{where}: feature '{feature['name']}' has the source '{source}',"
                    " which is no input",
                    "write the clean column that it was made from",
                )
    before = transform(feed).view(np.uint32)
    for field in fields:
        after = transform(_moved(feed, field)).view(np.uint32)
        for feature, changes in zip(features, (after != before).any(axis=0), strict=False):
            if changes and field["name"] not in _sources(feature):
                raise Fault(
                    f"{where}: feature '{feature['name']}' changes with '{field['name']}', and its"
                    f" source is '{"' and '".join(_sources(feature))}'",
                    "list the features in the order of the graph's output, each with the column"
                    " that it was made from",
                )


def _sources(feature: Mapping[str, Any]) -> list[str]:
    """Return the columns of a feature; the second one is optional, since 1.4."""
    return [feature[key] for key in ("source", "other_source") if key in feature]


def _moved(feed: Feed, field: Field) -> Feed:
    """Return the rows with each value of a column in the next row."""
    group, index = field["input"]["group"], field["input"]["index"]
    values = feed[group].copy()
    values[:, index] = np.roll(values[:, index], 1)
    return feed | {group: values}


@check(
    "transform-finite",
    stages=["features"],
    promise="features are finite whatever is missing, unseen or out of range",
)
def transform_finite(subject: Subject) -> None:
    for run in runs_of(subject):
        labels, rows = hard_rows(run.data.pack(run.rows), run.data.fields)
        features = run.data.transform.run(rows, FEATURES)
        wrong = np.argwhere(~np.isfinite(features))
        if len(wrong):
            row, column = wrong[0]
            raise Fault(
                f"transform.onnx: feature '{run.data.names[column]}' is {features[row, column]}"
                f" for {labels[row]} ({len(wrong)} of {features.size} values)",
                "impute what is missing or unseen inside the graph, and clip to float32 at its end",
            )


@check(
    "fitted-on-train",
    stages=["features"],
    promise="what transform.onnx has learned depends on training rows alone",
)
def fitted_on_train(subject: Subject) -> None:
    first = runs_of(subject)[0]
    if first.data.features["split"]["kind"] == "time":
        raise Skipped("the split is by time, and fewer rows move its boundary")
    label = "with fewer test rows"
    source = subject.once("clean-data with fewer test rows", lambda: _with_fewer(subject, first))
    second = features_run(subject, label, settings=subject.settings, source=source)
    rows = first.rows_on("train")
    if len(second.rows_on("train")) != len(rows):
        raise Skipped("rows change sides with the table, which split-stays reports")
    expected, found = first.data.transformed(rows), second.data.transformed(rows)
    if second.data.names != first.data.names:
        raise Fault(
            "features.json names other features when the table has fewer test rows",
            "decide what becomes of a column by the training rows alone",
            expected=list(first.data.names),
            found=list(second.data.names),
        )
    differs = np.flatnonzero((found.view(np.uint32) != expected.view(np.uint32)).any(axis=1))
    if len(differs):
        row = differs[0]
        raise Fault(
            "transform.onnx makes other features of a training row when the table has fewer test"
            f" rows: {_difference(first, found[row], expected[row])}, for {rows[row]}",
            "fit means, scales, categories and the like on the rows of train/ alone",
        )


def _with_fewer(subject: Subject, run: FeatureRun) -> Path:
    """Return the input of a run without the first half of its test rows."""
    test = [index for index, side in enumerate(run.sides) if side == "test"]
    dropped = set(test[: len(test) // 2])
    volume = subject.scratch()
    kept = [index for index in range(len(run.sides)) if index not in dropped]
    write_clean_data(volume, Houses(run.clean.take(kept)))
    return volume


@check(
    "matrix-is-transform",
    stages=["features"],
    promise="train/ and test/ hold what transform.onnx makes of the clean rows, bit for bit",
)
def matrix_is_transform(subject: Subject) -> None:
    for run in runs_of(subject):
        _check_test(run)
        stored = matrix_of(run.data.train, run.data.names)
        made = run.data.transformed(run.rows_on("train"))
        if strange := bits_of(stored) - bits_of(made):
            raise Fault(
                f"{run.where('train/')}: {strange.total()} of {len(stored)} rows are not what"
                " transform.onnx makes of the clean rows that neither test nor were rejected",
                "make the training matrix by running the exported graph, as float32",
            )


def _check_test(run: FeatureRun) -> None:
    rows = run.data.test_rows.to_pylist()
    stored, made = matrix_of(run.data.test, run.data.names), run.data.transformed(rows)
    if stored.shape != made.shape:
        raise Fault(
            f"{run.where('test/')}: {len(stored)} rows; test-rows/ has {len(made)}",
            "write the same rows to both, in the same order",
        )
    differs = np.flatnonzero((stored.view(np.uint32) != made.view(np.uint32)).any(axis=1))
    if len(differs):
        place = differs[0]
        raise Fault(
            f"{run.where('test/')}: row {place + 1} is not what transform.onnx makes of row"
            f" {place + 1} of test-rows/: {_difference(run, stored[place], made[place])}"
            f" ({len(differs)} of {len(stored)} rows)",
            "make the test matrix by running the exported graph, in the order of test-rows/",
        )


def _difference(run: FeatureRun, found: NDArray[np.float32], expected: NDArray[np.float32]) -> str:
    column = np.flatnonzero(found.view(np.uint32) != expected.view(np.uint32))[0]
    return f"'{run.data.names[column]}' is {found[column]!r} instead of {expected[column]!r}"
