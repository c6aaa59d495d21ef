"""An inference request: JSON, followed by binary tensors."""

from http import HTTPStatus
from typing import Any

import msgspec

from serve.codecs.json_bodies import check_counts, not_json, parse_json
from serve.codecs.media_types import Headers, check_encoding
from serve.problems import RequestError, shortened

TENSORS_AT = b"inference-header-content-length"
"""The header field with the length of the JSON before binary tensors."""
_MAX_LENGTH_DIGITS = 15
_REFUSED = {
    "classification": "the class has its own output, and `probabilities` those of all",
    "shared_memory_region": "tensors are sent in the body only",
}
"""Parameters with an effect that is not supported; unknown parameters are ignored."""


class Tensor(msgspec.Struct, frozen=True):
    """An input; its values are in `data`, or in `binary_data_size` bytes after the JSON."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any] | None = None
    parameters: dict[str, Any] | None = None


class Output(msgspec.Struct, frozen=True):
    """A requested output."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(msgspec.Struct, frozen=True):
    """The JSON of a request."""

    inputs: list[Tensor]
    id: str | None = None
    outputs: list[Output] | None = None
    parameters: dict[str, Any] | None = None


def split(body: bytes, headers: Headers) -> tuple[bytes, memoryview]:
    """Return the JSON of a request, and the bytes after it.

    Raises:
        RequestError: It is compressed, or the length of the JSON is invalid.
    """
    check_encoding(headers)
    length = _header_length(headers, len(body))
    return body[:length], memoryview(body)[length:]


def read_request(text: bytes, *, max_lists: int, max_values: int) -> InferRequest:
    """Return the request.

    Raises:
        RequestError: It is malformed, or has more lists or values than it can need.
    """
    check_counts(text, objects=max_lists, values=max_values)
    request = _decode(text)
    for asked in (request, *request.inputs, *(request.outputs or ())):
        for name, reason in _REFUSED.items():
            if asked.parameters and name in asked.parameters:
                raise wrong_request(f"parameter {name} is not offered: {reason}")
    return request


def wrong_request(detail: str) -> RequestError:
    """Return the error for valid JSON that is not an inference request."""
    return RequestError(HTTPStatus.UNPROCESSABLE_CONTENT, detail)


def _header_length(headers: Headers, whole: int) -> int:
    text = headers.get(TENSORS_AT)
    if text is None:
        return whole
    if not (text.isdigit() and len(text) <= _MAX_LENGTH_DIGITS and int(text) <= whole):
        sent = text.decode("latin-1")[:100]
        raise not_json(
            f"Inference-Header-Content-Length is {sent}, expected the length of the JSON"
            f" that the body of {whole:,} bytes begins with"
        )
    return int(text)


def _decode(text: bytes) -> InferRequest:
    try:
        try:
            return _decoder.decode(text)
        except msgspec.ValidationError:
            raise
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Python clients write NaN for a missing number, which is not valid JSON.
            request = msgspec.convert(parse_json(text, constant=float), InferRequest)
            (request.id or "").encode()  # The response repeats the id.
            return request
    except msgspec.ValidationError as error:
        raise wrong_request(f"the request is not as the protocol has it: {error}") from None
    except UnicodeEncodeError as error:
        shown = shortened(error.object[error.start])
        raise wrong_request(f"the request has a lone surrogate, {shown}, in a text") from None


_decoder = msgspec.json.Decoder(InferRequest)
