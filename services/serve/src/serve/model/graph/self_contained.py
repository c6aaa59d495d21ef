"""A model.onnx is all of its model: no data in other files, and nothing that is not served."""

from typing import Any, Final

from stage_contract import ContractError

from serve.model.graph.protobuf import UNREADABLE, fields, not_onnx

_TRAINING: Final = 20
"""A field of ModelProto."""
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
"""Fields of TensorProto."""
_KEY_OF_A_PLACE: Final = b"location"
"""Every tensor whose data lies elsewhere has it."""
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
"""Which fields of a message hold messages that tensors may be in."""


def check_self_contained(graph: bytes) -> None:
    """Refuse a model.onnx whose tensors lie in other files, or that holds how it is trained.

    Raises:
        ContractError: it is such a one, or no ONNX file.
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
    # No recursion: graphs lie in each other as deeply as somebody wants.
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
