"""Champion and challenger: compares the live model with a new one on the same held-out rows."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
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
from modelling.graphs.output_heads import QUANTILES
from modelling.graphs.session import Graph, Outputs, concatenate
from modelling.model_selection.bootstrap import Interval, Outcomes, compare
from modelling.model_selection.estimators import (
    baseline_labels,
    predict_baseline,
    predict_baseline_quantiles,
)
from modelling.model_selection.metrics import Metric
from modelling.opsets import MAX_VERSIONS, opsets

_TARGET_KEYS = ("name", "column", "above")
"""Keys that identify a target."""

_NON_RULE_KEYS = {"description", "unit", "private", "constraints", "input", "observed"}
"""Keys of a field that do not affect its cells."""


class NotComparableError(Exception):
    """The live model can't predict these rows, or was trained on them."""


@dataclass(frozen=True)
class Comparison:
    """Two scores, and the loss of the new model: negative if it is better."""

    value: float
    """Score of the new model."""
    live: float
    """Score of the older model, usually the live one."""
    worse: Interval
    """Loss of the new model, with its confidence interval."""
    rows: int
    """Number of rows that both models predicted; 0 if the stored metrics were compared."""
    why: str = ""
    """Why the models did not predict the same rows."""


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
        return _outcomes(self.data, _predict(self.model.graph, self.data, self.data.schema))

    def compare(self, live: LoadedModel) -> Comparison:
        """Compare the new model with the live one: on the same rows, else by their stored metrics.

        Raises:
            NotComparableError: The models do not predict the same target.
        """
        _check_same_problem(live.document, self.model.document, metric=self.metric)
        try:
            return self.compare_on_same_rows(live)
        except NotComparableError as error:
            why = str(error)
            return _compare_stored_metrics(self.model.document, live.document, self.metric, why=why)

    def compare_on_same_rows(self, older: LoadedModel) -> Comparison:
        """Compare the new model with an older model on the rows that both can predict.

        Raises:
            NotComparableError: The older model can't predict the rows, or was trained on them.
        """
        _check_same_problem(older.document, self.model.document, metric=self.metric)
        _check_not_trained_on(older.document["split"], self.data.problem.split.model_dump())
        _check_same_cells(older.document, self.model.document)
        schema = Schema.model_validate(older.document["signature"])
        _check_columns(schema, self.data)
        _check_operators(older.graph)
        complete = _find_complete_rows(schema, self.data)
        older_outcomes = _outcomes(self.data, _predict(older.graph, self.data, schema)).take(
            complete
        )
        older_quantiles = older_outcomes.quantiles
        if not np.isfinite(older_outcomes.predicted).all() or not (
            older_quantiles is None or np.isfinite(older_quantiles).all()
        ):
            raise NotComparableError("its output is not a number for some of the rows")
        new_outcomes = self.outcomes.take(complete)
        value, score, worse = compare(new_outcomes, older_outcomes, metric=self.metric, seed=0)
        return Comparison(value, score, worse, rows=len(complete))


def compare_models(
    new: LoadedModel, live: LoadedModel, data: FeatureData, *, metric: Metric
) -> Comparison:
    """Compare a new model with the live one; see `Challenger.compare`."""
    return Challenger(new, data, metric).compare(live)


def compare_with_baseline(new: LoadedModel, data: FeatureData, *, metric: Metric) -> Interval:
    """Return the loss of a model against the baseline on the same rows; negative if better."""
    learned = read_target(data.artifact, data.problem, folder="train")
    train_weights = read_weights(data.artifact, data.problem, folder="train")
    model = _outcomes(data, _predict(new.graph, data, data.schema))
    rows, levels = len(model.truth), metric.levels
    quantiles = None
    if levels:
        quantiles = predict_baseline_quantiles(learned, levels, rows=rows, weights=train_weights)
    constant = replace(
        model,
        predicted=predict_baseline(
            learned, data.problem, rows=rows, weights=train_weights, metric=metric.name
        ),
        labels=baseline_labels(metric.name, rows=rows),
        quantiles=quantiles,
    )
    *_scores, worse = compare(model, constant, metric=metric, seed=0)
    return worse


def count_lost_classes(live: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """Return how many classes of the live model a new one for the same target does not know.

    Models without a common class predict something else, so none is lost.
    """
    if not _has_same_target(live, new):
        return 0
    before, now = live.get("classes") or [], new.get("classes") or []
    lost = sum(each not in now for each in before)
    return lost if lost < len(before) else 0


def _check_same_problem(live: Mapping[str, Any], new: Mapping[str, Any], *, metric: Metric) -> None:
    if live.get("task") != new.get("task"):
        raise NotComparableError("it has another task")
    if live.get("classes") != new.get("classes"):
        raise NotComparableError("it has other classes")
    if not _has_same_target(live, new):
        raise NotComparableError("it has another target")
    if metric.levels and (live.get("quantiles") or {}).get("levels") != [*metric.levels]:
        raise NotComparableError(
            f"it does not predict the same quantiles, which {metric.name} scores"
        )


def _has_same_target(live: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return all(live["target"].get(key) == new["target"].get(key) for key in _TARGET_KEYS)


def _outcomes(data: FeatureData, outputs: Outputs) -> Outcomes:
    truth = read_target(data.artifact, data.problem, folder="test")
    weights = read_weights(data.artifact, data.problem, folder="test")
    group = read_group(data.artifact, data.problem, folder="test")
    labels, quantiles = outputs.get("label"), outputs.get(QUANTILES)
    return Outcomes(truth, _main_output(outputs), weights, group, labels, quantiles)


def _find_complete_rows(schema: Schema, data: FeatureData) -> NDArray[np.int64]:
    """Return the held-out rows with all required values of a model: the API rejects the others."""
    required = [field.name for field in schema.fields if field.constraints.get("required")]
    parts = [np.empty(0, np.bool_)]
    for batch in read_batches(data.artifact, "test-rows", columns=required or schema.names[:1]):
        is_complete = np.ones(batch.num_rows, np.bool_)
        for name in required:
            is_complete &= batch[name].is_valid().to_numpy(zero_copy_only=False)
        parts.append(is_complete)
    complete = np.flatnonzero(np.concatenate(parts))
    if not len(complete):
        raise NotComparableError("each row lacks a column that it requires")
    return complete


def _compare_stored_metrics(
    new: Mapping[str, Any], live: Mapping[str, Any], metric: Metric, *, why: str
) -> Comparison:
    if metric.name not in live["metrics"]:
        raise NotComparableError(f"{why}, and its {metric.name} is not known")
    new_score, live_score = new["metrics"][metric.name], live["metrics"][metric.name]
    larger, smaller = (
        (live_score, new_score) if metric.higher_is_better else (new_score, live_score)
    )
    worse = {
        "value": larger["value"] - smaller["value"],
        "low": larger["low"] - smaller["high"],
        "high": larger["high"] - smaller["low"],
    }
    return Comparison(new_score["value"], live_score["value"], worse, rows=0, why=why)


def _check_not_trained_on(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Check that the live model was not trained on rows that are held out now."""
    rule = ["kind", "column"]
    if new["kind"] != "time":
        rule += ["test_share", "seed"]
    if new["kind"] == "hash":
        rule.append("columns")
    if any(old.get(key) != new.get(key) for key in rule):
        raise NotComparableError("its rows were split in another way, so it may know these")
    if new["kind"] != "time":
        return
    # With a later boundary, the live model was trained on rows that are held out now.
    if _boundary(old) > _boundary(new):
        raise NotComparableError("it has learned from rows that are held out now")


def _boundary(split: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromisoformat(split["boundary"]).astimezone(UTC)
    except (KeyError, ValueError):
        # No document has the boundary of a private time column.
        raise NotComparableError(
            "the boundary of a split by time is not known, so it may know these rows"
        ) from None


def _check_same_cells(live: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Check that both models read cells by the same rules; else the live model gets other values.

    The split hashes the cells of a row, so other rules may also move the row to the other side.
    """
    old, now = live["signature"], new["signature"]
    hashes_all_columns = new["split"]["kind"] == "hash" and "columns" not in new["split"]
    if hashes_all_columns and _names(old) != _names(now):
        raise NotComparableError(
            "its table had other columns, so its rows were split in another way"
        )
    old_rules, new_rules = _rules(old), _rules(now)
    shared = old_rules.keys() & new_rules.keys()
    if changed := sorted(name for name in shared if old_rules[name] != new_rules[name]):
        raise NotComparableError(f"its column '{changed[0]}' was cleaned in another way")


def _names(signature: Mapping[str, Any]) -> set[str]:
    return {field["name"] for field in signature["fields"]} | {*signature["ignored"]}


def _rules(signature: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parsing rules of each column; an integer column may widen to numbers."""
    shared = {key: signature.get(key) for key in ("missingValues", "timezone")}
    kinds = {"integer": "number"}
    return {
        field["name"]: {key: rule for key, rule in field.items() if key not in _NON_RULE_KEYS}
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
        if version > MAX_VERSIONS.get(domain, 0):
            raise NotComparableError(
                f"its graph needs operators that are not supported ({domain} {version})"
            )


def _predict(model: ModelProto, data: FeatureData, schema: Schema) -> Outputs:
    graph = Graph(model, output="probabilities" if data.problem.classes else "prediction")
    batches = read_batches(data.artifact, "test-rows", columns=schema.names)
    try:
        return concatenate(graph.run_all(pack(batch, schema)) for batch in batches)
    except ContractError as error:
        raise NotComparableError(f"its columns had other types: {error}") from None


def _main_output(outputs: Outputs) -> NDArray[np.float32]:
    return outputs["probabilities" if "probabilities" in outputs else "prediction"]
