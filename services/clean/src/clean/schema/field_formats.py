"""The format keys of a field in schema.json: normalization, number format and date format."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
from stage_contract import SettingsError
from type_inference.date_format import DateFormat, parse_date_format
from type_inference.field_types import FieldType
from type_inference.normalization import Normalization
from type_inference.number_format import GROUP_CHARS, NumberFormat

from clean.parsing.datetimes import read_datetime
from clean.schema.field_descriptions import setting_name

_TEXTS: frozenset[FieldType] = frozenset({"string"})
_NUMBERS: frozenset[FieldType] = frozenset({"number", "integer"})
_DATES: frozenset[FieldType] = frozenset({"date", "datetime"})

_TYPES_BY_KEY: dict[str, frozenset[FieldType]] = {
    "unicode": _TEXTS,
    "whitespace": _TEXTS,
    "case": _TEXTS,
    "synonyms": _TEXTS,
    "affixes": _NUMBERS,
    "groupChar": _NUMBERS,
    "decimalChar": _NUMBERS,
    "percent": frozenset({"number"}),
    "format": _DATES,
}
"""The types that each key applies to."""

_CHOICES: dict[str, tuple[Any, ...]] = {
    "unicode": ("NFC", "NFKC"),
    "whitespace": ("collapse",),
    "case": ("lower", "upper"),
    "groupChar": (*GROUP_CHARS,),
    "decimalChar": (".", ","),
    "percent": (True,),
}


class FieldFormats(NamedTuple):
    """The formats of a field; None for a format without keys."""

    normalization: Normalization | None = None
    number_format: NumberFormat | None = None
    date_format: DateFormat | None = None


def read_field_formats(description: Mapping[str, Any]) -> FieldFormats:
    """Read the format keys of a field.

    Raises:
        SettingsError: A key does not fit the field's type, or its value is invalid.
    """
    keys = [key for key in _TYPES_BY_KEY if key in description]
    for key in keys:
        _check(key, description)
    if not keys:
        return FieldFormats()
    match description["type"]:
        case "string":
            return FieldFormats(normalization=_call_reader(keys, description, _normalization))
        case "number" | "integer":
            return FieldFormats(number_format=_call_reader(keys, description, _number_format))
    return FieldFormats(date_format=_call_reader(keys, description, _date_format))


def _check(key: str, description: Mapping[str, Any]) -> None:
    kind, value = description["type"], description[key]
    where = f"[clean.columns.{description['name']}] {setting_name(key)}"
    if kind not in _TYPES_BY_KEY[key]:
        fitting = " or ".join(sorted(_TYPES_BY_KEY[key]))
        raise SettingsError(
            f"{where} does not fit a column of type {kind}; declare {fitting} as its"
            " type or remove it"
        )
    if key in _CHOICES and value not in _CHOICES[key]:
        choices = ", ".join(repr(choice) for choice in _CHOICES[key])
        raise SettingsError(f"{where} = {value!r}: expected {choices}")


def _call_reader[T](
    keys: list[str], description: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]
) -> T:
    """Return the result of `read`; an error names the column and the settings."""
    try:
        return read(description)
    except ValueError as error:
        settings = ", ".join(setting_name(key) for key in keys)
        where = f"[clean.columns.{description['name']}] {settings}"
        raise SettingsError(f"{where}: {error}") from None


def _normalization(description: Mapping[str, Any]) -> Normalization:
    synonyms = description.get("synonyms", {})
    if "" in {*synonyms, *synonyms.values()}:
        raise ValueError("an empty text is missing; list the text in `missing` instead")
    return Normalization(
        unicode=description.get("unicode"),
        case=description.get("case"),
        collapses_whitespace="whitespace" in description,
        synonyms=synonyms,
    )


def _number_format(description: Mapping[str, Any]) -> NumberFormat:
    return NumberFormat(
        affixes=tuple(description.get("affixes", ())),
        group=description.get("groupChar"),
        decimal=description.get("decimalChar", "."),
        is_percent="percent" in description,
    )


def _date_format(description: Mapping[str, Any]) -> DateFormat:
    date_format = parse_date_format(description["format"])
    if date_format.has_time and description["type"] == "date":
        raise ValueError('a date has no hour; declare type = "datetime"')
    _check_against_iso(date_format)
    return date_format


def _check_against_iso(date_format: DateFormat) -> None:
    """Check that ISO 8601, which is tried first, reads no text of this format differently.

    Raises:
        ValueError: ISO 8601 reads the sample as another datetime.
    """
    text = pa.array([date_format.sample], pa.string())
    by_iso = read_datetime(text, timezone=ZoneInfo("UTC"))[0]
    by_format = read_datetime(date_format.read(text), timezone=ZoneInfo("UTC"))[0]
    if by_iso.is_valid and by_iso != by_format:
        raise ValueError(
            f"{date_format.text!r} conflicts with ISO 8601, which reads {date_format.sample} as"
            f" {by_iso}; use another format in the source"
        )
