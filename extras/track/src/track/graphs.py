"""model.onnx with one input per column and one output per value, as MLflow expects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, compose, helper, numpy_helper

from track.columns import Column

_INNER: Final = "model/"
_OURS: Final = "named/"
_COLUMN_SHAPE: Final = f"{_OURS}column shape"
_NO_TEXT: Final = f"{_OURS}no text"
_ELEMENTS: Final = {
    "double": TensorProto.DOUBLE,
    "long": TensorProto.INT64,
    "boolean": TensorProto.BOOL,
    "string": TensorProto.STRING,
}
_LOOKUPS: Final = 2
"""First version of ai.onnx.ml with a LabelEncoder from texts to integers."""


def named_graph(
    model: ModelProto, document: Mapping[str, Any], columns: Sequence[Column]
) -> ModelProto:
    """Return a graph with the same numbers, with columns as inputs and values as outputs.

    Each input is [N], a single one [N, 1], which is how MLflow splits a data frame. Outputs are
    [N]: the target, and for classes `probability_<class>`. Missing tokens in texts count as
    missing; there is no other cleaning.
    """
    inner = ModelProto()
    inner.CopyFrom(model)
    del inner.graph.value_info[:]
    compose.add_prefix(inner, _INNER, inplace=True)
    graph = GraphProto(name="named")
    graph.initializer.extend(inner.graph.initializer)
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([-1, 1], dtype=np.int64), _COLUMN_SHAPE),
            numpy_helper.from_array(np.array([""], dtype=object), _NO_TEXT),
        ]
    )
    shape = [None] if len(columns) > 1 else [None, 1]
    for column in columns:
        value = helper.make_tensor_value_info(column.name, _ELEMENTS[column.type], shape)
        graph.input.append(value)
    graph.node.extend(_packing(columns))
    graph.node.extend(inner.graph.node)
    _add_outputs(graph, document, used={column.name for column in columns})
    named = helper.make_model(
        graph,
        functions=list(inner.functions),
        opset_imports=_with_lookups(inner),
        ir_version=inner.ir_version,
        producer_name="stagecoach",
    )
    onnx.checker.check_model(named)
    return named


def output_names(document: Mapping[str, Any], *, used: set[str]) -> list[str]:
    """Return the names of the outputs: the target, then the additional numbers.

    These are the probability of each class, both ends of an interval, or the quantiles.
    """
    target = document["target"]["name"]
    more = [f"probability_{_text(label)}" for label in document["classes"] or []]
    more += [f"{target}_{end}" for end in interval_ends(document)]
    more += [f"{target}_quantile_{_text(level)}" for level in levels_of(document)]
    names: list[str] = []
    for wanted in [target, *more]:
        name = wanted
        while name in used or name in names:
            name += "_"
        names.append(name)
    return names


def interval_ends(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the graph's outputs for an interval, if the model has one."""
    return ("low", "high") if document.get("interval") else ()


def levels_of(document: Mapping[str, Any]) -> list[float]:
    """Return the levels of the quantiles, if the model has any."""
    return list((document.get("quantiles") or {}).get("levels", []))


def _packing(columns: Sequence[Column]) -> Iterator[NodeProto]:
    """Yield the nodes that pack the columns into `numbers` and `strings`."""
    for group, element in (("numbers", TensorProto.DOUBLE), ("strings", TensorProto.STRING)):
        members = sorted((c for c in columns if c.group == group), key=lambda c: c.index)
        for column in members:
            yield from _as_column(column, element)
        if members:
            ready = [f"{_OURS}ready/{column.name}" for column in members]
            yield helper.make_node("Concat", ready, [f"{_INNER}{group}"], axis=1)


def _as_column(column: Column, element: int) -> Iterator[NodeProto]:
    shaped, ready = f"{_OURS}shaped/{column.name}", f"{_OURS}ready/{column.name}"
    yield helper.make_node("Reshape", [column.name, _COLUMN_SHAPE], [shaped])
    if column.type != "string":
        yield helper.make_node("Cast", [shaped], [ready], to=element)
        return
    if not column.missing:
        yield helper.make_node("Identity", [shaped], [ready])
        return
    found, is_missing = f"{_OURS}found/{column.name}", f"{_OURS}missing/{column.name}"
    yield helper.make_node(
        "LabelEncoder",
        [shaped],
        [found],
        domain="ai.onnx.ml",
        keys_strings=list(column.missing),
        values_int64s=[1] * len(column.missing),
        default_int64=0,
    )
    yield helper.make_node("Cast", [found], [is_missing], to=TensorProto.BOOL)
    yield helper.make_node("Where", [is_missing, _NO_TEXT, shaped], [ready])


def _add_outputs(graph: GraphProto, document: Mapping[str, Any], *, used: set[str]) -> None:
    target, *more = output_names(document, used=used)
    if document["classes"] is None:
        flat = numpy_helper.from_array(np.array([-1], dtype=np.int64), f"{_OURS}flat")
        graph.initializer.append(flat)
        inner = ("prediction", *interval_ends(document))
        for output, name in zip(inner, (target, *more), strict=False):
            _add_output(graph, helper.make_node("Reshape", [_INNER + output, flat.name], [name]))
        _add_columns(graph, f"{_INNER}quantiles", more[len(inner) - 1 :])
        return
    classes = _class_tensor(document["classes"])
    graph.initializer.append(classes)
    label = helper.make_node("Gather", [classes.name, f"{_INNER}label"], [target], axis=0)
    _add_output(graph, label, element=classes.data_type)
    _add_columns(graph, f"{_INNER}probabilities", more)


def _add_columns(graph: GraphProto, inner: str, names: Sequence[str]) -> None:
    """Add an output with a name for each column of an inner output."""
    for index, name in enumerate(names):
        place = numpy_helper.from_array(np.array(index, dtype=np.int64), f"{_OURS}column/{index}")
        graph.initializer.append(place)
        _add_output(graph, helper.make_node("Gather", [inner, place.name], [name], axis=1))


def _add_output(graph: GraphProto, node: NodeProto, *, element: int = TensorProto.FLOAT) -> None:
    """Add the node of an output, [N], and the output."""
    graph.node.append(node)
    graph.output.append(helper.make_tensor_value_info(node.output[0], element, [None]))


def _class_tensor(classes: Sequence[str | int | bool]) -> TensorProto:
    name, first = f"{_OURS}classes", classes[0]
    kind: type = np.object_ if isinstance(first, str) else np.int64
    kind = np.bool_ if isinstance(first, bool) else kind
    return numpy_helper.from_array(np.array(classes, dtype=kind), name)


def _text(label: str | float) -> str:
    """Return a class or a level as JSON text, as in the API's answers."""
    return str(label).lower() if isinstance(label, bool) else str(label)


def _with_lookups(model: ModelProto) -> list[onnx.OperatorSetIdProto]:
    versions = {entry.domain: entry.version for entry in model.opset_import}
    versions["ai.onnx.ml"] = max(versions.get("ai.onnx.ml", 0), _LOOKUPS)
    return [helper.make_opsetid(domain, version) for domain, version in versions.items()]
