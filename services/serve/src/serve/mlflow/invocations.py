"""POST /invocations: rows in one of MLflow's forms, predictions as its models give them."""

from typing import Any, Final

import msgspec
import orjson

from serve.answers import Prediction
from serve.descriptions import Class
from serve.json_bodies import check_objects, parse_json
from serve.media import Answer, Headers, pick
from serve.mlflow.tables import FORMS, wrong_form
from serve.models import Model

_METHOD: Final = "pyfunc_predict_fn"
"""MLflow's name for the function of a model that is called."""
_PREDICT: Final = "predict"
_PROBABILITIES: Final = "predict_proba"
_OBJECTS_PER_ROW: Final = 3
_OBJECTS_BESIDE_ROWS: Final = 1_000


def invocations(model: Model, headers: Headers, body: bytes) -> Answer:
    """Answer one request."""
    kinds = {b"application/json": _read_json, b"text/csv": _read_csv}
    read = pick(headers, kinds, expected="application/json or text/csv in UTF-8")
    prediction, method = read(model, body)
    classes = model.description.classes
    shown = _as_json(prediction, None if method == _PROBABILITIES else classes)
    return 200, [(b"content-type", b"application/json")], b'{"predictions":%b}' % shown


def _read_csv(model: Model, body: bytes) -> tuple[Prediction, str]:
    _, feed = model.csv_rows.read(body, may_have_index=True)
    return model.run(feed), _PREDICT


def _read_json(model: Model, body: bytes) -> tuple[Prediction, str]:
    most = model.column_rows.max_rows * _OBJECTS_PER_ROW + _OBJECTS_BESIDE_ROWS
    check_objects(body, most=most)
    request = _decode(body)
    forms = [form for form in FORMS if isinstance(request, dict) and form in request]
    if not isinstance(request, dict) or len(forms) != 1:
        raise wrong_form(f"an object with one of {', '.join(FORMS)}", request)
    unknown = next((name for name in request if name not in {*forms, "params"}), None)
    if unknown is not None:
        raise wrong_form(f"{forms[0]} and params, and nothing else", unknown)
    method = _method(request.get("params"), model.description.classes)
    return model.run(model.scoring_rows.read(forms[0], request[forms[0]])), method


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # MLflow's client writes NaN for a missing number, which JSON does not have.
        return parse_json(body, constant=float)


def _method(params: Any, classes: tuple[Class, ...] | None) -> str:
    """Return which function of the model is asked for."""
    if params is None:
        return _PREDICT
    methods = [_PREDICT] if classes is None else [_PREDICT, _PROBABILITIES]
    expected = f'params as {{"{_METHOD}": {" or ".join(map(repr, methods))}}}'
    if not isinstance(params, dict) or not params.keys() <= {_METHOD}:
        raise wrong_form(expected, params)
    method = params.get(_METHOD, _PREDICT)
    if method not in methods:
        raise wrong_form(expected, method)
    return str(method)


def _as_json(prediction: Prediction, classes: tuple[Class, ...] | None) -> bytes:
    """Return labels, or numbers: of a row one, or the probabilities of all classes."""
    if prediction.labels is None or classes is None:
        return orjson.dumps(prediction.values, option=orjson.OPT_SERIALIZE_NUMPY)
    texts = [msgspec.json.encode(value) for value in classes]
    return b"[" + b",".join([texts[label] for label in prediction.labels.tolist()]) + b"]"
