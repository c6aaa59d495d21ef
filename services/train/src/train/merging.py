"""Merging: the features' graph with the estimator's behind it, as one file of fixed bytes."""

import onnx
from onnx import ModelProto, compose

from train.opsets import declare, opsets

FEATURES = "features"


def merge(transform: ModelProto, estimator: ModelProto) -> ModelProto:
    """Return one graph from raw columns to predictions; equal parts give equal bytes."""
    versions = opsets(transform) | opsets(estimator)
    ir_version = max(transform.ir_version, estimator.ir_version)
    parts = []
    for model, prefix in ((transform, "transform/"), (estimator, "estimator/")):
        part = ModelProto()
        part.CopyFrom(model)
        # Notes on shapes: they may repeat the names of inputs and outputs, which must stay.
        del part.graph.value_info[:]
        compose.add_prefix(part, prefix, rename_inputs=False, rename_outputs=False, inplace=True)
        declare(part, versions, ir_version=ir_version)
        parts.append(part)
    merged = compose.merge_models(
        *parts, io_map=[(FEATURES, FEATURES)], name="model", producer_name="stagecoach"
    )
    declare(merged, versions, ir_version=ir_version)
    onnx.checker.check_model(merged, full_check=True)
    return merged
