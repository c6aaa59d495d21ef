"""Rows in JSON: `{"rows": [{column: value}, …]}`."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from serve.codecs.json_bodies import check_counts, max_values, not_json, parse_json
from serve.codecs.packing import UNUSUAL, compile_rows
from serve.codecs.rows import Feed, Rows, ValidRows, all_valid
from serve.problems import ErrorDetail, RequestError, showable
from serve.schema.cells import Rules
from serve.schema.signature import Signature
from serve.schema.values import Value

_EXPECTED_BODY = 'an object {"rows": [{column: value}, …]}'
_OBJECTS_PER_ROW = 10
"""Maximum number of braces and brackets per allowed row; more are an attempt to fill the memory."""


class JsonRows:
    """Reads the JSON bodies of one model's requests."""

    def __init__(self, signature: Signature, rows: Rows, *, max_rows: int) -> None:
        self._rows = rows
        self._max_rows = max_rows
        self._max_objects = max_rows * _OBJECTS_PER_ROW + 1000
        # The value of an ignored column may be a list.
        self._max_values = max_values(len(rows.known), max_rows=max_rows, beside=_OBJECTS_PER_ROW)
        self.fast = compile_rows(signature, rows.rules, max_rows=max_rows)

    def read(self, body: bytes) -> Feed:
        """Return the graph's inputs.

        Raises:
            RequestError: The body is not JSON or has another form, or a row breaks a rule.
        """
        try:
            return self.fast.pack(self.fast.decode(body))
        except UNUSUAL:
            return self._read_carefully(body, self._rows.clean)

    def read_valid(self, body: bytes, *, skips_errors: bool) -> ValidRows:
        """Return the valid rows; without `skips_errors`, all rows must be valid.

        Raises:
            RequestError: The body is not JSON or has another form, or a row breaks a rule.
        """
        if not skips_errors:
            return all_valid(self.read(body))
        try:
            return all_valid(self.fast.pack(self.fast.decode(body)))
        except UNUSUAL:
            return self._read_carefully(body, self._rows.clean_valid)

    def _read_carefully[Cleaned](
        self, body: bytes, clean: Callable[[list[Any], Callable[[Rules, Any], Value]], Cleaned]
    ) -> Cleaned:
        check_counts(body, objects=self._max_objects, values=self._max_values)
        constants: list[str] = []

        def note(constant: str) -> str:
            constants.append(constant)
            return constant

        rows = _rows_of(parse_json(body, constant=note))
        if len(rows) > self._max_rows:
            raise too_many_rows(self._max_rows)
        if self._rows.flattened:
            rows = [*map(self._rows.flatten, rows)]
        cleaned = clean(rows, Rules.from_json)
        if constants:
            raise not_json(f"{constants[0]} is no JSON value; write null for a missing one")
        return cleaned


def too_many_rows(most: int) -> RequestError:
    """Return the error for a table that is too long."""
    return RequestError(
        HTTPStatus.CONTENT_TOO_LARGE,
        f"more than {most:,} rows; send them in several requests",
        limit="rows",
    )


def _rows_of(document: object) -> list[Any]:
    if not isinstance(document, dict):
        raise _wrong_form(_EXPECTED_BODY, document)
    unknown = next((name for name in document if name != "rows"), None)
    if unknown is not None:
        did_you_mean = None if "rows" in document else "rows"
        raise _wrong_form(f"{_EXPECTED_BODY} and nothing else", unknown, did_you_mean=did_you_mean)
    rows = document.get("rows")
    if not isinstance(rows, list) or not rows:
        raise _wrong_form("rows with at least one object of columns and values", rows)
    return rows


def _wrong_form(expected: str, value: object, *, did_you_mean: str | None = None) -> RequestError:
    error = ErrorDetail(expected=expected, value=showable(value), did_you_mean=did_you_mean)
    return RequestError(HTTPStatus.UNPROCESSABLE_CONTENT, f"expected {expected}", errors=[error])
