"""A request in the Open Inference Protocol, for servers that speak nothing else."""

import json
from collections.abc import Mapping
from typing import Any

from stage_contract import Artifact

DATATYPES = {str: "BYTES", bool: "BOOL", int: "INT64"}


def oip_request(model: Artifact, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request for one row, with one input for each column of the signature."""
    fields = json.loads(model.file("model.json").read_bytes())["signature"]["fields"]
    return {"inputs": [_input(field["name"], row[field["name"]]) for field in fields]}


def _input(column: str, value: Any) -> dict[str, Any]:
    datatype = DATATYPES.get(type(value), "FP64")
    return {"name": column, "shape": [1, 1], "datatype": datatype, "data": [value]}
