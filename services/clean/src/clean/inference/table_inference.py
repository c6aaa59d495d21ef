"""Type inference for a table: one inference per column, and their combined result."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
from type_inference.decimal_separators import DecimalSeparators

from clean.inference.boolean_words import BooleanDetector
from clean.inference.column_inference import IntegerInference, StringInference, TypeInference
from clean.inference.date_formats import DateFormatDetector
from clean.inference.declared_numbers import DeclaredNumbers
from clean.inference.missing_tokens import MissingTokenInference
from clean.inference.number_formats import NumberFormatDetector
from clean.inference.text_columns import TextInference
from clean.inference.type_hint import TypeHint
from clean.parsing.arrays import to_arrow
from clean.parsing.arrow_types import is_text, native_type
from clean.schema.field_descriptions import ColumnType, declared_type, setting_name
from clean.schema.fields import Field, read_field
from clean.schema.table_schema import column_settings, declares_missing, describe_column
from clean.schema.toml_text import settings_table
from clean.settings import Column, Settings
from clean.tables.input_artifact import ambiguous_target


def start_inferences(
    schema: pa.Schema, settings: Settings, *, rows: int
) -> dict[str, TypeInference]:
    """Start type inference for each column whose type or missing tokens depend on its values."""
    is_untyped = all(is_text(field.type) for field in schema)
    inferences: dict[str, TypeInference] = {}
    for field in schema:
        column, name = column_settings(settings, field.name), field.name
        declared, are_tokens_declared = declared_type(column), declares_missing(settings, name)
        rules = _inference_rules(name, settings)
        if is_untyped and not declared:
            inferences[name] = _text_inference(
                rules, column, rows=rows, are_tokens_declared=are_tokens_declared
            )
        elif is_untyped and declared == "number" and not _declares_format(column):
            inferences[name] = DeclaredNumbers(rules)
        elif native_type(field.type) == "integer" and not declared:
            inferences[name] = IntegerInference(rules)
        elif is_text(field.type) and declared in {None, "string"} and not are_tokens_declared:
            inferences[name] = StringInference(MissingTokenInference(rules=rules))
    return inferences


def start_type_hints(schema: pa.Schema, settings: Settings, *, rows: int) -> dict[str, TypeHint]:
    """Return a type hint for each undeclared text column of a typed source."""
    texts = [field.name for field in schema if is_text(field.type)]
    if len(texts) == len(schema):
        return {}
    return {
        name: TypeHint(_hint_inference(_inference_rules(name, settings), rows))
        for name in texts
        if not declared_type(column_settings(settings, name))
    }


def update_inferences(
    frame: pd.DataFrame, inferences: Mapping[str, TypeInference | TypeHint]
) -> None:
    """Pass the next batch of the table to all inferences."""
    for name, inference in inferences.items():
        inference.add(to_arrow(frame[name]), first_row=int(frame.index[0]))


def share_decimal_separators(inferences: Mapping[str, TypeInference], settings: Settings) -> None:
    """Give each number column the decimal separators of the other columns."""
    separators = DecimalSeparators()
    for name, column in settings.columns.items():
        if column.decimal_char or column.group_char == ",":
            separators.add(name, column.decimal_char or ".", is_plain=False)
    declared = {
        name: inference
        for name, inference in inferences.items()
        if isinstance(inference, DeclaredNumbers)
    }
    for name, numbers in declared.items():
        if numbers.shows_point:
            separators.add(name, ".", is_plain=True)
    texts = {
        name: inference
        for name, inference in inferences.items()
        if isinstance(inference, TextInference)
    }
    for name, inference in texts.items():
        if decimal := inference.decimal():
            is_plain = inference.numbers is not None and inference.numbers.is_plain
            separators.add(name, decimal, is_plain=is_plain)
    for inference in texts.values():
        if inference.numbers:
            inference.numbers.table = separators
    for numbers in declared.values():
        numbers.table = separators


def find_ambiguities(
    inferences: Mapping[str, TypeInference], *, target: str | None
) -> dict[str, str]:
    """Return the ambiguity of each column that becomes a string because of it.

    Raises:
        ContractError: The target is ambiguous.
    """
    ambiguities = {
        name: ambiguity
        for name, inference in inferences.items()
        if (ambiguity := inference.ambiguity())
    }
    if target in ambiguities:
        raise ambiguous_target(target, ambiguities[target])
    return ambiguities


def infer_types(
    schema: pa.Schema, settings: Settings, inferences: Mapping[str, TypeInference]
) -> dict[str, ColumnType]:
    """Return the type of each column: the declared, inferred or source type."""
    types: dict[str, ColumnType] = {}
    for field in schema:
        declared = declared_type(column_settings(settings, field.name))
        if inference := inferences.get(field.name):
            types[field.name] = inference.infer()
        else:
            types[field.name] = ColumnType(declared or native_type(field.type) or "string")
    return types


def explain(settings: Settings, types: Mapping[str, ColumnType]) -> list[str]:
    """Return a log line for each column that has an inferred format, or a reason for its type."""
    return [
        _explain_column(name, column, settings)
        for name, column in types.items()
        if column.kind != "string" and (column.keys or column.why)
    ]


def _explain_column(name: str, column: ColumnType, settings: Settings) -> str:
    why = column.why and column.why.replace("{where}", settings_table(name))
    if not column.keys:
        return f"column {name}: {column.kind}; {why}"
    return (
        f"column {name}: {column.kind} with {_format_keys(column.keys, settings.missing)},"
        f" inferred from all of its values{f', and {why}' if why else ''};"
        f" keys in {settings_table(name)} take precedence"
    )


def _format_keys(keys: Mapping[str, Any], missing: list[str]) -> str:
    shown = {
        setting_name(key): [text for text in value if text not in missing]
        if key == "missingValues"
        else value
        for key, value in keys.items()
    }
    return ", ".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in shown.items()
    )


def _text_inference(
    rules: Field, column: Column, *, rows: int, are_tokens_declared: bool
) -> TextInference:
    token_inference = MissingTokenInference(rules=rules, are_tokens_declared=are_tokens_declared)
    if any(isinstance(choice, str) for choice in column.enum or []):
        # The enum lists texts as written in the source; a number or date format would change them.
        return TextInference(rules, rows, token_inference, detects_missing_marks=False)
    return TextInference(
        rules,
        rows,
        token_inference,
        detects_missing_marks=column.missing is None,
        numbers=NumberFormatDetector(has_unit=bool(column.unit)),
        detectors=(BooleanDetector(), DateFormatDetector(timezone=rules.timezone)),
    )


def _declares_format(column: Column) -> bool:
    return bool(column.affixes or column.group_char or column.decimal_char or column.percent)


def _hint_inference(rules: Field, rows: int) -> TextInference:
    return TextInference(
        rules,
        rows,
        MissingTokenInference(rules=rules, are_tokens_declared=True),
        detects_missing_marks=False,
    )


def _inference_rules(name: str, settings: Settings) -> Field:
    """Return the field that inference parses by: missing tokens, boolean words and time zone."""
    kind = declared_type(column_settings(settings, name)) or "boolean"
    description = describe_column(name, ColumnType(kind), settings)
    return read_field(
        description | {"constraints": {}}, missing=settings.missing, timezone=settings.timezone
    )
