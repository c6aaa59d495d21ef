"""Train: quantiles of numbers, in the graph, in model.json and on the held-out rows."""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import mean_pinball_loss

from conformance.checks.model.runs import ModelRun, model_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault, Skipped
from conformance.harness.subject import Subject
from conformance.models.feature_data import TARGET
from conformance.models.hard_rows import hard_rows
from conformance.models.model_data import TOLERANCE
from conformance.models.tensors import row_of, rows_in

_MEDIAN = 0.5
_SINGLE_ROWS = 5
"""Rows that are also run one by one."""
_SHARE_TOLERANCE = 1e-5
_SCORE_TOLERANCE = 1e-3
"""Maximum difference of a score, relative to max(1, |score|)."""


@check(
    "quantiles",
    stages=["train"],
    promise="quantiles, if any, are finite, never decrease, have the prediction at 0.5 and depend"
    " on their row alone; coverage and pinball are those of the held-out rows (since 1.4)",
)
def quantiles(subject: Subject) -> None:
    runs = [run for run in model_runs(subject) if run.model.document.get("quantiles")]
    if not runs:
        raise Skipped("no model has quantiles")
    for run in runs:
        _check_levels(run)
        labels, hard = hard_rows(run.feed, run.feature_data.fields)
        names = [f"held-out row {row + 1}" for row in range(rows_in(run.feed))]
        found = run.model.quantiles(run.feed)
        _check_rows(run, found, run.predicted, names=names)
        _check_rows(run, run.model.quantiles(hard), run.model.predict(hard), names=labels)
        _check_alone(run, found)
        _check_examples(run)
        _check_coverage(run, found)
        _check_pinball(run, found)


def _check_levels(run: ModelRun) -> None:
    levels = run.model.levels
    if levels != sorted(set(levels)) or _MEDIAN not in levels:
        raise Fault(
            f"{run.where('model.json')}: quantiles.levels is {levels}",
            "list ascending levels, each once, with 0.5 among them",
        )
    if run.model.classes is not None or run.model.has_interval:
        raise Fault(
            f"{run.where('model.json')} has quantiles and classes, or quantiles and an interval",
            "give quantiles of numbers, without an interval",
        )


def _check_rows(
    run: ModelRun,
    found: NDArray[np.float32],
    predicted: NDArray[np.float32],
    *,
    names: list[str],
) -> None:
    middle = found[:, run.model.levels.index(_MEDIAN)]
    is_sorted = np.isfinite(found).all(axis=1) & (np.diff(found, axis=1) >= 0).all(axis=1)
    is_wrong = ~(is_sorted & (middle == predicted))
    if is_wrong.any():
        row = int(is_wrong.argmax())
        raise Fault(
            f"{run.where('model.onnx')}: the quantiles are {found[row]} and the prediction is"
            f" {predicted[row]} for {names[row]}",
            "give finite quantiles that never decrease, sorted inside the graph; the prediction is"
            " the quantile at 0.5",
        )


def _check_alone(run: ModelRun, found: NDArray[np.float32]) -> None:
    for row in range(min(_SINGLE_ROWS, len(found))):
        alone = run.model.quantiles(row_of(run.feed, row))
        if np.abs(alone - found[row]).max() > TOLERANCE * max(1, np.abs(found[row]).max()):
            raise Fault(
                f"{run.where('model.onnx')} gives the quantiles {alone[0]} for held-out row"
                f" {row + 1} alone, and {found[row]} among {len(found)}",
                "compute nothing across rows",
            )


def _check_examples(run: ModelRun) -> None:
    examples = run.model.examples
    found = run.model.quantiles(run.model.pack([example.row for example in examples]))
    for number, (example, given) in enumerate(zip(examples, found, strict=True), 1):
        stated, size = example.quantiles, max(1, float(np.abs(given).max()))
        if (
            not isinstance(stated, list)
            or len(stated) != len(given)
            or not all(isinstance(each, int | float) for each in stated)
            or not np.allclose(stated, given, rtol=0, atol=TOLERANCE * size)
        ):
            raise Fault(
                f"{run.where('examples.jsonl')}: line {number} has the quantiles {stated},"
                f" model.onnx gives {given.tolist()}",
                "a model with quantiles has `quantiles` in each line, in the order of the levels",
            )


def _check_coverage(run: ModelRun, found: NDArray[np.float32]) -> None:
    stated = run.model.document["quantiles"].get("coverage")
    if stated is None:
        return
    truth = run.y_true.astype(np.float32)[:, np.newaxis]
    shares = (truth <= found).mean(axis=0)
    values = [share["value"] for share in stated]
    if len(values) != len(shares) or np.abs(values - shares).max() > _SHARE_TOLERANCE:
        raise Fault(
            f"{run.where('model.json')}: quantiles.coverage is {values}; {shares.tolist()} of the"
            " values of test/ are not above the quantiles of test-rows/",
            "state the share of held-out rows whose true value is not above the quantile",
        )


def _check_pinball(run: ModelRun, found: NDArray[np.float32]) -> None:
    trained = run.feature_data.train.column(TARGET).to_numpy()
    constant = np.quantile(trained, run.model.levels)
    expected = {
        "metrics": _pinball(run, found),
        "baseline": _pinball(run, np.broadcast_to(constant, found.shape)),
    }
    for key, value in expected.items():
        stated = run.model.document[key].get("pinball", {}).get("value", value)
        if abs(stated - value) > _SCORE_TOLERANCE * max(1, abs(value)):
            raise Fault(
                f"{run.where('model.json')}: pinball of {key} is {stated:g}, not {value:g}",
                "take the mean of scikit-learn's mean_pinball_loss over the levels, of `quantiles`"
                " on test-rows/; for baseline, of the quantiles of @target in train/",
            )


def _pinball(run: ModelRun, found: NDArray[np.floating]) -> float:
    losses = [
        mean_pinball_loss(run.y_true, column, alpha=level)
        for level, column in zip(run.model.levels, found.T, strict=True)
    ]
    return float(np.mean(losses))
