"""The request forms of our server."""

import json
import struct
from typing import Any

from bench.serve.forms import Body, Columns, Form, Headers, Rows, as_json, rows_body

_INFER = "/v2/models/late-flights/infer"
_LENGTH = "Inference-Header-Content-Length"


def _oip(rows: Rows, columns: Columns) -> Body:
    inputs = [
        {
            "name": name,
            "shape": [len(rows), 1],
            "datatype": _datatype(name, columns),
            "data": [row[name] for row in rows],
        }
        for name in rows[0]
    ]
    return Body(as_json({"inputs": inputs, "outputs": [{"name": "probabilities"}]}))


def _oip_binary(rows: Rows, columns: Columns) -> Body:
    inputs, tensors = [], []
    for name in rows[0]:
        datatype = _datatype(name, columns)
        tensor = _packed([row[name] for row in rows], datatype)
        tensors.append(tensor)
        inputs.append(
            {
                "name": name,
                "shape": [len(rows), 1],
                "datatype": datatype,
                "parameters": {"binary_data_size": len(tensor)},
            }
        )
    outputs = [{"name": "probabilities", "parameters": {"binary_data": True}}]
    header = as_json({"inputs": inputs, "outputs": outputs})
    content = header + b"".join(tensors)
    return Body(content, "application/octet-stream", ((_LENGTH, str(len(header))),))


def _datatype(name: str, columns: Columns) -> str:
    if name in columns.strings:
        return "BYTES"
    return "INT64" if name in columns.integers else "FP64"


def _packed(values: list[Any], datatype: str) -> bytes:
    if datatype == "BYTES":
        texts = [(text or "").encode() for text in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    if datatype == "INT64":
        return struct.pack(f"<{len(values)}q", *values)
    missing = float("nan")
    return struct.pack(
        f"<{len(values)}d", *(missing if value is None else value for value in values)
    )


def _read_predictions(body: bytes, _headers: Headers) -> list[float]:
    return [each["probabilities"]["true"] for each in json.loads(body)["predictions"]]


def _read_oip(body: bytes, headers: Headers) -> list[float]:
    length = headers.get(_LENGTH.lower())
    if length is None:
        pairs: list[float] = json.loads(body)["outputs"][0]["data"]
        return pairs[1::2]
    tensor = body[int(length) :]
    return list(struct.unpack(f"<{len(tensor) // 4}f", tensor))[1::2]


OWN_FORMS = {
    "json": Form("/predict", rows_body, _read_predictions),
    "oip-json": Form(_INFER, _oip, _read_oip),
    "oip-binary": Form(_INFER, _oip_binary, _read_oip),
}
