"""Train: the graph that is served, on held-out rows and on rare rows."""

import numpy as np
from numpy.typing import NDArray

from conformance.checks.model.runs import ModelRun, model_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.models.graphs import check_inputs, check_opsets, check_tensor
from conformance.models.hard_rows import hard_rows
from conformance.models.model_data import TOLERANCE, largest_difference
from conformance.models.tensors import GROUPS, fields_of, row_of, rows_in

_SINGLE_ROWS = 5
"""Rows that are also run one by one."""
_TOLERANCE = 1e-5


@check(
    "model-interface",
    stages=["train"],
    promise="model.onnx takes numbers and strings, gives prediction, or label and probabilities,"
    " low and high where model.json has an interval, and quantiles where it has levels",
)
def model_interface(subject: Subject) -> None:
    for run in model_runs(subject):
        graph, declared = run.model.graph, run.model.document["opset"]
        check_opsets(graph, named=declared)
        if dict(graph.opsets) != declared:
            raise Fault(
                f"{run.where('model.json')}: opset says {declared}, model.onnx imports"
                f" {dict(graph.opsets)}",
                'write down the imports of the file, with "" for ONNX\'s own domain',
            )
        check_inputs(
            graph, {group: len(fields_of(group, run.feature_data.fields)) for group in GROUPS}
        )
        numbers = ["prediction", *(["low", "high"] if run.model.has_interval else [])]
        outputs: dict[str, tuple[str, tuple[int, ...]]] = dict.fromkeys(
            numbers, ("tensor(float)", ())
        )
        if run.model.levels:
            outputs["quantiles"] = ("tensor(float)", (len(run.model.levels),))
        if run.model.classes is not None:
            width = (len(run.model.classes),)
            outputs = {"label": ("tensor(int64)", ()), "probabilities": ("tensor(float)", width)}
        if set(graph.outputs) != set(outputs):
            raise Fault(
                f"{run.where('model.onnx')} gives {', '.join(sorted(graph.outputs))}; expected"
                f" {' and '.join(outputs)}",
                "give these outputs and no others: see 'Inputs and outputs' in"
                " contract/reference/graph.md; low and high go with `interval` in model.json,"
                " quantiles with `quantiles`",
            )
        for name, (kind, widths) in outputs.items():
            check_tensor(graph.name, name, graph.outputs[name], kind, widths=widths)


@check(
    "predictions",
    stages=["train"],
    promise="a prediction is float32 and depends on its row alone; probabilities add up to 1; label"
    " is the most likely class, or follows `decision` in model.json",
)
def predictions(subject: Subject) -> None:
    for run in model_runs(subject):
        rows = rows_in(run.feed)
        classes = run.model.classes
        shape = (rows,) if classes is None else (rows, len(classes))
        if run.predicted.shape != shape or run.predicted.dtype != np.float32:
            raise Fault(
                f"{run.where('model.onnx')} makes {run.predicted.dtype}"
                f" {list(run.predicted.shape)} of {rows} rows; expected float32 {list(shape)}",
                "end the graph with a cast to float and a reshape",
            )
        for row in range(min(_SINGLE_ROWS, rows)):
            alone = run.model.predict(row_of(run.feed, row))
            _, distance = largest_difference(alone, run.predicted[row : row + 1])
            if distance > TOLERANCE:
                raise Fault(
                    f"{run.where('model.onnx')} predicts {alone[0]} for held-out row {row + 1}"
                    f" alone, and {run.predicted[row]} among {rows}",
                    "compute nothing across rows",
                )
        if classes is not None:
            _check_classes(run)


def _check_classes(run: ModelRun) -> None:
    probabilities = run.predicted.astype(np.float64)
    wrong = np.flatnonzero(
        (np.abs(probabilities.sum(axis=1) - 1) > _TOLERANCE) | (probabilities < 0).any(axis=1)
    )
    if len(wrong):
        raise Fault(
            f"{run.where('model.onnx')}: the probabilities of held-out row {wrong[0] + 1} are"
            f" {run.predicted[wrong[0]]}, which add up to {probabilities[wrong[0]].sum():.6f}",
            "give the probability of every class, between 0 and 1, in the order of the classes",
        )
    is_index = (run.labels >= 0) & (run.labels < probabilities.shape[1])
    errors = _label_errors(run, np.clip(run.labels, 0, probabilities.shape[1] - 1))
    wrong = np.flatnonzero(~is_index | (errors > _TOLERANCE))
    if len(wrong):
        raise Fault(
            f"{run.where('model.onnx')}: label of held-out row {wrong[0] + 1} is"
            f" {run.labels[wrong[0]]}, the probabilities are {run.predicted[wrong[0]]}",
            "label is the index, from 0, of the class with the highest probability, or what"
            " `decision` in model.json says",
        )


def _label_errors(run: ModelRun, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the error of each row's label: 0 if it is correct."""
    rows, decision = np.arange(len(labels)), run.model.document.get("decision") or {}
    probabilities = run.predicted.astype(np.float64)
    if "threshold" in decision:
        threshold = np.float32(decision["threshold"])
        is_wrong = (run.predicted[:, 1] >= threshold) != labels
        return np.asarray(is_wrong, dtype=np.float64)
    if "costs" in decision:
        costs = np.array(decision["costs"], np.float64)
        expected = probabilities @ costs / max(1.0, costs.max())
        return np.asarray(expected[rows, labels] - expected.min(axis=1))
    return np.asarray(probabilities.max(axis=1) - probabilities[rows, labels])


@check(
    "model-finite",
    stages=["train"],
    promise="predictions are finite whatever is missing, unseen or out of range",
)
def model_finite(subject: Subject) -> None:
    for run in model_runs(subject):
        labels, rows = hard_rows(run.feed, run.feature_data.fields)
        predicted = run.model.predict(rows).reshape(len(labels), -1)
        wrong = np.flatnonzero(~np.isfinite(predicted).all(axis=1))
        if len(wrong):
            raise Fault(
                f"{run.where('model.onnx')} predicts {predicted[wrong[0]].tolist()} for"
                f" {labels[wrong[0]]} ({len(wrong)} of {len(labels)} such rows)",
                "keep transform.onnx in front, whose features are finite, and clip after it",
            )


@check(
    "intervals",
    stages=["train"],
    promise="intervals, if any, are finite, hold the prediction and depend on their row alone;"
    " metrics has their coverage on the held-out rows",
)
def intervals(subject: Subject) -> None:
    runs = [run for run in model_runs(subject) if run.model.has_interval]
    if not runs:
        raise Skipped("no model has intervals")
    for run in runs:
        labels, hard = hard_rows(run.feed, run.feature_data.fields)
        rows = [f"held-out row {row + 1}" for row in range(rows_in(run.feed))]
        for names, feed in ((rows, run.feed), (labels, hard)):
            bounds = run.model.interval_bounds(feed)
            is_wrong = ~(
                np.isfinite(bounds).all(axis=1) & (np.diff(bounds, axis=1) >= 0).all(axis=1)
            )
            if is_wrong.any():
                row = int(is_wrong.argmax())
                raise Fault(
                    f"{run.where('model.onnx')}: low, prediction and high are {bounds[row]} for"
                    f" {names[row]}",
                    "give finite bounds below and above the prediction",
                )
        bounds = run.model.interval_bounds(run.feed)
        _check_alone(run, bounds)
        _check_coverage(run, bounds)


def _check_alone(run: ModelRun, bounds: NDArray[np.float32]) -> None:
    for row in range(min(_SINGLE_ROWS, len(bounds))):
        alone = run.model.interval_bounds(row_of(run.feed, row))
        if np.abs(alone - bounds[row]).max() > TOLERANCE * max(1, np.abs(bounds[row]).max()):
            raise Fault(
                f"{run.where('model.onnx')} gives {alone[0]} for held-out row {row + 1} alone,"
                f" and {bounds[row]} among {len(bounds)}",
                "compute nothing across rows",
            )


def _check_coverage(run: ModelRun, bounds: NDArray[np.float32]) -> None:
    truth = run.y_true.astype(np.float32)
    found = float(np.mean((bounds[:, 0] <= truth) & (truth <= bounds[:, 2])))
    stated = run.model.document["metrics"].get("coverage", {}).get("value")
    if stated is None or abs(stated - found) > _TOLERANCE:
        raise Fault(
            f"{run.where('model.json')}: metrics.coverage is {stated}; {found:.6f} of the values of"
            " test/ lie in the intervals of test-rows/",
            "state the share of held-out rows whose true value lies inside",
        )


@check(
    "model-is-transform",
    stages=["train"],
    promise="rows with equal features have equal predictions: model.onnx contains transform.onnx",
)
def model_is_transform(subject: Subject) -> None:
    compared = 0
    for run in model_runs(subject):
        labels, rows = hard_rows(run.feed, run.feature_data.fields)
        features = run.feature_data.transform.run(rows, "features")
        predicted = run.model.predict(rows)
        first: dict[bytes, int] = {}
        for place, row in enumerate(features):
            if not np.isfinite(predicted[place]).all():
                continue  # the check model-finite reports it
            other = first.setdefault(row.tobytes(), place)
            compared += other != place
            _, distance = largest_difference(
                predicted[place : place + 1], predicted[other : other + 1]
            )
            if distance > TOLERANCE:
                raise Fault(
                    f"{run.where('model.onnx')} predicts {predicted[place]} for {labels[place]},"
                    f" and {predicted[other]} for {labels[other]}, of which transform.onnx makes"
                    " the same features",
                    "merge the estimator behind transform.onnx of the input, as it is",
                )
    if not compared:
        raise Skipped("no two of the tested rows have the same features")
