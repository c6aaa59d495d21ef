"""What to ask a server that speaks the Open Inference Protocol alone: the model's name, a request.

Runs in a container that mounts the model volume at /volume and the pipeline files at /config, both
read-only, and has contract/src on its path.
"""

import json
import sys
from pathlib import Path
from typing import Any

from stage_contract import StageError, escaped, open_latest, pipeline_path, read_pipeline

VOLUME = Path("/volume")
DATATYPES = {str: "BYTES", bool: "BOOL", int: "INT64"}


def name() -> None:
    """Print the name that the pipeline's model is served by."""
    print(read_pipeline(pipeline_path()).name)


def request() -> None:
    """Print a request body for the latest model: its first example, one input a column."""
    model = open_latest(VOLUME, "model")
    fields = json.loads(model.file("model.json").read_bytes())["signature"]["fields"]
    with model.file("examples.jsonl").open(encoding="utf-8") as examples:
        row = json.loads(examples.readline())["row"]
    print(json.dumps({"inputs": [_input(field["name"], row[field["name"]]) for field in fields]}))


def _input(column: str, value: Any) -> dict[str, Any]:
    datatype = DATATYPES.get(type(value), "FP64")
    return {"name": column, "shape": [1, 1], "datatype": datatype, "data": [value]}


if __name__ == "__main__":
    try:
        {"name": name, "request": request}[sys.argv[1]]()
    except StageError as error:
        print(escaped(str(error)), file=sys.stderr)
        sys.exit(error.exit_code)
