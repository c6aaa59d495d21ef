"""Rows in every form that serve takes, and its answers as numbers, whatever their form."""

import csv
import io
import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

type Row = Mapping[str, Any]
type Fields = Sequence[Mapping[str, Any]]
"""The fields of a signature: `name` and `type` of each, and whether it may be missing."""
type Sent = tuple[str, bytes, dict[str, str]]
"""Path, body, and header fields of a request."""

JSON = "application/json"
DTYPES = {"FP64": "<f8", "FP32": "<f4", "INT64": "<i8", "INT32": "<i4", "BOOL": "?"}


def every_form(
    rows: Sequence[Row], fields: Fields, *, name: str, has_classes: bool
) -> dict[str, Sent]:
    """Return the same rows as a request of each kind that is answered with numbers."""
    names = [field["name"] for field in fields]
    columns = {column: [row.get(column) for row in rows] for column in names}
    split = {"columns": names, "data": [[row.get(column) for column in names] for row in rows]}
    infer = f"/v2/models/{name}/infer"
    header, binary = infer_request(columns, fields, is_binary=True)
    length = {"inference-header-content-length": str(len(header))}
    forms: dict[str, Sent] = {
        "JSON": ("/predict", json.dumps({"rows": rows}).encode(), {"content-type": JSON}),
        "CSV": ("/predict", csv_table(rows, names), {"content-type": "text/csv"}),
        "OIP JSON": (infer, infer_request(columns, fields)[0], {"content-type": JSON}),
        "OIP binary": (infer, header + binary, length),
    }
    if not has_classes:  # of which MLflow answers a CSV table with the labels
        forms["invocations, CSV"] = ("/invocations", forms["CSV"][1], forms["CSV"][2])
    params = {"params": {"pyfunc_predict_fn": "predict_proba"}} if has_classes else {}
    bodies = {"dataframe_split": split, "dataframe_records": rows, "instances": rows}
    for form, body in (bodies | {"inputs": columns}).items():
        text = json.dumps({form: body} | params).encode()
        forms[f"invocations, {form}"] = ("/invocations", text, {"content-type": JSON})
    return forms


def csv_table(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """Return a CSV table; a missing value is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([[_cell(row.get(name)) for name in names] for row in rows])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def infer_request(
    columns: Mapping[str, Sequence[Any]], fields: Fields, *, is_binary: bool = False, **more: Any
) -> tuple[bytes, bytes]:
    """Return the JSON of an inference, and what follows it."""
    inputs, parts = [], []
    for field in fields:
        values = columns[field["name"]]
        datatype = field.get("datatype") or datatype_of(field["type"], values)
        tensor: dict[str, Any] = {"name": field["name"], "datatype": datatype}
        tensor["shape"] = [len(values), 1]
        if is_binary:
            parts.append(tensor_bytes(values, datatype))
            tensor["parameters"] = {"binary_data_size": len(parts[-1])}
        else:
            tensor["data"] = list(values)
        inputs.append(tensor)
    if is_binary:
        more = {"parameters": {"binary_data_output": True}} | more
    return json.dumps({"inputs": inputs} | more).encode(), b"".join(parts)


def datatype_of(kind: str, values: Sequence[Any]) -> str:
    """Return a datatype that holds the values, None included."""
    if kind in {"string", "date", "datetime"}:
        return "BYTES"
    if kind == "number" or None in values:
        return "FP64"
    return "BOOL" if kind == "boolean" else "INT64"


def tensor_bytes(values: Sequence[Any], datatype: str) -> bytes:
    """Return values as the binary data extension has them."""
    if datatype != "BYTES":
        present = [np.nan if value is None else value for value in values]
        return np.array(present, DTYPES[datatype]).tobytes()
    texts = [(value or "").encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def numbers_of(answer: httpx.Response, *, has_classes: bool) -> NDArray[np.float32]:
    """Return what was predicted: numbers, or the probabilities of each row."""
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "text/csv":
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        wanted = "probability_" if has_classes else "predicted_"
        cells = [[row[name] for name in row if name.startswith(wanted)] for row in rows]
        return np.array(cells, np.float32).squeeze()
    if "inference-header-content-length" in answer.headers:
        return _numbers_of_tensors(answer)
    document = answer.json()
    if "outputs" in document:
        return _values(document["outputs"][-1])
    numbers = [
        next(reversed(each.values())) if isinstance(each, dict) else each
        for each in document["predictions"]
    ]
    if has_classes and isinstance(numbers[0], dict):
        numbers = [list(each.values()) for each in numbers]
    return np.array(numbers, np.float32)


def _values(output: Mapping[str, Any]) -> NDArray[np.float32]:
    return np.array(output["data"], np.float32).reshape(output["shape"]).squeeze()


def _numbers_of_tensors(answer: httpx.Response) -> NDArray[np.float32]:
    length = int(answer.headers["inference-header-content-length"])
    output = json.loads(answer.content[:length])["outputs"][-1]
    size = output["parameters"]["binary_data_size"]
    return np.frombuffer(answer.content[-size:], "<f4").reshape(output["shape"]).squeeze()
