"""The request forms: how rows are sent and probabilities are returned."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

type Rows = Sequence[Mapping[str, Any]]
type Headers = Mapping[str, str]
"""The header fields of a response, with names in lower case."""

JSON = "application/json"


@dataclass(frozen=True)
class Columns:
    """The model's columns, as in the graph's two inputs."""

    numbers: list[str]
    strings: list[str]
    integers: list[str]
    """Number columns that are always integers and never missing."""


@dataclass(frozen=True)
class Body:
    """The body of a request."""

    content: bytes
    media_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Form:
    """One form of prediction requests."""

    path: str
    body: Callable[[Rows, Columns], Body]
    read: Callable[[bytes, Headers], list[float]]

    def request(self, rows: Rows, columns: Columns, *, port: int) -> bytes:
        """Return a complete HTTP request."""
        body = self.body(rows, columns)
        fields = (
            ("Host", f"127.0.0.1:{port}"),
            ("Content-Type", body.media_type),
            ("Content-Length", str(len(body.content))),
            *body.headers,
        )
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {text}" for name, text in fields)]
        return "\r\n".join([*lines, "", ""]).encode() + body.content


def as_json(content: Any) -> bytes:
    """Return compact JSON."""
    return json.dumps(content, separators=(",", ":")).encode()


def rows_body(rows: Rows, _columns: Columns) -> Body:
    """Return `{"rows": [{column: value}]}`, for all servers without a form of their own."""
    return Body(as_json({"rows": list(rows)}))


def _dataframe_split(rows: Rows, _columns: Columns) -> Body:
    names = list(rows[0])
    split = {"columns": names, "data": [[row[name] for name in names] for row in rows]}
    return Body(as_json({"dataframe_split": split}))


def _named_tensors(rows: Rows, columns: Columns) -> Body:
    """Return the graph's inputs for MLflow: a missing number is NaN, and no column is integer."""
    numbers, strings = _tensors(rows, columns)
    floats = [[math.nan if cell is None else float(cell) for cell in row] for row in numbers]
    return Body(as_json({"inputs": {"numbers": floats, "strings": strings}}))


def _two_tensors(rows: Rows, columns: Columns) -> Body:
    numbers, strings = _tensors(rows, columns)
    return Body(as_json({"numbers": numbers, "strings": strings}))


def _v2_tensors(rows: Rows, columns: Columns) -> Body:
    numbers, strings = _tensors(rows, columns)
    inputs = [
        {
            "name": name,
            "shape": [len(rows), len(tensor[0])],
            "datatype": datatype,
            "data": [value for row in tensor for value in row],
        }
        for name, datatype, tensor in (("numbers", "FP64", numbers), ("strings", "BYTES", strings))
    ]
    return Body(as_json({"inputs": inputs}))


def _v2_columns(rows: Rows, columns: Columns) -> Body:
    """Return one input per column, as MLServer's scikit-learn runtime takes a data frame."""
    number: dict[str, Any] = {"datatype": "FP64"}
    text: dict[str, Any] = {"datatype": "BYTES", "parameters": {"content_type": "str"}}
    kinds = [(name, number) for name in columns.numbers]
    kinds += [(name, text) for name in columns.strings]
    inputs = [
        {"name": name, "shape": [len(rows), 1], "data": [row[name] for row in rows], **kind}
        for name, kind in kinds
    ]
    outputs = [{"name": "predict_proba"}]
    parameters = {"content_type": "pd"}
    return Body(as_json({"parameters": parameters, "inputs": inputs, "outputs": outputs}))


def _tensors(rows: Rows, columns: Columns) -> tuple[list[list[Any]], list[list[str]]]:
    """Return the graph's inputs, with None for a missing number."""
    numbers = [[row[name] for name in columns.numbers] for row in rows]
    return numbers, [[row[name] or "" for name in columns.strings] for row in rows]


def _read_plain(body: bytes, _headers: Headers) -> list[float]:
    answer = json.loads(body)
    probabilities: list[float] = answer if isinstance(answer, list) else answer["probabilities"]
    return probabilities


def _read_mlflow(body: bytes, _headers: Headers) -> list[float]:
    predictions = json.loads(body)["predictions"]
    pairs = predictions["probabilities"] if isinstance(predictions, dict) else predictions
    return [late for _, late in pairs]


def _read_v2(body: bytes, _headers: Headers) -> list[float]:
    data: list[float] = json.loads(body)["outputs"][0]["data"]
    return data


def _read_v2_pairs(body: bytes, headers: Headers) -> list[float]:
    return _read_v2(body, headers)[1::2]


FORMS = {
    "rows": Form("/predict", rows_body, _read_plain),
    "tensors": Form("/predict", _two_tensors, _read_plain),
    "dataframe split": Form("/invocations", _dataframe_split, _read_mlflow),
    "named tensors": Form("/invocations", _named_tensors, _read_mlflow),
    "v2 tensors": Form("/v2/models/flights/infer", _v2_tensors, _read_v2),
    "v2 columns": Form("/v2/models/flights/infer", _v2_columns, _read_v2_pairs),
}
