"""The operator sets that a model.onnx imports, which ONNX Runtime checks but does not expose."""

from collections.abc import Iterator, Mapping

from stage_contract import ContractError

from serve.model.graph.protobuf import UNREADABLE, fields, not_onnx

NEWEST = {"": 21, "ai.onnx.ml": 3}
"""The domains that every model may use; other domains must be named in model.json."""

_OPSET_IMPORT, _FUNCTION = 8, 25
"""Field numbers of ModelProto; in an opset_import, field 1 is the domain and 2 the version."""
_OPSET_IMPORT_OF_FUNCTION = 9


def read_opsets(graph: bytes) -> dict[str, int]:
    """Return the newest operator set version by domain, including those of functions.

    Raises:
        ContractError: The bytes are not a protobuf message.
    """
    found: dict[str, int] = {}
    try:
        for each in map(dict, map(fields, _imports(memoryview(graph)))):
            domain = bytes(each.get(1, b"")).decode()
            found[domain] = max(found.get(domain, 0), int(each[2]))
    except UNREADABLE:
        raise not_onnx() from None
    return found


def _imports(model: memoryview) -> Iterator[memoryview]:
    for number, value in fields(model):
        if number == _OPSET_IMPORT:
            yield value
        elif number == _FUNCTION:
            yield from (part for each, part in fields(value) if each == _OPSET_IMPORT_OF_FUNCTION)


def check_opsets(found: Mapping[str, int], declared: Mapping[str, int]) -> None:
    """Refuse a graph that needs operators newer than, or other than, the contract's."""
    for domain, version in found.items():
        name = domain or "ai.onnx"
        newest = NEWEST.get(domain, declared.get(domain))
        if newest is None:
            raise ContractError(
                f"model.onnx: uses the domain {name}, which model.json does not name"
            )
        if version > newest:
            raise ContractError(
                f"model.onnx: uses {name} {version}, expected at most {newest};"
                " export with an older opset"
            )
