"""GET /page/form: the columns of the live model as a form shows them, with examples."""

import json
from collections.abc import Collection, Iterator, Mapping
from io import BytesIO
from itertools import islice
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request, Response
from stage_contract import LOGGER, Artifact, ContractError
from stage_contract.artifacts.manifests import MANIFEST

from serve import __version__
from serve.api.dependencies import LiveModel, LiveService, damaged, require_page
from serve.api.page.published_model import mark_of
from serve.api.page.responses import SECURITY, Renderings, entity_tag, is_current, not_modified
from serve.codecs.media_types import MODEL_ID
from serve.codecs.predictions import class_text
from serve.model.artifact_files import open_same, read_verified
from serve.model.examples import read_examples
from serve.model.models import Model
from serve.model.reference import MAX_REFERENCE_BYTES
from serve.runtime.access import public_paths
from serve.schema.cells import Rules
from serve.schema.signature import Column
from serve.schema.text_formats import text_example
from serve.schema.values import EXPECTED
from serve.settings import Settings
from serve.source.file_formats import read_formats

_FILES: Final = ("examples.jsonl", "reference.json")
_MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_MAX_EXAMPLES: Final = 20
_MAX_LINES: Final = 1000
"""Maximum number of lines in which usual examples are looked for."""
_MAX_BYTES: Final = 1024 * 1024
"""Maximum size of the lines that are looked at; the first one may be larger."""
_QUANTILES: Final = 7
_OF_PRIVATE: Final = (
    *("name", "type", "format", "unit", "description", "private", "percent"),
    *("constraints", "observed"),
)
"""Facts that are shown of a private column; other rules may hold values of it."""
_RULES_OF_PRIVATE: Final = ("required", "minLength", "maxLength", "pattern")
"""Constraints that are shown of a private column; a list or a range would tell values of it."""


class _Distribution(msgspec.Struct, frozen=True):
    """The training target: quantiles of numbers, or the share of each class."""

    rows: int
    quantiles: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()


class _About(msgspec.Struct, frozen=True):
    """The parts of the response of GET /model that the form shows."""

    target: dict[str, msgspec.Raw]
    lineage: msgspec.Raw


class _Reference(msgspec.Struct, frozen=True):
    """The part of reference.json that the form shows."""

    target: _Distribution | None = None


router = APIRouter(include_in_schema=False)
_forms = Renderings[str](max_kept=1)


@router.get("/page/form", dependencies=[Depends(require_page)])
def form(  # in a thread, because it reads files
    request: Request, service: LiveService, model: LiveModel
) -> Response:
    """Return the form of the live model as JSON."""
    tag = entity_tag("form", __version__, model.id, service.settings)
    if is_current(request, tag):
        return not_modified(tag)
    marks = tuple(mark_of(model.folder / name) for name in (MANIFEST, *_FILES))
    try:
        content = _forms.get(
            (model.folder, model.content, tag, marks),
            lambda: json.dumps(
                form_of(model, service.settings), ensure_ascii=False, allow_nan=False
            ),
        )
    except ContractError as error:
        raise damaged(model, error) from None
    headers = {**SECURITY, "etag": tag, MODEL_ID.decode(): model.id}
    return Response(content, media_type="application/json", headers=headers)


def form_of(model: Model, settings: Settings) -> dict[str, Any]:
    """Return everything that a form for one row needs, without a value of a private column."""
    description = model.description
    artifact = open_same(model.folder, model.content)
    about = msgspec.json.decode(model.about, type=_About)
    classes = description.classes
    return {
        "model": model.id,
        "task": description.task,
        "target": {"name": description.target.name, "type": description.target.type},
        "classes": None if classes is None else [class_text(value) for value in classes],
        "interval": msgspec.to_builtins(description.interval),
        "quantiles": msgspec.to_builtins(description.quantiles),
        "decision": msgspec.to_builtins(description.decision),
        "timezone": description.signature.timezone,
        "missingValues": description.signature.missing_values,
        "fields": [*_fields(model)],
        "examples": [{"row": row} for row in _example_rows(model, artifact)],
        "predictions": _distribution(model, artifact, about.target),
        "sources": _sources({"lineage": msgspec.json.decode(about.lineage)}),
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
        rules_shown = facts["constraints"]
        facts["constraints"] = {
            name: rules_shown[name] for name in _RULES_OF_PRIVATE if name in rules_shown
        }
    # The words of a boolean are its values.
    has_hidden_words = column.private and column.type == "boolean"
    return facts | {
        "private": column.private,
        "required": column.is_required,
        "expected": EXPECTED[column.type] if has_hidden_words else rules.expected_json,
        "accepts": None if has_hidden_words else text_example(column),
    }


def _given(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that are set."""
    return {
        name: _given(fact) if isinstance(fact, dict) else fact
        for name, fact in facts.items()
        if fact is not None and fact is not False and fact not in ("", ())
    }


def _example_rows(model: Model, artifact: Artifact) -> list[dict[str, Any]]:
    """Return held-out rows without private columns, and without texts that training never had."""
    content = read_verified(artifact, "examples.jsonl", max_bytes=_MAX_FILE_BYTES)
    shown = [column for column in model.description.signature.fields if not column.private]
    usual: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    left = _MAX_BYTES
    for line in islice(filter(bytes.strip, BytesIO(content)), _MAX_LINES):
        left -= len(line)
        if len(usual) == _MAX_EXAMPLES or (left < 0 and (usual or others)):
            break
        [example] = read_examples(line)
        row = {column.name: example.row.get(column.name) for column in shown}
        is_usual = all(_is_listed(row[each.name], each) for each in shown)
        (usual if is_usual else others).append(row)
    return (usual or others)[:_MAX_EXAMPLES]


def _is_listed(value: object, column: Column) -> bool:
    """Whether a value is one of the column's categories, if any are listed."""
    listed = [each.value for each in column.observed.categories] if column.observed else []
    return value is None or not listed or str(value) in listed


def _distribution(
    model: Model, artifact: Artifact, target: Mapping[str, msgspec.Raw]
) -> dict[str, Any] | None:
    """Return how the target is distributed in training; None if it is private or not described."""
    hidden = model.description.signature.private_names
    if _is_hidden(model.description.target.name, target.get("column"), hidden):
        return None
    if not any(entry["path"] == "reference.json" for entry in artifact.manifest["files"]):
        return None
    content = read_verified(artifact, "reference.json", max_bytes=MAX_REFERENCE_BYTES)
    try:
        found = msgspec.json.decode(content, type=_Reference).target
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        LOGGER.warning("reference.json: %s; the page shows no distribution", error)
        return None
    count = len(model.description.classes or ())
    if found is None or (len(found.quantiles), len(found.shares)) != (
        (0, count) if count else (_QUANTILES, 0)
    ):
        return None
    return _given(msgspec.to_builtins(found))


def _is_hidden(name: str, column: msgspec.Raw | None, hidden: Collection[str]) -> bool:
    """Whether the target, or the column that it was made from, is private or unknown."""
    if column is None:
        return name in hidden
    try:
        made_from = msgspec.json.decode(column, type=str)
    except msgspec.DecodeError:
        return True
    return name in hidden or made_from in hidden


def _sources(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the different CSV formats of the source, in the order in which the API tries them."""
    formats = dict.fromkeys(
        (form.dialect, form.encoding) for form in read_formats(about) if form.dialect is not None
    )
    return [msgspec.to_builtins(dialect) | {"encoding": encoding} for dialect, encoding in formats]
