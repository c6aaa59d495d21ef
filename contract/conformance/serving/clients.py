"""Asking a server: the same rows by /predict and by the Open Inference Protocol."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import numpy as np
from numpy.typing import NDArray

from conformance.harness.faults import Fault
from conformance.models.model_data import Model
from conformance.models.tensors import Row

type Protocol = Literal["predict", "oip"]

_DATATYPES = {"number": "FP64", "integer": "INT64", "boolean": "BOOL"}


@dataclass(frozen=True)
class Prediction:
    """What a server answered."""

    model: str
    """The id of the artifact that predicted, by the server's own words."""
    numbers: NDArray[np.float64]
    """Of each row the number, or the probabilities in class order."""


@dataclass(frozen=True)
class Client:
    """Asks one server about one model."""

    http: httpx.Client
    name: str
    """Of the model."""
    model: Model

    def ask(self, rows: Sequence[Row], *, protocol: Protocol) -> httpx.Response:
        """Send rows and return whatever is answered."""
        return self.http.send(self.request(rows, protocol=protocol))

    def request(self, rows: Sequence[Row], *, protocol: Protocol) -> httpx.Request:
        """Return the request for rows."""
        if protocol == "predict":
            return self.http.build_request("POST", "/predict", json={"rows": list(rows)})
        content = self.tensors(rows)
        return self.http.build_request("POST", self.infer_path, content=content, headers=JSON)

    def predict(self, rows: Sequence[Row], *, protocol: Protocol) -> Prediction:
        """Return the prediction for rows that are right."""
        answer = self.ask(rows, protocol=protocol)
        document = json_of(answer)
        try:
            read = self._of_predict if protocol == "predict" else self._of_infer
            prediction = read(document)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Fault(
                f"POST {answer.request.url.path} answers {answer.text} ({error!r})",
                "see contract/reference/api.md",
            ) from None
        if len(prediction.numbers) != len(rows):
            raise Fault(
                f"POST {answer.request.url.path} answers {len(prediction.numbers)} predictions to"
                f" {len(rows)} rows",
                "answer each row, in the order of the request",
            )
        return prediction

    @property
    def infer_path(self) -> str:
        return f"/v2/models/{self.name}/infer"

    def tensors(self, rows: Sequence[Row]) -> str:
        """Return the request of the Open Inference Protocol: one input a column.

        All rows have the columns of the first one; a column that has no value there is left out.
        """
        types = {field["name"]: field["type"] for field in self.model.fields}
        columns = {
            name: [row[name] for row in rows]
            for name, value in rows[0].items()
            if value is not None
        }
        inputs = [
            {
                "name": name,
                "shape": [len(values), 1],
                "datatype": _datatype(types.get(name, "string"), values),
                "data": values,
            }
            for name, values in columns.items()
        ]
        return json.dumps({"inputs": inputs})

    def _of_predict(self, document: Any) -> Prediction:
        target, classes = self.model.document["target"]["name"], self.model.classes
        given = document["predictions"]
        if classes is None:
            numbers = [float(each[target]) for each in given]
            return Prediction(document["model"], np.array(numbers))
        names = [name if isinstance(name, str) else json.dumps(name) for name in classes]
        shares = [[float(each["probabilities"][name]) for name in names] for each in given]
        likeliest = [classes[int(np.argmax(row))] for row in shares]
        if [each[target] for each in given] != likeliest:
            raise ValueError(f"{target} is not the likeliest class")
        return Prediction(document["model"], np.array(shares))

    def _of_infer(self, document: Any) -> Prediction:
        target, classes = self.model.document["target"]["name"], self.model.classes
        outputs = {output["name"]: output for output in document["outputs"]}
        wanted = outputs[target if classes is None else "probabilities"]
        rows = wanted["shape"][0]
        flat = np.array(wanted["data"], np.float64).ravel()
        if math.prod(wanted["shape"]) != flat.size:
            raise ValueError(f"{flat.size} values of the shape {wanted['shape']}")
        width = 1 if classes is None else len(classes)
        if wanted["shape"] != [rows, width]:
            raise ValueError(f"{wanted['name']} has the shape {wanted['shape']}")
        numbers = flat if classes is None else flat.reshape(rows, len(classes))
        if classes is not None:
            labels = np.array(outputs[target]["data"], object).ravel().tolist()
            if labels != [classes[int(np.argmax(row))] for row in numbers]:
                raise ValueError(f"{target} is not the likeliest class")
        return Prediction(str(document.get("model_version")), numbers)


JSON = {"content-type": "application/json"}


def json_of(answer: httpx.Response) -> Any:
    """Return the JSON of an answer that must be 200."""
    where = f"{answer.request.method} {answer.request.url.path}"
    if answer.status_code != 200:
        raise Fault(
            f"{where} answers {answer.status_code}: {answer.text}; expected 200",
            "the request is valid by the signature in model.json",
        )
    try:
        return answer.json()
    except ValueError:
        raise Fault(f"{where} does not answer with JSON: {answer.text}", "answer in JSON") from None


def _datatype(kind: str, values: Sequence[Any]) -> str:
    """Return a datatype that has these values, whether they are right for the column or not."""
    if any(isinstance(value, str) for value in values):
        return "BYTES"
    if any(isinstance(value, float) and not value.is_integer() for value in values):
        return "FP64"
    return _DATATYPES.get(kind, "BYTES")
