"""Operator sets: the versions that a graph declares, and the newest that the contract allows."""

from collections.abc import Mapping

from onnx import ModelProto, helper

ML_DOMAIN = "ai.onnx.ml"
MAX_VERSIONS = {"": 21, ML_DOMAIN: 3}
"""The newest version that every runtime of the contract supports; 3 is the first with trees in
double."""


def opsets(model: ModelProto) -> dict[str, int]:
    """Return the version of each domain; the newest if one is declared twice."""
    versions: dict[str, int] = {}
    for item in model.opset_import:
        versions[item.domain] = max(item.version, versions.get(item.domain, 0))
    return versions


def declare(model: ModelProto, versions: Mapping[str, int], *, ir_version: int) -> None:
    """Declare these versions in a graph, in a fixed order."""
    model.ir_version = ir_version
    del model.opset_import[:]
    model.opset_import.extend(helper.make_opsetid(*item) for item in sorted(versions.items()))
