"""Serve: it cleans the cells of a request as the contract's test vectors say, from JSON and CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import httpx

from conformance.harness.faults import Fault
from conformance.harness.subject import EXAMPLES, Subject
from conformance.serving.clients import Client
from conformance.serving.echo_models import Column, EchoModel, code_of, echo_model
from conformance.serving.http_checks import http_check
from conformance.serving.switching import served

type Vector = Mapping[str, Any]
type Case = tuple[Column, Vector]

VECTORS = EXAMPLES / "vectors"
_FIX = "see contract/reference/cleaning-one-row.md"
_TARGET = "price"


def _length(text: str, about: str, *, is_valid: bool, **constraints: int) -> Vector:
    """Return a vector of a text field; a valid text is its own value."""
    field = {"type": "string", "constraints": constraints}
    outcome = {"value": text} if is_valid else {"error": "constraint"}
    return {"about": about, "field": field, "text": text, "json": text, **outcome}


_FAMILY = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
_ACCENTED = "e\N{COMBINING ACUTE ACCENT}"
LENGTHS: Sequence[Vector] = (
    _length("👍👍", "maxLength counts an emoji once", is_valid=True, maxLength=2),
    _length("👍👍👍", "maxLength counts each emoji", is_valid=False, maxLength=2),
    _length("👍👍", "minLength counts each emoji", is_valid=True, minLength=2),
    _length("👍", "minLength counts an emoji once", is_valid=False, minLength=2),
    _length(_FAMILY, "minLength counts the parts of an emoji", is_valid=True, minLength=3),
    _length(_FAMILY, "maxLength counts the parts of an emoji", is_valid=False, maxLength=2),
    _length(_ACCENTED, "minLength counts a combining accent", is_valid=True, minLength=2),
    _length(_ACCENTED, "maxLength counts a combining accent", is_valid=False, maxLength=1),
)
"""Lengths that differ in code points, UTF-16 units, bytes, and characters as people see them."""


@http_check(
    "vectors",
    promise="JSON values and CSV cells are cleaned as vectors/cleaning.json says",
)
def vectors(subject: Subject) -> None:
    for model in _models("cleaning.json"):
        with served(subject, model.publish(subject.scratch())) as client:
            _check_vectors(client, model)


@http_check(
    "vectors-1.1",
    promise="JSON values and CSV cells are cleaned as vectors/cleaning-1.1.json says, or a model"
    " with its keys is refused",
)
def vectors_of_1_1(subject: Subject) -> None:
    refusal = "it refuses models with the keys of contract 1.1"
    for model in _models("cleaning-1.1.json"):
        with served(subject, model.publish(subject.scratch()), refusal=refusal) as client:
            _check_vectors(client, model)


@http_check(
    "text-lengths",
    promise="minLength and maxLength count code points, in JSON and in CSV",
)
def text_lengths(subject: Subject) -> None:
    model = echo_model(LENGTHS, timezone="UTC")
    with served(subject, model.publish(subject.scratch())) as client:
        _check_vectors(client, model)


def _models(name: str) -> Iterator[EchoModel]:
    """Yield a model for the vectors of each time zone."""
    found: list[Vector] = json.loads((VECTORS / name).read_bytes())
    zones = {vector.get("timezone", "UTC") for vector in found}
    for zone in sorted(zones):
        yield echo_model([v for v in found if v.get("timezone", "UTC") == zone], timezone=zone)


def _check_vectors(client: Client, model: EchoModel) -> None:
    for key, ask in _ASK.items():
        cases = [(column, vector) for column, vector in model.vectors if key in vector]
        good = [case for case in cases if "error" not in case[1]]
        _check_values(client, model, key, good)
        for column, vector in cases:
            if "error" in vector:
                answer = ask(client, model, [(column, vector)])
                _check_refused(answer, column, vector, key)


def _check_values(client: Client, model: EchoModel, key: str, cases: Sequence[Case]) -> None:
    ask = _ASK[key]
    answer = ask(client, model, cases)
    if answer.status_code != 200:
        # One at a time, to find out which one is refused.
        for case in cases:
            alone = ask(client, model, [case])
            if alone.status_code != 200:
                raise _fault(alone, *case, key, found=f"{alone.status_code}: {alone.text}")
        raise Fault(
            f"POST /predict refuses {len(cases)} rows together that it accepts one by one",
            _FIX,
            found=f"{answer.status_code}: {answer.text}",
        )
    found = _predictions(answer, key)
    if len(found) != len(cases):
        raise Fault(
            f"POST /predict answers {len(found)} predictions to {len(cases)} rows",
            "answer each row, in the order of the request",
        )
    meaning = {code_of(*case): case[1] for case in cases}
    for case, prediction in zip(cases, found, strict=True):
        if round(prediction) == code_of(*case):
            continue
        other = meaning.get(round(prediction), {})
        raise _fault(answer, *case, key, found=other.get("value", "another value"))


def _check_refused(answer: httpx.Response, column: Column, vector: Vector, key: str) -> None:
    if answer.status_code == 200:
        raise _fault(answer, column, vector, key, found="accepted")
    if answer.status_code != 422 or column.name not in answer.text:
        raise _fault(answer, column, vector, key, found=f"{answer.status_code}: {answer.text}")


def _fault(
    answer: httpx.Response, column: Column, vector: Vector, key: str, *, found: Any
) -> Fault:
    field = {name: value for name, value in column.field.items() if name != "name"}
    wrong = f"422 that names the column '{column.name}' ({vector.get('error')})"
    return Fault(
        f"POST {answer.request.url.path}, a cell as {'JSON' if key == 'json' else 'CSV'}:"
        f" {vector['about']}; the field is {json.dumps(field, ensure_ascii=False)}",
        _FIX,
        row={column.name: vector[key]},
        expected=wrong if "error" in vector else vector["value"],
        found=found,
    )


def _ask_json(client: Client, model: EchoModel, cases: Sequence[Case]) -> httpx.Response:
    rows = [model.row(column, vector["json"]) for column, vector in cases]
    return client.ask(rows, protocol="predict")


def _ask_csv(client: Client, model: EchoModel, cases: Sequence[Case]) -> httpx.Response:
    text = io.StringIO()
    names = [column.name for column in model.columns]
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(model.row(column, vector["text"]) for column, vector in cases)
    return client.http.post(
        "/predict", content=text.getvalue().encode(), headers={"content-type": "text/csv"}
    )


_ASK: Mapping[str, Callable[[Client, EchoModel, Sequence[Case]], httpx.Response]] = (
    MappingProxyType({"json": _ask_json, "text": _ask_csv})
)
"""How to send the cells of test vectors, by the key of a vector that holds them."""


def _predictions(answer: httpx.Response, key: str) -> list[float]:
    try:
        if key == "json":
            return [float(each[_TARGET]) for each in answer.json()["predictions"]]
        rows = csv.DictReader(io.StringIO(answer.content.decode(), newline=""))
        return [float(row[f"predicted_{_TARGET}"]) for row in rows]
    except (KeyError, TypeError, ValueError) as error:
        raise Fault(
            f"POST /predict answers {answer.text} ({error!r})", "see contract/reference/api.md"
        ) from None
