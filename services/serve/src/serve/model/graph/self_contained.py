"""Checks that a model.onnx is self-contained: no external data, no training information."""

from typing import Any, Final

from stage_contract import ContractError

from serve.model.graph.protobuf import UNREADABLE, fields, not_onnx

_TRAINING: Final = 20
"""Field number of ModelProto."""
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
"""Field numbers of TensorProto."""
_KEY_OF_A_PLACE: Final = b"location"
"""The key in `external_data` that every tensor with external data has."""
_PARTS: Final = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        22: "sparse tensor",
        23: "sparse tensor",
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Fields of each message type that hold messages with tensors."""


def check_self_contained(graph: bytes) -> None:
    """Refuse a model.onnx with external data or training information.

    Raises:
        ContractError: It has one of these, or is not an ONNX file.
    """
    try:
        if any(number == _TRAINING for number, _value in fields(memoryview(graph))):
            raise ContractError(
                "model.onnx: holds training_info, which a served model has no use for;"
                " export it without"
            )
        if _KEY_OF_A_PLACE in graph:
            _check_tensors(memoryview(graph))
    except UNREADABLE:
        raise not_onnx() from None


def _check_tensors(graph: memoryview) -> None:
    # Iterative, because graphs may be nested arbitrarily deep.
    left: list[tuple[str, Any]] = [("model", graph)]
    while left:
        kind, message = left.pop()
        for number, value in fields(message):
            is_elsewhere = number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value)
            if kind == "tensor" and is_elsewhere:
                raise ContractError(
                    "model.onnx: has external data, expected all tensors in the file itself;"
                    " save the model with its data inside"
                )
            if (inner := _PARTS[kind].get(number)) is not None:
                if not isinstance(value, memoryview):
                    raise ValueError("no message")
                left.append((inner, value))
