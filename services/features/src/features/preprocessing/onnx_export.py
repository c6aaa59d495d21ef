"""Export the fitted encoders as transform.onnx: computes in double, returns float32."""

from collections.abc import Iterator, Sequence

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto, helper

from features.data.tensors import SECONDS_PER_DAY
from features.preprocessing.date_parts import PARTS, calendar_parts
from features.preprocessing.encoders import MAX_SCALED, Encoders, Plan
from features.preprocessing.graph_builder import Doubles, GraphBuilder
from features.preprocessing.roles import Role
from features.preprocessing.tfidf import add_text

_SLICE_TO_END = np.iinfo(np.int64).max


def export(encoders: Encoders, plan: Plan, *, width: int) -> bytes:
    """Return the bytes of transform.onnx; `width` is the number of features."""
    graph = GraphBuilder()
    parts = []
    if plan.inputs.numbers:
        missing = graph.add("IsNaN", "numbers")
        parts.append(_scale(graph, encoders, plan=plan, missing=missing))
        if plan.missing:
            parts.append(_missing_indicators(graph, missing, plan=plan))
    for index, role in enumerate(plan.categories):
        table = category_table(encoders.category_encoder(index), role)
        parts.append(_look_up(graph, index, table=table))
    for index, role in enumerate(plan.texts):
        column = len(plan.categories) + index
        parts.append(add_text(graph, column, encoders.texts[index], role))
    graph.concat(parts)
    return graph.model(list(_graph_inputs(plan)), width=width)


def category_table(encoder: object, role: Role) -> tuple[list[str], NDArray[np.float32]]:
    """Return the texts whose encoding differs from an unknown text, and the table of encodings.

    Row 0 encodes an unknown text, row 1 the first of the texts, and so on.
    """
    known = list(role.categories)
    unknown = "\0" * (1 + max(map(len, known)))
    frame = pd.DataFrame({role.column.name: pd.Series([unknown, *known], dtype=object)})
    rows: NDArray[np.float32] = encoder.transform(frame).astype(np.float32)  # type: ignore[attr-defined]  # scikit-learn ships no types
    differs = np.any(rows[1:] != rows[0], axis=1)
    differs[0] = True  # A LabelEncoder node needs at least one key.
    texts = [text for text, keep in zip(known, differs, strict=True) if keep]
    return texts, rows[np.concatenate([[True], differs])]


def _graph_inputs(plan: Plan) -> Iterator[onnx.ValueInfoProto]:
    groups = (
        ("numbers", TensorProto.DOUBLE, plan.inputs.numbers),
        ("strings", TensorProto.STRING, plan.inputs.strings),
    )
    for group, kind, names in groups:
        if names:
            yield helper.make_tensor_value_info(group, kind, ["N", len(names)])


def _scale(graph: GraphBuilder, encoders: Encoders, *, plan: Plan, missing: str) -> str:
    """Add nodes that impute and scale numbers, booleans, date parts and differences."""
    fitted = encoders.blocks
    fill, mean, scale = [], [], []
    if plan.numbers:
        fill.append(fitted["numbers"]["simpleimputer"].statistics_)
        mean.append(fitted["numbers"]["standardscaler"].mean_)
        scale.append(fitted["numbers"]["standardscaler"].scale_)
    if plan.booleans:
        fill.append(fitted["booleans"].statistics_)
        mean.append(np.zeros(len(plan.booleans)))
        scale.append(np.ones(len(plan.booleans)))
    if plan.dates:
        fill.append(fitted["dates"]["simpleimputer"].statistics_)
        mean.append(fitted["dates"]["standardscaler"].mean_)
        scale.append(fitted["dates"]["standardscaler"].scale_)
    imputed = graph.add("Where", missing, graph.constant(np.concatenate(fill)), "numbers")
    expanded = _expand_dates(graph, imputed, plan=plan) if plan.dates else imputed
    if plan.differences:
        expanded = graph.concat([expanded, _date_differences(graph, encoders, plan=plan)])
        mean.append(fitted["differences"]["standardscaler"].mean_)
        scale.append(fitted["differences"]["standardscaler"].scale_)
    # onnxruntime drops a division by a single constant that rounds to 1 in float32: use two.
    width = max(2, sum(map(len, mean)))
    centred = graph.add("Sub", expanded, graph.constant(np.resize(np.concatenate(mean), width)))
    scaled = graph.add("Div", centred, graph.constant(np.resize(np.concatenate(scale), width)))
    bounded = graph.add("Clip", scaled, graph.double(-MAX_SCALED), graph.double(MAX_SCALED))
    features = graph.add("Cast", bounded, to=TensorProto.FLOAT)
    return features if width == sum(map(len, mean)) else _gather_columns(graph, features, [0])


def _expand_dates(graph: GraphBuilder, imputed: str, *, plan: Plan) -> str:
    """Replace the dates, which are the last columns, with their calendar parts."""
    first_date = len(plan.numbers) + len(plan.booleans)
    seconds = graph.slice(imputed, first_date, _SLICE_TO_END, axis=1) if first_date else imputed
    parts = {name: part.name for name, part in calendar_parts(Doubles(graph, seconds)).items()}
    if not any(plan.with_hour):
        del parts["hour"]
    elif not all(plan.with_hour):
        parts["hour"] = _gather_columns(graph, parts["hour"], np.flatnonzero(plan.with_hour))
    before = [graph.slice(imputed, 0, first_date, axis=1)] if first_date else []
    return graph.concat([*before, *(parts[name] for name in PARTS if name in parts)])


def _date_differences(graph: GraphBuilder, encoders: Encoders, *, plan: Plan) -> str:
    """Add nodes that return the days between two dates, with the median where one is missing."""
    first_date = len(plan.numbers) + len(plan.booleans)
    first, second = (
        _gather_columns(graph, "numbers", places)
        for places in (first_date + np.array(plan.date_places, np.int64)).T
    )
    seconds = graph.add("Sub", second, first)
    days = graph.add("Div", seconds, graph.double(SECONDS_PER_DAY))
    fill = encoders.blocks["differences"]["simpleimputer"].statistics_
    return graph.add("Where", graph.add("IsNaN", days), graph.constant(fill), days)


def _missing_indicators(graph: GraphBuilder, missing: str, *, plan: Plan) -> str:
    """Add nodes that return 1 for a missing value, for each column with missing values."""
    indexes = [plan.inputs.numbers.index(name) for name in plan.missing]
    if len(indexes) < len(plan.inputs.numbers):
        missing = _gather_columns(graph, missing, indexes)
    return graph.add("Cast", missing, to=TensorProto.FLOAT)


def _look_up(
    graph: GraphBuilder, index: int, *, table: tuple[Sequence[str], NDArray[np.float32]]
) -> str:
    """Add nodes that look up the encoding of one categorical column."""
    texts, rows = table
    column = graph.add("Gather", "strings", graph.constant(np.array(index, np.int64)), axis=1)
    row = graph.add(
        "LabelEncoder",
        column,
        domain="ai.onnx.ml",
        keys_strings=list(texts),
        values_int64s=list(range(1, len(texts) + 1)),
        default_int64=0,
    )
    return graph.add("Gather", graph.constant(rows), row, axis=0)


def _gather_columns(
    graph: GraphBuilder, values: str, indexes: Sequence[int] | NDArray[np.int64]
) -> str:
    """Add a node that selects columns."""
    return graph.add("Gather", values, graph.constant(np.array(indexes, np.int64)), axis=1)
