"""Train: examples.jsonl, which a server replays before it takes the model live."""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from conformance.checks.model.runs import ModelRun, model_runs
from conformance.harness.checking import check
from conformance.harness.faults import Fault
from conformance.harness.subject import Subject
from conformance.models.model_data import TOLERANCE, largest_difference
from conformance.models.tensors import Field


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
        row, distance = largest_difference(found, expected)
        if distance > TOLERANCE:
            raise Fault(
                f"{run.where('examples.jsonl')}: line {row + 1} expects {expected[row]}, model.onnx"
                f" gives {found[row]}",
                "run the very file model.onnx on the example rows and write down what it gives;"
                " serve refuses a model that answers otherwise",
            )
        if run.model.has_interval:
            _check_intervals(run)


def _check_intervals(run: ModelRun) -> None:
    examples = run.model.examples
    found = run.model.interval_bounds(run.model.pack([example.row for example in examples]))
    for number, (example, ends) in enumerate(zip(examples, found, strict=True), 1):
        stated, given = example.interval, ends[[0, 2]].tolist()
        size = max(1, float(np.abs(ends).max()))
        is_pair = isinstance(stated, list) and len(stated) == len(given)
        if not (
            is_pair
            and all(map(_is_number, stated or ()))
            and np.allclose(stated or (), given, rtol=0, atol=TOLERANCE * size)
        ):
            raise Fault(
                f"{run.where('examples.jsonl')}: line {number} has the interval {stated},"
                f" model.onnx gives {given}",
                "a model with intervals has `interval`: [low, high] in each line, as its graph has"
                " them",
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
    known = {field["name"]: field for field in run.feature_data.fields}
    if strange := sorted(row.keys() - known):
        raise Fault(
            f"{where} has the column '{strange[0]}'", "leave out columns that are not inputs"
        )
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
