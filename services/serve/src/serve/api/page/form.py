"""GET /page/form: the columns of the live model as a form shows them, with examples."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from stage_contract import LOGGER
from stage_contract.artifacts.plain_files import read_plain

from serve import __version__
from serve.api.dependencies import LiveModel, LiveService, page_is_served
from serve.api.page.responses import SECURITY, entity_tag, is_current, not_modified
from serve.codecs.media_types import MODEL_ID
from serve.codecs.predictions import class_text
from serve.model.examples import read_examples
from serve.model.models import Model
from serve.runtime.access import public_paths
from serve.schema.cells import Rules
from serve.schema.signature import Column
from serve.schema.text_formats import text_example
from serve.settings import Settings
from serve.source.file_formats import read_formats

_MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_MAX_EXAMPLES: Final = 20
_QUANTILES: Final = 7
_OF_PRIVATE: Final = (
    *("name", "type", "format", "unit", "description", "private", "percent"),
    *("constraints", "observed"),
)
"""Facts that are shown of a private column; other rules may hold values of it."""


class _Distribution(msgspec.Struct, frozen=True):
    """The training target: quantiles of numbers, or the share of each class."""

    rows: int
    quantiles: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()


class _Reference(msgspec.Struct, frozen=True):
    """The part of reference.json that the form shows."""

    target: _Distribution | None = None


router = APIRouter(include_in_schema=False)


@router.get("/page/form", dependencies=[Depends(page_is_served)])
def form(  # in a thread, because it reads files
    request: Request, service: LiveService, model: LiveModel
) -> Response:
    """Return the form of the live model as JSON."""
    tag = entity_tag("form", __version__, model.id, service.settings)
    if is_current(request, tag):
        return not_modified(tag)
    content = json.dumps(form_of(model, service.settings), ensure_ascii=False, allow_nan=False)
    headers = {**SECURITY, "etag": tag, MODEL_ID.decode(): model.id}
    return Response(content, media_type="application/json", headers=headers)


def form_of(model: Model, settings: Settings) -> dict[str, Any]:
    """Return everything that a form for one row needs, without a value of a private column."""
    description = model.description
    about = json.loads(model.about)
    classes = description.classes
    return {
        "model": model.id,
        "task": description.task,
        "target": about["target"],
        "classes": None if classes is None else [class_text(value) for value in classes],
        "interval": msgspec.to_builtins(description.interval),
        "decision": msgspec.to_builtins(description.decision),
        "timezone": description.signature.timezone,
        "missingValues": description.signature.missing_values,
        "fields": [*_fields(model)],
        "examples": [{"row": row} for row in _example_rows(model)],
        "predictions": _distribution(model, about["target"]),
        "source": _source(about),
        "limits": {"max_rows": settings.max_rows, "max_body_bytes": settings.max_body_bytes},
        "needs_key": needs_key(settings),
    }


def needs_key(settings: Settings) -> bool:
    """Return whether a prediction requires an API key."""
    return settings.api_keys_file is not None and not public_paths(settings.public)("/predict")


def _fields(model: Model) -> Iterator[dict[str, Any]]:
    """Yield the columns, the most important first; without importance in the model's order."""
    known = model.description.importance
    losses = {each.name: each.loss for each in known.columns} if known else {}
    ranks = {name: rank for rank, name in enumerate(losses)}
    for rules in sorted(
        model.rows.rules.values(), key=lambda rules: ranks.get(rules.column.name, len(ranks))
    ):
        yield _field(rules) | {"importance": losses.get(rules.column.name)}


def _field(rules: Rules) -> dict[str, Any]:
    column = rules.column
    facts = _given(msgspec.to_builtins(column))
    del facts["input"]
    if column.private:
        facts = {name: facts[name] for name in _OF_PRIVATE if name in facts}
    return facts | {
        "private": column.private,
        "required": column.is_required,
        "expected": rules.expected_json,
        "accepts": text_example(column),
    }


def _given(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that are set."""
    return {
        name: _given(fact) if isinstance(fact, dict) else fact
        for name, fact in facts.items()
        if fact is not None and fact is not False and fact not in ("", ())
    }


def _example_rows(model: Model) -> list[dict[str, Any]]:
    """Return held-out rows without private columns, and without texts that training never had."""
    lines = read_plain(model.folder / "examples.jsonl", most=_MAX_FILE_BYTES)
    shown = [column for column in model.description.signature.fields if not column.private]
    rows = [
        {column.name: example.row.get(column.name) for column in shown}
        for example in read_examples(lines)
    ]
    usual = [row for row in rows if all(_is_listed(row[each.name], each) for each in shown)]
    return (usual or rows)[:_MAX_EXAMPLES]


def _is_listed(value: object, column: Column) -> bool:
    """Whether a value is one of the column's categories, if any are listed."""
    listed = [each.value for each in column.observed.categories] if column.observed else []
    return value is None or not listed or str(value) in listed


def _distribution(model: Model, target: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return how the target is distributed in training; None if it is private or not described."""
    hidden = model.description.signature.private_names
    if hidden.intersection([target["name"], target.get("column", target["name"])]):
        return None
    content = read_plain(model.folder / "reference.json", most=_MAX_FILE_BYTES)
    try:
        found = msgspec.json.decode(content, type=_Reference).target
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        LOGGER.warning("reference.json: %s; the page shows no distribution", error)
        return None
    count = len(model.description.classes or ())
    if found is None or (len(found.quantiles), len(found.shares)) != (
        (0, count) if count else (_QUANTILES, 0)
    ):
        return None
    return _given(msgspec.to_builtins(found))


def _source(about: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the CSV format of the source; None if it was no CSV file."""
    for form in read_formats(about):
        if form.dialect is not None:
            dialect: dict[str, Any] = msgspec.to_builtins(form.dialect)
            return dialect | {"encoding": form.encoding}
    return None
