"""Output heads: nodes from the raw output of an estimator to the outputs of the contract."""

from collections.abc import Sequence
from dataclasses import dataclass

from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper

from modelling.data.problem import Problem
from modelling.graphs.calibrators import Calibrator
from modelling.graphs.merging import FEATURES
from modelling.model_selection.decision_rules import Rule
from modelling.model_selection.prediction_intervals import PredictionInterval
from modelling.model_selection.quantiles import median_index
from modelling.opsets import MAX_VERSIONS, ML_DOMAIN, declare

INTERVAL_OUTPUTS = ("prediction", "low", "high")
"""Outputs of a regression; `low` and `high` only with a prediction interval."""

QUANTILES = "quantiles"
"""Output of a regression with quantiles, float32[N,Q] in the order of their levels."""


@dataclass(frozen=True)
class EstimatorGraph:
    """The nodes of an estimator, which read `features`."""

    nodes: Sequence[NodeProto]
    output: str
    """[N,1] numbers or [N,Q] quantiles on the target scale, or [N,C] probabilities, of any float
    type."""
    initializers: Sequence[TensorProto] = ()


@dataclass(frozen=True)
class OutputHead:
    """The nodes after an estimator: an interval, quantiles, a calibrator, a decision rule."""

    interval: PredictionInterval | None = None
    """Adds the outputs `low` and `high`."""
    levels: Sequence[float] = ()
    """Levels of the output `quantiles`; empty if there is no such output."""
    calibrator: Calibrator | None = None
    """Calibrates the probabilities."""
    rule: Rule | None = None
    """Chooses `label`; default: the most likely class."""


_DEFAULT_HEAD = OutputHead()


def add_output_head(
    core: EstimatorGraph, problem: Problem, *, opset: int, head: OutputHead = _DEFAULT_HEAD
) -> ModelProto:
    """Return a graph from `features` to `prediction`, or to `label` and `probabilities`."""
    if problem.classes:
        end = _class_head(core.output, head)
    elif head.levels:
        end = _quantile_head(core.output, problem, head.levels)
    elif head.interval is None:
        end = _value_head(core.output, problem)
    else:
        end = _interval_head(core.output, problem, head.interval)
    graph = helper.make_graph(
        [*core.nodes, *end],
        "estimator",
        [_info(FEATURES, TensorProto.FLOAT, ["N", len(problem.features)])],
        _outputs(problem, head),
        initializer=core.initializers,
    )
    model = helper.make_model(graph)
    versions = {"": opset, ML_DOMAIN: MAX_VERSIONS[ML_DOMAIN]}
    ir_version = helper.find_min_ir_version_for(
        [helper.make_opsetid(*item) for item in versions.items()]
    )
    declare(model, versions, ir_version=ir_version)
    return model


def _value_head(raw: str, problem: Problem) -> list[NodeProto]:
    nodes, value = problem.scale.nodes(raw)
    return [
        *nodes,
        helper.make_node("Cast", [value], ["prediction_column"], to=TensorProto.FLOAT),
        helper.make_node("Constant", [], ["any_length"], value_ints=[-1]),
        helper.make_node("Reshape", ["prediction_column", "any_length"], ["prediction"]),
    ]


def _interval_head(raw: str, problem: Problem, interval: PredictionInterval) -> list[NodeProto]:
    interval_nodes, transformed = interval.nodes(raw)
    inverse_nodes, values = problem.scale.nodes(transformed)
    nodes = [
        *interval_nodes,
        *inverse_nodes,
        helper.make_node("Cast", [values], ["band_values"], to=TensorProto.FLOAT),
    ]
    for index, name in enumerate(INTERVAL_OUTPUTS):
        column = f"column_of_{name}"
        nodes += [
            helper.make_node("Constant", [], [column], value_int=index),
            helper.make_node("Gather", ["band_values", column], [name], axis=1),
        ]
    return nodes


def _quantile_head(raw: str, problem: Problem, levels: Sequence[float]) -> list[NodeProto]:
    """Sort the quantiles of each row, so that they never decrease; the prediction is the median."""
    inverse_nodes, values = problem.scale.nodes("rearranged")
    return [
        helper.make_node("Constant", [], ["quantile_count"], value_ints=[len(levels)]),
        helper.make_node(
            "TopK", [raw, "quantile_count"], ["rearranged", "ranks"], axis=1, largest=0, sorted=1
        ),
        *inverse_nodes,
        helper.make_node("Cast", [values], [QUANTILES], to=TensorProto.FLOAT),
        helper.make_node("Constant", [], ["median_column"], value_int=median_index(levels)),
        helper.make_node("Gather", [QUANTILES, "median_column"], ["prediction"], axis=1),
    ]


def _class_head(raw: str, head: OutputHead) -> list[NodeProto]:
    """Derive the label from the float32 probabilities of the response, so that they agree."""
    nodes: list[NodeProto] = []
    if head.calibrator is not None:
        nodes, raw = head.calibrator.nodes(raw)
    nodes.append(helper.make_node("Cast", [raw], ["probabilities"], to=TensorProto.FLOAT))
    if head.rule is not None:
        return [*nodes, *head.rule.nodes("probabilities")]
    likeliest = helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0)
    return [*nodes, likeliest]


def _outputs(problem: Problem, head: OutputHead) -> list[ValueInfoProto]:
    if problem.classes is None:
        names = INTERVAL_OUTPUTS if head.interval is not None else INTERVAL_OUTPUTS[:1]
        numbers = [_info(name, TensorProto.FLOAT, ["N"]) for name in names]
        if not head.levels:
            return numbers
        return [*numbers, _info(QUANTILES, TensorProto.FLOAT, ["N", len(head.levels)])]
    return [
        _info("label", TensorProto.INT64, ["N"]),
        _info("probabilities", TensorProto.FLOAT, ["N", problem.class_count]),
    ]


def _info(name: str, kind: int, shape: list[str | int]) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)
