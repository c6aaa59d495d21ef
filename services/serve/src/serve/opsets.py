"""The operator sets that a model.onnx imports: ONNX Runtime checks them, but does not tell."""

from collections.abc import Mapping

from stage_contract import ContractError

from serve.protobuf import UNREADABLE, fields, not_onnx

NEWEST = {"": 21, "ai.onnx.ml": 3}
"""Of the domains that every model may use; another one only where model.json names it."""

_OPSET_IMPORT = 8
"""The field of ModelProto; in it 1 is the domain and 2 the version."""


def read_opsets(graph: bytes) -> dict[str, int]:
    """Return the operator set version by domain; ONNX Runtime does not tell.

    Raises:
        ContractError: the bytes are no protobuf message.
    """
    try:
        imports = [
            dict(fields(value))
            for number, value in fields(memoryview(graph))
            if number == _OPSET_IMPORT
        ]
        return {bytes(each.get(1, b"")).decode(): int(each[2]) for each in imports}
    except UNREADABLE:
        raise not_onnx() from None


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
