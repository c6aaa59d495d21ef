"""POST /invocations: rows in one of MLflow's formats, predictions in the format of its models."""

from typing import Any, Final

import msgspec
import numpy as np
import orjson

from serve.codecs.json_bodies import check_counts, max_values, parse_json
from serve.codecs.media_types import ROWS_EXPECTED, Headers, RawResponse, encoding_of, pick
from serve.codecs.mlflow_tables import FORMS, wrong_form
from serve.codecs.predictions import Prediction
from serve.model.models import Model
from serve.schema.model_json import Description

_METHOD: Final = "pyfunc_predict_fn"
"""MLflow's parameter for the function of a model to call."""
_PREDICT: Final = "predict"
_PROBABILITIES: Final = "predict_proba"
_INTERVAL: Final = "predict_interval"
_QUANTILES: Final = "predict_quantiles"
"""The name in sktime's models; scikit-learn has no such function."""
_OBJECTS_PER_ROW: Final = 3
_OBJECTS_BESIDE_ROWS: Final = 1_000


def invocations(model: Model, headers: Headers, body: bytes) -> RawResponse:
    """Answer one request."""
    kinds = {b"application/json": _read_json, b"text/csv": _read_csv}
    read = pick(headers, kinds, expected=ROWS_EXPECTED)
    prediction, method = read(model, headers, body)
    shown = _as_json(prediction, model.description, method=method)
    return 200, [(b"content-type", b"application/json")], b'{"predictions":%b}' % shown


def _read_csv(model: Model, headers: Headers, body: bytes) -> tuple[Prediction, str]:
    _, feed = model.csv_rows.read(body, encoding=encoding_of(headers), may_have_index=True)
    return model.run(feed), _PREDICT


def _read_json(model: Model, _headers: Headers, body: bytes) -> tuple[Prediction, str]:
    max_rows = model.column_rows.max_rows
    check_counts(
        body,
        objects=max_rows * _OBJECTS_PER_ROW + _OBJECTS_BESIDE_ROWS,
        values=max_values(len(model.rows.known), max_rows=max_rows, beside=_OBJECTS_PER_ROW),
    )
    request = _decode(body)
    forms = [form for form in FORMS if isinstance(request, dict) and form in request]
    if not isinstance(request, dict) or len(forms) != 1:
        raise wrong_form(f"an object with one of {', '.join(FORMS)}", request)
    unknown = next((name for name in request if name not in {*forms, "params"}), None)
    if unknown is not None:
        raise wrong_form(f"{forms[0]} and params, and nothing else", unknown)
    method = _method(request.get("params"), model.description)
    return model.run(model.scoring_rows.read(forms[0], request[forms[0]])), method


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # MLflow's client writes NaN for a missing number, which is not valid JSON.
        return parse_json(body, constant=float)


def methods_of(description: Description) -> list[str]:
    """Return the functions of a model that a request may ask for."""
    if description.classes is not None:
        return [_PREDICT, _PROBABILITIES]
    further = (_INTERVAL, description.interval), (_QUANTILES, description.quantiles)
    return [_PREDICT, *(name for name, output in further if output is not None)]


def _method(params: Any, description: Description) -> str:
    """Return the function that a request asks for."""
    if params is None:
        return _PREDICT
    methods = methods_of(description)
    expected = f'params as {{"{_METHOD}": {" or ".join(map(repr, methods))}}}'
    if not isinstance(params, dict) or not params.keys() <= {_METHOD}:
        raise wrong_form(expected, params)
    method = params.get(_METHOD, _PREDICT)
    if method not in methods:
        raise wrong_form(expected, method)
    return str(method)


def _as_json(prediction: Prediction, description: Description, *, method: str) -> bytes:
    """Return for each row a label, a number, or all probabilities, interval ends or quantiles."""
    classes, values = description.classes, prediction.values
    if prediction.labels is None or classes is None or method == _PROBABILITIES:
        if description.interval is not None or description.quantiles is not None:
            values = np.ascontiguousarray(values[:, 0] if method == _PREDICT else values[:, 1:])
        return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)
    texts = [msgspec.json.encode(value) for value in classes]
    return b"[" + b",".join([texts[label] for label in prediction.labels.tolist()]) + b"]"
