"""Tensors: one input per column; the target and its probabilities as outputs."""

import difflib
import math
from http import HTTPStatus
from itertools import chain
from typing import Any

import orjson
from mlserver.errors import MLServerError
from mlserver.types import MetadataTensor, Parameters, RequestInput, ResponseOutput
from numpy.typing import NDArray

from serve_mlserver.description import Class, Column, Description, Value
from serve_mlserver.graph import Feed, Graph

_WRONG = HTTPStatus.UNPROCESSABLE_ENTITY


def read_inputs(inputs: list[RequestInput], graph: Graph, *, max_rows: int) -> Feed:
    """Return the graph's inputs.

    Raises:
        MLServerError: A name is unknown, a value breaks a rule, or there are too many rows.
    """
    fields = {column.name: column for column in graph.description.signature.fields}
    _check_names(inputs, fields, graph.description.signature.ignored)
    tensors = {tensor.name: tensor for tensor in inputs}
    rows = _count_rows(inputs)
    if rows > max_rows:
        raise MLServerError(
            f"{rows:,} rows, expected at most {max_rows:,}", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        )
    columns = {
        name: _clean(graph, column, _values(tensors.get(name), column, rows))
        for name, column in fields.items()
    }
    return graph.pack(columns)


def write_outputs(
    results: list[NDArray[Any]], description: Description, asked: list[str] | None
) -> list[ResponseOutput]:
    """Return the requested outputs, or all.

    Raises:
        MLServerError: A requested output does not exist.
    """
    target, classes = description.target.name, description.classes
    if classes is None:
        outputs = {target: _numbers(target, results[0])}
    else:
        probabilities, labels = results
        texts = [classes[label] for label in labels.tolist()]
        outputs = {
            target: ResponseOutput(
                name=target, datatype=_datatype_of_label(classes), shape=[len(texts), 1], data=texts
            ),
            "probabilities": _numbers("probabilities", probabilities),
        }
    for name in asked or ():
        if name not in outputs:
            raise MLServerError(f"output {name} is not offered; there are {list(outputs)}", _WRONG)
    return [outputs[name] for name in asked or outputs]


def describe_inputs(description: Description) -> list[MetadataTensor]:
    """Return one input per column."""
    return [
        MetadataTensor(
            name=column.name,
            datatype=_datatype_of(column),
            shape=[-1, 1],
            parameters=Parameters(type=column.type, required=column.is_required),
        )
        for column in description.signature.fields
    ]


def describe_outputs(description: Description) -> list[MetadataTensor]:
    """Return the target, and for classes the probabilities."""
    name, classes = description.target.name, description.classes
    if classes is None:
        return [MetadataTensor(name=name, datatype="FP32", shape=[-1, 1])]
    return [
        MetadataTensor(name=name, datatype=_datatype_of_label(classes), shape=[-1, 1]),
        MetadataTensor(name="probabilities", datatype="FP32", shape=[-1, len(classes)]),
    ]


def _check_names(inputs: list[RequestInput], fields: dict[str, Column], ignored: list[str]) -> None:
    names = [tensor.name for tensor in inputs]
    known = [*fields, *ignored]
    for name in names:
        if name not in known:
            closest = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {closest[0]}?" if closest else f"; expected {', '.join(fields)}"
            raise MLServerError(f"input {name} is not a column of this model{hint}", _WRONG)
        if names.count(name) > 1:
            raise MLServerError(f"input {name} is repeated", _WRONG)


def _count_rows(inputs: list[RequestInput]) -> int:
    for tensor in inputs:
        if len(tensor.shape) not in {1, 2} or tensor.shape[1:] not in ([], [1]):
            raise MLServerError(
                f"input {tensor.name}: shape {tensor.shape}, expected [rows, 1] or [rows]", _WRONG
            )
    counts = {tensor.shape[0] for tensor in inputs}
    if len(counts) != 1 or min(counts) < 1:
        found = ", ".join(map(str, sorted(counts))) or "no"
        raise MLServerError(f"the inputs have {found} rows, expected one number for all", _WRONG)
    return int(counts.pop())


def _values(tensor: RequestInput | None, column: Column, rows: int) -> list[Any]:
    if tensor is None:
        return [None] * rows
    values = tensor.data.root
    if isinstance(values, list) and values and all(isinstance(value, list) for value in values):
        values = list(chain.from_iterable(values))
    if not isinstance(values, list) or len(values) != rows:
        raise MLServerError(
            f"input {tensor.name}: expected a list of {rows:,} values, as its shape says", _WRONG
        )
    if column.type == "boolean" and tensor.datatype != "BOOL":
        # Only a tensor of numbers can hold a missing boolean.
        return [_as_boolean(value) for value in values]
    # gRPC sends texts as bytes.
    return [_as_text(value) if isinstance(value, bytes) else value for value in values]


def _as_boolean(value: object) -> object:
    is_flag = isinstance(value, int | float) and not math.isnan(value) and value in {0, 1}
    return bool(value) if is_flag else value


def _as_text(value: bytes) -> str:
    # An invalid byte becomes a surrogate, which the rules reject.
    return value.decode(errors="surrogateescape")


def _clean(graph: Graph, column: Column, values: list[Any]) -> list[Value]:
    clean = graph.rules[column.name]
    cleaned = []
    for row, value in enumerate(values, 1):
        try:
            cleaned.append(clean(value))
        except ValueError as error:
            shown = "" if column.private else f" {value!r:.80},"
            raise MLServerError(
                f"row {row}, column {column.name}:{shown} expected {error}", _WRONG
            ) from None
    return cleaned


def _numbers(name: str, values: NDArray[Any]) -> ResponseOutput:
    # Converted via text, so that a float32 is written as its shortest decimal.
    data = orjson.loads(orjson.dumps(values.ravel(), option=orjson.OPT_SERIALIZE_NUMPY))
    shape = [len(values), values.size // max(1, len(values))]
    return ResponseOutput(name=name, datatype="FP32", shape=shape, data=data)


def _datatype_of(column: Column) -> str:
    """Return the datatype in the metadata; only FP64 and BYTES have a value for missing."""
    if column.type in {"string", "date", "datetime"}:
        return "BYTES"
    if column.type == "number" or not column.is_required:
        return "FP64"
    return "BOOL" if column.type == "boolean" else "INT64"


def _datatype_of_label(classes: list[Class]) -> str:
    types = set(map(type, classes))
    if types == {bool}:
        return "BOOL"
    return "INT64" if types == {int} else "BYTES"
