"""The bytes of trees in a model.onnx."""

from collections.abc import Iterator

from serve.model.graph.protobuf import UNREADABLE, fields, not_onnx

_TREES = b"TreeEnsemble"
"""Prefix of the tree operators' names."""
_GRAPH, _FUNCTION = 7, 25
"""Field numbers of ModelProto."""
_NODE = 1
"""Field number of GraphProto."""


def tree_bytes(graph: bytes) -> int:
    """Return the bytes of all nodes with trees, including nodes that contain such a node.

    Raises:
        ContractError: The bytes are not a protobuf message.
    """
    if _TREES not in graph:
        return 0
    try:
        return sum(len(part) for part in _parts(memoryview(graph)) if _TREES in bytes(part))
    except UNREADABLE:
        raise not_onnx() from None


def _parts(model: memoryview) -> Iterator[memoryview]:
    for number, value in fields(model):
        if number == _GRAPH:
            yield from (node for part, node in fields(value) if part == _NODE)
        elif number == _FUNCTION:
            yield value
