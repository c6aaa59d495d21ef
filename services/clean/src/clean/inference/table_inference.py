"""Deciding the schema: what the settings declare, and what the table's values say."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from stage_contract import SettingsError, did_you_mean

from clean.inference.decimal_separators import Separators
from clean.inference.detectors import Found, LayoutGuess, WordGuess
from clean.inference.missing_tokens import TokenLook
from clean.inference.number_formats import NumberGuess
from clean.inference.text_columns import (
    Inference,
    IntegerInference,
    MeantTexts,
    StringInference,
    TextInference,
)
from clean.parsing.arrays import to_arrow
from clean.parsing.arrow_types import is_text, native_type
from clean.schema.field_descriptions import declared_type, describe_field, setting_of
from clean.schema.fields import Field, read_field
from clean.schema.toml_text import where_of
from clean.settings import Column, Settings
from clean.tables.input_artifact import doubtful_target


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
            [field] = read_fields(describe(settings, {name: Found(kind)}))
            _check_words(field, column)


def start_inferences(schema: pa.Schema, settings: Settings, *, rows: int) -> dict[str, Inference]:
    """Return an inference for each column of which only its values tell type or missing tokens."""
    is_untyped = all(is_text(field.type) for field in schema)
    inferences: dict[str, Inference] = {}
    for field in schema:
        column, name = _column(settings, field.name), field.name
        declared, is_stated = declared_type(column), states_missing(settings, name)
        rules = _inference_rules(name, settings)
        if is_untyped and not declared:
            inferences[name] = _look_at_texts(rules, column, rows=rows, is_stated=is_stated)
        elif native_type(field.type) == "integer" and not declared:
            inferences[name] = IntegerInference(rules)
        elif is_text(field.type) and declared in {None, "string"} and not is_stated:
            inferences[name] = StringInference(TokenLook(rules))
    return inferences


def start_meant_texts(schema: pa.Schema, settings: Settings, *, rows: int) -> dict[str, MeantTexts]:
    """Return a look at each column of texts of a typed source whose type is not declared."""
    texts = [field.name for field in schema if is_text(field.type)]
    if len(texts) == len(schema):
        return {}
    return {
        name: MeantTexts(_meant_texts(_inference_rules(name, settings), rows))
        for name in texts
        if not declared_type(_column(settings, name))
    }


def look_at(frame: pd.DataFrame, inferences: Mapping[str, Inference | MeantTexts]) -> None:
    """Show the next batch of the table to all inferences."""
    for name, inference in inferences.items():
        inference.add(to_arrow(frame[name]), first_row=int(frame.index[0]))


def compare_columns(inferences: Mapping[str, Inference], settings: Settings) -> None:
    """Tell each column of numbers, after the last row, which decimal character the others have."""
    table = Separators()
    for name, column in settings.columns.items():
        if column.decimal_char or column.group_char == ",":
            table.add(name, column.decimal_char or ".", is_plain=False)
        elif declared_type(column) == "number" and not (column.affixes or column.percent):
            table.add(name, ".", is_plain=True)
    texts = {name: it for name, it in inferences.items() if isinstance(it, TextInference)}
    for name, inference in texts.items():
        if decimal := inference.decimal():
            is_plain = inference.numbers is not None and inference.numbers.is_plain
            table.add(name, decimal, is_plain=is_plain)
    for inference in texts.values():
        if inference.numbers:
            inference.numbers.table = table


def find_doubts(inferences: Mapping[str, Inference], *, target: str | None) -> dict[str, str]:
    """Return in which two ways a column can be read, of each that becomes a string for it.

    Raises:
        ContractError: the target is one of them.
    """
    doubts = {name: doubt for name, it in inferences.items() if (doubt := it.doubt())}
    if target in doubts:
        raise doubtful_target(target, doubts[target])
    return doubts


def decide_types(
    schema: pa.Schema, settings: Settings, inferences: Mapping[str, Inference]
) -> dict[str, Found]:
    """Return what each column holds: declared, inferred, or the type that the source has."""
    found: dict[str, Found] = {}
    for field in schema:
        declared = declared_type(_column(settings, field.name))
        if inference := inferences.get(field.name):
            found[field.name] = inference.decide()
        else:
            found[field.name] = Found(declared or native_type(field.type) or "string")
    return found


def explain(settings: Settings, found: Mapping[str, Found]) -> list[str]:
    """Return a line for each column whose texts were found to be of another form, or in doubt."""
    return [
        _explained(name, column, settings)
        for name, column in found.items()
        if column.kind != "string" and (column.keys or column.why)
    ]


def _explained(name: str, column: Found, settings: Settings) -> str:
    why = column.why and column.why.replace("{where}", where_of(name))
    if not column.keys:
        return f"column {name}: {column.kind}; {why}"
    return (
        f"column {name}: {column.kind} with {_told(column.keys, settings.missing)},"
        f" as all of its values are{f', and {why}' if why else ''};"
        f" keys in {where_of(name)} come first"
    )


def _told(keys: Mapping[str, Any], missing: list[str]) -> str:
    shown = {
        setting_of(key): [text for text in value if text not in missing]
        if key == "missingValues"
        else value
        for key, value in keys.items()
    }
    return ", ".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in shown.items()
    )


def describe(settings: Settings, found: Mapping[str, Found]) -> dict[str, Any]:
    """Return schema.json for columns that hold this."""
    fields = [_describe(name, column, settings) for name, column in found.items()]
    return {"fields": fields, "missingValues": settings.missing, "timezone": settings.timezone}


def _describe(name: str, found: Found, settings: Settings) -> dict[str, Any]:
    column = _column(settings, name)
    keys = dict(found.keys)
    missing = _missing(settings, column, keys.get("missingValues"))
    if missing != settings.missing:
        keys["missingValues"] = missing
    return describe_field(name, kind=found.kind, column=column, keys=keys)


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


def _look_at_texts(rules: Field, column: Column, *, rows: int, is_stated: bool) -> TextInference:
    look = TokenLook(rules, is_stated=is_stated)
    if any(isinstance(choice, str) for choice in column.enum or []):
        # The choices name texts as they stand, which another form would not leave.
        return TextInference(rules, rows, look, may_find_marks=False)
    return TextInference(
        rules,
        rows,
        look,
        may_find_marks=column.missing is None,
        numbers=NumberGuess(has_unit=bool(column.unit)),
        guesses=(WordGuess(), LayoutGuess(rules.timezone)),
    )


def _meant_texts(rules: Field, rows: int) -> TextInference:
    return TextInference(rules, rows, TokenLook(rules, is_stated=True), may_find_marks=False)


def states_missing(settings: Settings, name: str) -> bool:
    """Return whether the user says which texts of a column mean missing."""
    return _column(settings, name).missing is not None or "missing" in settings.model_fields_set


def _missing(settings: Settings, column: Column, found: Sequence[str] | None = None) -> list[str]:
    """Return a column's missing tokens: none that its own settings name as a value is one."""
    named = {*(column.true_values or []), *(column.false_values or []), *(column.synonyms or {})}
    named |= {choice for choice in column.enum or [] if isinstance(choice, str)}
    tokens = settings.missing if found is None else found
    return [token for token in tokens if token not in named]


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
    kind = declared_type(_column(settings, name)) or "boolean"
    description = _describe(name, Found(kind), settings)
    return read_field(
        description | {"constraints": {}}, missing=settings.missing, timezone=settings.timezone
    )
