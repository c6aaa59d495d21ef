"""The response of an inference: outputs as JSON, or as bytes after it."""

import struct
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
import orjson

from serve.codecs.media_types import RawResponse
from serve.codecs.oip.datatypes import BOOLEANS, TEXTS, outputs_of
from serve.codecs.oip.requests import InferRequest, Output, wrong_request
from serve.codecs.predictions import Prediction, class_text
from serve.problems import shortened
from serve.schema.model_json import Class, Description


class _Values(Protocol):
    """The values of one output."""

    def as_json(self, prediction: Prediction) -> bytes:
        """Return a JSON list."""
        ...

    def as_bytes(self, prediction: Prediction) -> bytes:
        """Return the values as bytes, row by row."""
        ...


class InferResponseWriter:
    """Writes the responses of one model."""

    def __init__(self, name: str, version: str, description: Description) -> None:
        model = {"model_name": name, "model_version": version}
        self._head = msgspec.json.encode(model)[:-1]
        self._outputs = outputs_of(description)
        self._values: dict[str, _Values] = dict.fromkeys(self._outputs, _NUMBERS)
        if description.interval is not None or description.quantiles is not None:
            ends = np.cumsum([width for _, width in self._outputs.values()]).tolist()
            self._values = {
                name: _Columns(slice(end - width, end))
                for end, (name, (_, width)) in zip(ends, self._outputs.items(), strict=True)
            }
        if description.classes is not None:
            target = description.target.name
            self._values[target] = _Labels(description.classes, self._outputs[target][0])

    def write(self, prediction: Prediction, request: InferRequest) -> RawResponse:
        """Return the response, with the requested outputs.

        Raises:
            RequestError: An output is unknown, or is requested twice.
        """
        if request.outputs:
            _check_repeats(request.outputs)
        asked = request.outputs or [Output(name) for name in self._outputs]
        always_binary = bool((request.parameters or {}).get("binary_data_output"))
        outputs, tail = [], []
        for output in asked:
            is_binary = (output.parameters or {}).get("binary_data", always_binary)
            text, data = self._output(output, prediction, is_binary=is_binary)
            outputs.append(text)
            tail.append(data)
        given_id = b"" if request.id is None else b',"id":' + msgspec.json.encode(request.id)
        header = self._head + given_id + b',"outputs":[' + b",".join(outputs) + b"]}"
        return _response(header, b"".join(tail))

    def _output(
        self, output: Output, prediction: Prediction, *, is_binary: bool
    ) -> tuple[bytes, bytes]:
        """Return an output's JSON, and its bytes after the JSON."""
        if output.name not in self._outputs:
            known = " and ".join(self._outputs)
            asked = shortened(output.name)
            raise wrong_request(f"output {asked} is not offered, expected {known}")
        values = self._values[output.name]
        datatype, width = self._outputs[output.name]
        start = b'{"name":%b,"datatype":"%b","shape":[%d,%d],' % (
            msgspec.json.encode(output.name),
            datatype.encode(),
            len(prediction.values),
            width,
        )
        if not is_binary:
            return start + b'"data":' + values.as_json(prediction) + b"}", b""
        data = values.as_bytes(prediction)
        return start + b'"parameters":{"binary_data_size":%d}}' % len(data), data


class _Numbers:
    """Predicted numbers, or the probabilities of all classes."""

    def as_json(self, prediction: Prediction) -> bytes:
        """Return the shortest decimals of the float32 numbers; null if they are not finite."""
        return orjson.dumps(prediction.values.ravel(), option=orjson.OPT_SERIALIZE_NUMPY)

    def as_bytes(self, prediction: Prediction) -> bytes:
        """Return the values as bytes, row by row."""
        return prediction.values.tobytes()


_NUMBERS = _Numbers()


class _Columns:
    """Predicted numbers, one end of their intervals, or all quantiles."""

    def __init__(self, places: slice) -> None:
        self._places = places

    def as_json(self, prediction: Prediction) -> bytes:
        """Return a JSON list."""
        return _NUMBERS.as_json(self._of(prediction))

    def as_bytes(self, prediction: Prediction) -> bytes:
        """Return the values as bytes, row by row."""
        return _NUMBERS.as_bytes(self._of(prediction))

    def _of(self, prediction: Prediction) -> Prediction:
        return Prediction(prediction.values[:, self._places].copy())


class _Labels:
    """Predicted classes."""

    def __init__(self, classes: tuple[Class, ...], datatype: str) -> None:
        values = [class_text(value) for value in classes] if datatype == TEXTS else classes
        self._json = [msgspec.json.encode(value) for value in values]
        self._bytes = [_encoded(value, datatype) for value in values]

    def as_json(self, prediction: Prediction) -> bytes:
        """Return a JSON list."""
        return b"[" + b",".join([self._json[each] for each in _places(prediction)]) + b"]"

    def as_bytes(self, prediction: Prediction) -> bytes:
        """Return the values as bytes, row by row."""
        return b"".join([self._bytes[each] for each in _places(prediction)])


def _check_repeats(asked: Sequence[Output]) -> None:
    """Refuse an output that is requested repeatedly: a short body would fill the memory."""
    ((name, times),) = Counter(output.name for output in asked).most_common(1)
    if times > 1:
        raise wrong_request(f"output {shortened(name)} is asked for {times:,} times, expected once")


def _places(prediction: Prediction) -> list[int]:
    labels: Any = prediction.labels
    places: list[int] = labels.tolist()
    return places


def _encoded(value: Class, datatype: str) -> bytes:
    if datatype == BOOLEANS:
        return np.bool_(value).tobytes()
    if isinstance(value, str):
        text = value.encode()
        return struct.pack("<I", len(text)) + text
    return struct.pack("<q", value)


def _response(header: bytes, data: bytes) -> RawResponse:
    if not data:
        return 200, [(b"content-type", b"application/json")], header
    fields = [
        (b"content-type", b"application/octet-stream"),
        (b"inference-header-content-length", b"%d" % len(header)),
    ]
    return 200, fields, header + data
