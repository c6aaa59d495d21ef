"""Champion and challenger: compares the live model with a new one on the same held-out rows."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto
from pyarrow import parquet
from stage_contract import ContractError

from modelling.data.feature_data import FeatureData
from modelling.data.matrices import read_batches, read_group, read_target, read_weights
from modelling.data.problem import Schema
from modelling.data.tensors import pack
from modelling.graphs.session import Graph, Outputs, concatenate
from modelling.model_selection.bootstrap import Interval, Outcomes, compare
from modelling.model_selection.estimators import predict_baseline
from modelling.model_selection.metrics import Metric
from modelling.opsets import HIGHEST, opsets

_SAME = ("name", "column", "above")
"""Keys that identify a target."""

_NO_RULE = {"description", "unit", "private", "constraints", "input", "observed"}
"""Keys of a field that do not affect its cells."""


class NotComparableError(Exception):
    """The live model can't predict these rows, or was trained on them."""


@dataclass(frozen=True)
class Comparison:
    """Two scores, and the loss of the new model: negative if it is better."""

    value: float
    live: float
    worse: Interval
    rows: int
    """Number of rows that both predicted; 0 if each predicted its own."""
    why: str = ""
    """Why they did not predict the same rows."""


@dataclass(frozen=True)
class LoadedModel:
    """A model as published: its model.json and its graph."""

    document: Mapping[str, Any]
    graph: ModelProto


def load_model(find: Callable[[str], Path]) -> LoadedModel:
    """Read a model; `find` returns the path of a file by name."""
    document = json.loads(find("model.json").read_bytes())
    return LoadedModel(document, onnx.load_from_string(find("model.onnx").read_bytes()))


@dataclass(frozen=True)
class Challenger:
    """A new model with today's held-out rows, on which other models are scored as well."""

    model: LoadedModel
    data: FeatureData
    metric: Metric

    @cached_property
    def outcomes(self) -> Outcomes:
        """The predictions of the new model for the rows, with their true values."""
        return _outcomes(self.data, _answer(self.model.graph, self.data, self.data.schema))

    def compare(self, live: LoadedModel) -> Comparison:
        """Compare it with the live model: on the same rows, else each on its own.

        Raises:
            NotComparableError: They do not predict the same target.
        """
        _check_same_question(live.document, self.model.document)
        try:
            return self.compare_on_same_rows(live)
        except NotComparableError as unfair:
            why = str(unfair)
            return _each_on_its_own(self.model.document, live.document, self.metric, why=why)

    def compare_on_same_rows(self, older: LoadedModel) -> Comparison:
        """Compare it with an older model on the rows that both can predict.

        Raises:
            NotComparableError: The older model can't predict the rows, or was trained on them.
        """
        _check_same_question(older.document, self.model.document)
        _check_unseen(older.document["split"], self.data.problem.split.model_dump())
        _check_same_cells(older.document, self.model.document)
        schema = Schema.model_validate(older.document["signature"])
        _check_columns(schema, self.data)
        _check_operators(older.graph)
        answered = _answered(schema, self.data)
        theirs = _outcomes(self.data, _answer(older.graph, self.data, schema)).take(answered)
        if not np.isfinite(theirs.predicted).all():
            raise NotComparableError("it answers some of the rows with what is no number")
        ours = self.outcomes.take(answered)
        value, score, worse = compare(ours, theirs, metric=self.metric, seed=0)
        return Comparison(value, score, worse, rows=len(answered))


def compare_models(
    new: LoadedModel, live: LoadedModel, data: FeatureData, *, metric: Metric
) -> Comparison:
    """Compare a new model with the live one; see `Challenger.compare`."""
    return Challenger(new, data, metric).compare(live)


def compare_with_baseline(new: LoadedModel, data: FeatureData, *, metric: Metric) -> Interval:
    """Return the loss of a model against the baseline on the same rows; negative: it is better."""
    learned = read_target(data.artifact, data.problem, folder="train")
    counted = read_weights(data.artifact, data.problem, folder="train")
    truth = read_target(data.artifact, data.problem, folder="test")
    weights = read_weights(data.artifact, data.problem, folder="test")
    group = read_group(data.artifact, data.problem, folder="test")
    baseline = predict_baseline(learned, data.problem, rows=len(truth), weights=counted)
    outputs = _answer(new.graph, data, data.schema)
    ours = Outcomes(truth, _main(outputs), weights, group, outputs.get("label"))
    *_scores, worse = compare(
        ours, Outcomes(truth, baseline, weights, group), metric=metric, seed=0
    )
    return worse


def _check_same_question(live: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    for name in ("task", "classes"):
        if live.get(name) != new.get(name):
            raise NotComparableError(f"it has another {name}")
    if any(live["target"].get(key) != new["target"].get(key) for key in _SAME):
        raise NotComparableError("it has another target")


def _outcomes(data: FeatureData, answers: Outputs) -> Outcomes:
    truth = read_target(data.artifact, data.problem, folder="test")
    weights = read_weights(data.artifact, data.problem, folder="test")
    group = read_group(data.artifact, data.problem, folder="test")
    return Outcomes(truth, _main(answers), weights, group, answers.get("label"))


def _answered(schema: Schema, data: FeatureData) -> NDArray[np.int64]:
    """Return the held-out rows with all required values of a model: the API refuses the others."""
    required = [field.name for field in schema.fields if field.constraints.get("required")]
    parts = [np.empty(0, np.bool_)]
    for batch in read_batches(data.artifact, "test-rows", columns=required or schema.names[:1]):
        is_whole = np.ones(batch.num_rows, np.bool_)
        for name in required:
            is_whole &= batch[name].is_valid().to_numpy(zero_copy_only=False)
        parts.append(is_whole)
    answered = np.flatnonzero(np.concatenate(parts))
    if not len(answered):
        raise NotComparableError("each row lacks a column that it requires")
    return answered


def _each_on_its_own(
    new: Mapping[str, Any], live: Mapping[str, Any], metric: Metric, *, why: str
) -> Comparison:
    if metric.name not in live["metrics"]:
        raise NotComparableError(f"{why}, and its {metric.name} is not known")
    ours, theirs = new["metrics"][metric.name], live["metrics"][metric.name]
    more, less = (theirs, ours) if metric.higher_is_better else (ours, theirs)
    worse = {
        "value": more["value"] - less["value"],
        "low": more["low"] - less["high"],
        "high": more["high"] - less["low"],
    }
    return Comparison(ours["value"], theirs["value"], worse, rows=0, why=why)


def _check_unseen(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Check that the live model was not trained on rows that are held out now."""
    rule = ["kind", "column"]
    if new["kind"] != "time":
        rule += ["test_share", "seed"]
    if new["kind"] == "hash":
        rule.append("columns")
    if any(old.get(key) != new.get(key) for key in rule):
        raise NotComparableError("its rows were split in another way, so it may know these")
    # With a later boundary, it was trained on rows that are held out now.
    if new["kind"] == "time" and str(old.get("boundary")) > str(new.get("boundary")):
        raise NotComparableError("it has learned from rows that are held out now")


def _check_same_cells(live: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Check that both models read cells by the same rules; else the live model gets other values.

    The split also hashes a row's cells, so other rules would change its side.
    """
    old, now = live["signature"], new["signature"]
    is_of_all = new["split"]["kind"] == "hash" and "columns" not in new["split"]
    if is_of_all and _names(old) != _names(now):
        raise NotComparableError(
            "its table had other columns, so its rows were split in another way"
        )
    before, here = _rules(old), _rules(now)
    if changed := sorted(n for n in before.keys() & here.keys() if before[n] != here[n]):
        raise NotComparableError(f"its column '{changed[0]}' was cleaned in another way")


def _names(signature: Mapping[str, Any]) -> set[str]:
    return {field["name"] for field in signature["fields"]} | {*signature["ignored"]}


def _rules(signature: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parsing rules of each column; an integer column may widen to numbers."""
    shared = {key: signature.get(key) for key in ("missingValues", "timezone")}
    kinds = {"integer": "number"}
    return {
        field["name"]: {key: rule for key, rule in field.items() if key not in _NO_RULE}
        | {"type": kinds.get(field["type"], field["type"])}
        | shared
        for field in signature["fields"]
    }


def _check_columns(schema: Schema, data: FeatureData) -> None:
    known = parquet.read_schema(data.artifact.files("test-rows")[0]).names
    for name in schema.names:
        if name not in known:
            raise NotComparableError(f"it needs a column '{name}', which is not there any more")


def _check_operators(model: ModelProto) -> None:
    for domain, version in opsets(model).items():
        if version > HIGHEST.get(domain, 0):
            raise NotComparableError(
                f"its graph needs operators that are not here ({domain} {version})"
            )


def _answer(model: ModelProto, data: FeatureData, schema: Schema) -> Outputs:
    graph = Graph(model, output="probabilities" if data.problem.classes else "prediction")
    batches = read_batches(data.artifact, "test-rows", columns=schema.names)
    try:
        return concatenate(graph.run_all(pack(batch, schema)) for batch in batches)
    except ContractError as error:
        raise NotComparableError(f"its columns had other types: {error}") from None


def _main(answers: Outputs) -> NDArray[np.float32]:
    return answers["probabilities" if "probabilities" in answers else "prediction"]
