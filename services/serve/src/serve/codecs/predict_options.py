"""The query parameters of POST /predict."""

import difflib
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from serve.problems import ErrorDetail, ErrorList, RequestError, shortened

TOP_K: Final = "top_k"
ON_ERROR: Final = "on_error"
OUTSIDE_TRAINING: Final = "outside_training"
EXPLAIN: Final = "explain"

_EXPECTED: Final = {
    TOP_K: "a whole number of at least 1",
    ON_ERROR: "fail or skip",
    OUTSIDE_TRAINING: "true or false",
    EXPLAIN: "true or false",
}
_VALUES: Final = {
    TOP_K: re.compile(r"[1-9][0-9]{0,8}"),
    ON_ERROR: re.compile(r"fail|skip"),
    OUTSIDE_TRAINING: re.compile(r"true|false"),
    EXPLAIN: re.compile(r"true|false"),
}
_MAX_PARAMETERS: Final = 100
_MAX_TYPO_CHARACTERS: Final = 30
_MIN_SIMILARITY: Final = 0.8
"""The similarity from which an unknown name is taken for a typo, by difflib's ratio."""


class PredictOptions(NamedTuple):
    """What a request to POST /predict asks for beside the predictions."""

    top_k: int | None = None
    """Maximum number of classes with probabilities; None for all."""
    skips_errors: bool = False
    """Whether rows that break a rule are listed in the response, instead of refusing all rows."""
    outside_training: bool = False
    """Whether the response names the columns whose value training had not seen."""
    explains: bool = False
    """Whether the response has the contribution of each column to each prediction."""


def read_options(query: bytes, *, has_classes: bool) -> PredictOptions:
    """Parse a query string; unknown parameters are ignored unless they look like a typo.

    Raises:
        RequestError: A parameter is repeated, misspelt or has a wrong value.
    """
    given: dict[str, str] = {}
    errors = ErrorList()
    for name, value in _parameters(query):
        meant = name if name in _EXPECTED else _similar(name)
        if meant is None:
            continue
        if meant != name:
            known = ", ".join(_EXPECTED)
            errors.add(ErrorDetail(parameter=name, expected=f"one of {known}", did_you_mean=meant))
        elif name in given:
            errors.add(_wrong(name, value, expected="this parameter only once"))
        elif not _VALUES[name].fullmatch(value):
            errors.add(_wrong(name, value, expected=_EXPECTED[name]))
        elif name == TOP_K and not has_classes:
            expected = "a model with classes; this one predicts a number"
            errors.add(_wrong(name, value, expected=expected))
        given[name] = value
    errors.raise_if_any()
    return _options(given)


def asks_explanation(query: bytes) -> bool:
    """Return whether a query string asks for explanations, which take long; it may be wrong."""
    try:
        return (EXPLAIN, "true") in _parameters(query)
    except RequestError:
        return False


def _options(given: Mapping[str, str]) -> PredictOptions:
    return PredictOptions(
        top_k=int(given[TOP_K]) if TOP_K in given else None,
        skips_errors=given.get(ON_ERROR) == "skip",
        outside_training=given.get(OUTSIDE_TRAINING) == "true",
        explains=given.get(EXPLAIN) == "true",
    )


def _parameters(query: bytes) -> list[tuple[str, str]]:
    text = query.partition(b"#")[0].decode("latin-1")  # The fast path passes a fragment, too.
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        detail = f"more than {_MAX_PARAMETERS} query parameters"
        raise RequestError(HTTPStatus.UNPROCESSABLE_CONTENT, detail) from None


def _similar(name: str) -> str | None:
    """Return the parameter that a name is probably meant to be."""
    if len(name) > _MAX_TYPO_CHARACTERS:
        return None
    plain = name.lower().replace("-", "_")
    close = difflib.get_close_matches(plain, _EXPECTED, n=1, cutoff=_MIN_SIMILARITY)
    return close[0] if close else None


def _wrong(name: str, value: str, *, expected: str) -> ErrorDetail:
    return ErrorDetail(parameter=name, value=shortened(value), expected=expected)
