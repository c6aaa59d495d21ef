"""Deciding the schema: what the settings declare, and what the table's values say."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
from stage_contract import SettingsError, did_you_mean

from clean.arrays import to_arrow
from clean.arrow_types import is_text, native_type
from clean.field_types import FieldType
from clean.fields import Field, read_field
from clean.inference import Inference, IntegerInference, TextInference
from clean.schema import declared_type, describe_field
from clean.settings import Column, Settings


def check_columns(settings: Settings, names: list[str]) -> None:
    """Check the settings of columns against a table before its rows are read.

    Raises:
        SettingsError: a column is not in the table, or a rule does not fit its declared type.
    """
    for name, column in settings.columns.items():
        if name not in names:
            hint = did_you_mean(name, names)
            raise SettingsError(f"[clean.columns.{name}] the table has no such column{hint}")
        if kind := declared_type(column):
            [field] = read_fields(describe(settings, {name: kind}))
            _check_words(field, column)


def start_inferences(schema: pa.Schema, settings: Settings, *, rows: int) -> dict[str, Inference]:
    """Return an inference for each column whose type only its values tell."""
    is_untyped = all(is_text(field.type) for field in schema)
    inferences: dict[str, Inference] = {}
    for field in schema:
        if declared_type(_column(settings, field.name)):
            continue
        rules = _inference_rules(field.name, settings)
        if is_untyped:
            inferences[field.name] = TextInference(rules, rows=rows)
        elif native_type(field.type) == "integer":
            inferences[field.name] = IntegerInference(rules)
    return inferences


def look_at(frame: pd.DataFrame, inferences: Mapping[str, Inference]) -> None:
    """Show the next batch of the table to all inferences."""
    for name, inference in inferences.items():
        inference.add(to_arrow(frame[name]), first_row=int(frame.index[0]))


def decide_types(
    schema: pa.Schema, settings: Settings, inferences: Mapping[str, Inference]
) -> dict[str, FieldType]:
    """Return the type of each column: declared, inferred, or the one that the source has."""
    types: dict[str, FieldType] = {}
    for field in schema:
        declared = declared_type(_column(settings, field.name))
        inference = inferences.get(field.name)
        inferred = inference.decide() if inference else native_type(field.type)
        types[field.name] = declared or inferred or "string"
    return types


def describe(settings: Settings, types: Mapping[str, FieldType]) -> dict[str, Any]:
    """Return schema.json for columns of these types."""
    fields = [
        describe_field(name, kind=kind, column=_column(settings, name))
        for name, kind in types.items()
    ]
    return {"fields": fields, "missingValues": settings.missing, "timezone": settings.timezone}


def read_fields(schema: Mapping[str, Any]) -> list[Field]:
    """Return the fields of schema.json, ready to be applied.

    Raises:
        SettingsError: a rule does not fit its field's type.
    """
    missing, timezone = schema["missingValues"], schema["timezone"]
    return [
        read_field(description, missing=missing, timezone=timezone)
        for description in schema["fields"]
    ]


def _check_words(field: Field, column: Column) -> None:
    """Check that the texts in the settings are those that a spelling leaves."""
    if not field.spelling:
        return
    try:
        field.spelling.check_words([word for word in column.enum or [] if isinstance(word, str)])
    except ValueError as error:
        raise SettingsError(f"[clean.columns.{field.name}] synonyms, enum: {error}") from None


def _column(settings: Settings, name: str) -> Column:
    return settings.columns.get(name, Column())


def _inference_rules(name: str, settings: Settings) -> Field:
    """Return what inference needs of a column's rules: missing tokens, words and time zone."""
    description = describe_field(name, kind="boolean", column=_column(settings, name))
    return read_field(
        description | {"constraints": {}}, missing=settings.missing, timezone=settings.timezone
    )
