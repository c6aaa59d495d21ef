"""An opened feature-data artifact: its documents and its graph, checked against each other."""

import json
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import ModelProto
from stage_contract import Artifact, ContractError

from modelling.data.problem import Problem, Schema, read_document
from modelling.opsets import MAX_VERSIONS, opsets


@dataclass(frozen=True)
class FeatureData:
    """The input of train; tables are read on demand."""

    artifact: Artifact
    problem: Problem
    schema: Schema
    signature: dict[str, Any]
    """The content of schema.json."""
    transform: ModelProto

    @property
    def opset(self) -> int:
        """Version of the main operator set, which the estimator's graph must share."""
        return opsets(self.transform).get("", MAX_VERSIONS[""])


def open_feature_data(artifact: Artifact) -> FeatureData:
    """Read the documents and the graph.

    Raises:
        ContractError: A document does not match its schema, or contradicts another document.
    """
    schema = read_document(artifact, "schema.json", model=Schema)
    return FeatureData(
        artifact,
        problem=read_document(artifact, "features.json", model=Problem),
        schema=schema,
        signature=json.loads(artifact.file("schema.json").read_bytes()),
        transform=_read_transform(artifact, schema),
    )


def _read_transform(artifact: Artifact, schema: Schema) -> ModelProto:
    model = onnx.load_from_string(artifact.file("transform.onnx").read_bytes())
    for domain, version in opsets(model).items():
        if version > MAX_VERSIONS.get(domain, version):
            raise ContractError(
                f"transform.onnx: operator set '{domain}' {version}; expected"
                f" {MAX_VERSIONS[domain]} at most, export it for that"
            )
    inputs = {item.name: _width(item) for item in model.graph.input}
    groups = {name: len(schema.group(name)) for name in ("numbers", "strings")}
    expected = {name: width for name, width in groups.items() if width}
    if inputs != expected:
        raise ContractError(
            f"transform.onnx: its inputs are {inputs}, schema.json says {expected};"
            " run features again"
        )
    return model


def _width(item: onnx.ValueInfoProto) -> int:
    """Return the number of columns of an input."""
    _rows, *columns = item.type.tensor_type.shape.dim
    return sum(int(dimension.dim_value) for dimension in columns)
