"""Merging: the graphs of the features and the estimator as one file with deterministic bytes."""

import onnx
from onnx import ModelProto, compose

from modelling.opsets import declare, opsets

FEATURES = "features"


def merge(transform: ModelProto, estimator: ModelProto) -> ModelProto:
    """Return one graph from raw columns to predictions; equal parts give equal bytes."""
    versions = opsets(transform) | opsets(estimator)
    ir_version = max(transform.ir_version, estimator.ir_version)
    first, second = _add_prefix(transform, "transform/"), _add_prefix(estimator, "estimator/")
    for part in (first, second):
        declare(part, versions, ir_version=ir_version)
    merged = compose.merge_models(
        first, second, io_map=[(FEATURES, FEATURES)], name="model", producer_name="stagecoach"
    )
    declare(merged, versions, ir_version=ir_version)
    onnx.checker.check_model(merged, full_check=True)
    return merged


def _add_prefix(model: ModelProto, prefix: str) -> ModelProto:
    """Return a copy whose internal names can't clash with names of another graph."""
    copy = ModelProto()
    copy.CopyFrom(model)
    # Shape annotations may repeat the names of inputs and outputs, which must stay.
    del copy.graph.value_info[:]
    compose.add_prefix(copy, prefix, rename_inputs=False, rename_outputs=False, inplace=True)
    return copy
