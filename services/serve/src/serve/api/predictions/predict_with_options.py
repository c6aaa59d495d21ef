"""POST /predict with a query string, such as `top_k=3`."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from serve.api.predictions.predict import JSON, predict
from serve.codecs.csv_rows import Table
from serve.codecs.explanations import (
    EXPLANATION_METHOD,
    EXPLANATIONS,
    Explanation,
    each_explanation,
    explanation_texts,
)
from serve.codecs.media_types import CSV, ROWS_EXPECTED, Headers, RawResponse, encoding_of, pick
from serve.codecs.predict_options import OUTSIDE_TRAINING, PredictOptions, read_options
from serve.codecs.predictions import Prediction, unique_name
from serve.codecs.rows import ValidRows
from serve.model.models import Model
from serve.problems import ErrorDetail

ERROR_COLUMN: Final = "error"


def predict_with_options(
    model: Model, headers: Headers, body: bytes, *, query: bytes
) -> RawResponse:
    """Return the response to one request.

    Raises:
        RequestError: The query, the body or, without `on_error=skip`, a row is wrong.
    """
    options = read_options(query, has_classes=model.description.classes is not None)
    if options == PredictOptions():
        return predict(model, headers, body)
    predict_body = pick(headers, _PREDICT_BY_MEDIA_TYPE, expected=ROWS_EXPECTED)
    return predict_body(model, headers, body, options)


def _predict_json(
    model: Model, _headers: Headers, body: bytes, options: PredictOptions
) -> RawResponse:
    valid = model.json_rows.read_valid(body, skips_errors=options.skips_errors)
    rows: Sequence[bytes] = ()
    explanations: Sequence[object] = ()
    if valid.places:
        prediction, explanation = _run(model, valid, options)
        rows = model.response_writer.each_json(prediction, top_k=options.top_k)
        if explanation is not None:
            classes = model.description.classes
            explanations = each_explanation(explanation, model.explainer.columns, classes)
    members = [b'"predictions":[%b]' % b",".join(valid.spread(rows, absent=b"null"))]
    if options.outside_training:
        outside = valid.spread(_outside(model, valid), absent=None)
        members.append(b'"outside_training":%b' % msgspec.json.encode(outside))
    if options.explains:
        spread = valid.spread(explanations, absent=None)
        members.append(b'"%b":%b' % (EXPLANATIONS.encode(), msgspec.json.encode(spread)))
        method = msgspec.json.encode(model.explainer.describe())
        members.append(b'"%b":%b' % (EXPLANATION_METHOD.encode(), method))
    if options.skips_errors:
        members.append(b'"errors":%b' % msgspec.json.encode(valid.errors))
    answer = b'{"model":"%b",%b}' % (model.id.encode(), b",".join(members))
    return 200, [(b"content-type", JSON)], answer


def _predict_csv(
    model: Model, headers: Headers, body: bytes, options: PredictOptions
) -> RawResponse:
    table, valid = model.csv_rows.read_valid(
        body, encoding=encoding_of(headers), skips_errors=options.skips_errors
    )
    writer, used = model.response_writer, model.rows.known
    names = writer.names(used, top_k=options.top_k)
    columns: list[list[str]] = [[] for _ in names]
    contributions: list[list[str]] = []
    if valid.places:
        prediction, explanation = _run(model, valid, options)
        columns = writer.columns(prediction, top_k=options.top_k)
        if explanation is not None:
            contributions = explanation_texts(explanation)
    added = [valid.spread(column, absent="") for column in columns]
    if options.outside_training:
        names.append(unique_name(OUTSIDE_TRAINING, {*used, *names}))
        texts = [msgspec.json.encode(found).decode() for found in _outside(model, valid)]
        added.append(valid.spread(texts, absent=""))
    if options.explains:
        explained = model.explainer.columns.table_names({*used, *names})
        names += explained
        contributions = contributions or [[] for _ in explained]
        added += [valid.spread(column, absent="") for column in contributions]
    if options.skips_errors:
        names.append(unique_name(ERROR_COLUMN, {*used, *names}))
        added.append(_error_texts(valid))
    response = Table(table.header, table.names, table.rows).with_columns(names, added)
    header = b"" if table.header is not None else b"; header=absent"
    return 200, [(b"content-type", b"text/csv; charset=utf-8" + header)], response


_PREDICT_BY_MEDIA_TYPE: Final[
    dict[bytes, Callable[[Model, Headers, bytes, PredictOptions], RawResponse]]
] = {JSON: _predict_json, CSV: _predict_csv}


def _run(
    model: Model, valid: ValidRows, options: PredictOptions
) -> tuple[Prediction, Explanation | None]:
    """Predict the valid rows, and explain the predictions if that is asked for."""
    if not options.explains:
        return model.run(valid.feed), None
    model.explainer.check_rows(len(valid.places))
    prediction = model.run(valid.feed)
    return prediction, model.explainer.explain(valid.feed, prediction)


def _outside(model: Model, valid: ValidRows) -> list[list[str]]:
    return model.row_counts.columns_outside(valid.feed, rows=len(valid.places))


def _error_texts(valid: ValidRows) -> list[str]:
    """Return the errors of each row in one text; empty for a valid row."""
    texts: list[list[str]] = [[] for _ in range(valid.rows)]
    for error in valid.errors:
        if error.row is not None:
            texts[error.row - 1].append(_text_of(error))
    return ["; ".join(each) for each in texts]


def _text_of(error: ErrorDetail) -> str:
    expected = f"expected {error.expected}"
    return expected if error.column is None else f"{error.column}: {expected}"
