"""What the protocol tells about the server and its model."""

from typing import Any

from serve import __version__
from serve.models import Model
from serve.oip.datatypes import datatype_of, outputs_of


def server_metadata() -> dict[str, Any]:
    """Return the answer of GET /v2."""
    return {"name": "stagecoach", "version": __version__, "extensions": ["binary_tensor_data"]}


def model_metadata(model: Model) -> dict[str, Any]:
    """Return the answer of GET /v2/models/{name}: one input for each column."""
    inputs = [
        {
            "name": column.name,
            "datatype": datatype_of(column),
            "shape": [-1, 1],
            "parameters": {"type": column.type, "required": column.is_required},
        }
        for column in model.description.signature.fields
    ]
    outputs = [
        {"name": name, "datatype": datatype, "shape": [-1, width]}
        for name, (datatype, width) in outputs_of(model.description).items()
    ]
    return {
        "name": model.name,
        "versions": [model.id],
        "platform": "onnxruntime_onnx",
        "inputs": inputs,
        "outputs": outputs,
    }
