"""Trees in a model.onnx: how much of the file they are."""

from collections.abc import Iterator

from serve.model.graph.protobuf import UNREADABLE, fields, not_onnx

_TREES = b"TreeEnsemble"
"""How the names of the operators begin."""
_GRAPH, _FUNCTION = 7, 25
"""Fields of ModelProto."""
_NODE = 1
"""A field of GraphProto."""


def tree_bytes(graph: bytes) -> int:
    """Return the bytes of all nodes that hold trees, those with such a node inside included.

    Raises:
        ContractError: the bytes are no protobuf message.
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
