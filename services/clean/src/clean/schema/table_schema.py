"""The schema of a table: schema.json from settings and column types, and its fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from stage_contract import Artifact, SettingsError, did_you_mean

from clean.schema.field_descriptions import ColumnType, declared_type, describe_field
from clean.schema.fields import Field, read_field
from clean.settings import Column, Settings


def check_columns(settings: Settings, names: list[str], *, source: Artifact) -> None:
    """Check the column settings against the table of `source` before its rows are read.

    Raises:
        SettingsError: A column is not in the table, or a rule does not fit its declared type.
    """
    for name, column in settings.columns.items():
        if name not in names:
            hint = source.skipped_hint(name) or did_you_mean(name, names)
            raise SettingsError(f"[clean.columns.{name}] the table has no such column{hint}")
        if kind := declared_type(column):
            [field] = read_fields(describe_schema(settings, {name: ColumnType(kind)}))
            _check_words(field, column)


def describe_schema(settings: Settings, types: Mapping[str, ColumnType]) -> dict[str, Any]:
    """Return schema.json for columns of these types."""
    fields = [describe_column(name, column_type, settings) for name, column_type in types.items()]
    return {"fields": fields, "missingValues": settings.missing, "timezone": settings.timezone}


def describe_column(name: str, column_type: ColumnType, settings: Settings) -> dict[str, Any]:
    """Return the field of a column for schema.json."""
    column = column_settings(settings, name)
    keys = dict(column_type.keys)
    missing = _missing(settings, column, keys.get("missingValues"))
    if missing != settings.missing:
        keys["missingValues"] = missing
    return describe_field(name, kind=column_type.kind, column=column, keys=keys)


def read_fields(schema: Mapping[str, Any]) -> list[Field]:
    """Return the fields of schema.json as objects.

    Raises:
        SettingsError: A rule does not fit its field's type.
    """
    missing, timezone = schema["missingValues"], schema["timezone"]
    return [
        read_field(description, missing=missing, timezone=timezone)
        for description in schema["fields"]
    ]


def declares_missing(settings: Settings, name: str) -> bool:
    """Return whether the settings declare the missing tokens of a column."""
    return (
        column_settings(settings, name).missing is not None
        or "missing" in settings.model_fields_set
    )


def _missing(
    settings: Settings, column: Column, inferred: Sequence[str] | None = None
) -> list[str]:
    """Return the missing tokens of a column, without texts that its settings name as values."""
    named = {*(column.true_values or []), *(column.false_values or []), *(column.synonyms or {})}
    named |= {choice for choice in column.enum or [] if isinstance(choice, str)}
    tokens = settings.missing if inferred is None else inferred
    return [token for token in tokens if token not in named]


def _check_words(field: Field, column: Column) -> None:
    """Check that the words in the settings can match normalized texts."""
    if not field.normalization:
        return
    try:
        field.normalization.check_words(
            [word for word in column.enum or [] if isinstance(word, str)]
        )
    except ValueError as error:
        raise SettingsError(f"[clean.columns.{field.name}] synonyms, enum: {error}") from None


def column_settings(settings: Settings, name: str) -> Column:
    """Return the settings of a column, or empty ones."""
    return settings.columns.get(name, Column())
