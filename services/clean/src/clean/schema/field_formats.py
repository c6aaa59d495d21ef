"""The keys of a field that say how its texts may look, read from schema.json."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from stage_contract import SettingsError

from clean.parsing.date_format import Layout, check_against_iso, read_layout
from clean.parsing.field_types import FieldType
from clean.parsing.normalization import Spelling
from clean.parsing.number_format import GROUP_CHARS, Written
from clean.schema.field_descriptions import setting_of

_TEXTS: frozenset[FieldType] = frozenset({"string"})
_NUMBERS: frozenset[FieldType] = frozenset({"number", "integer"})
_DATES: frozenset[FieldType] = frozenset({"date", "datetime"})

_FITS: dict[str, frozenset[FieldType]] = {
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
"""The types that a key makes sense for."""

_CHOICES: dict[str, tuple[Any, ...]] = {
    "unicode": ("NFC", "NFKC"),
    "whitespace": ("collapse",),
    "case": ("lower", "upper"),
    "groupChar": (*GROUP_CHARS,),
    "decimalChar": (".", ","),
    "percent": (True,),
}


class Forms(NamedTuple):
    """How the texts of a field may look; None where it has no such key."""

    spelling: Spelling | None = None
    written: Written | None = None
    layout: Layout | None = None


def read_forms(description: Mapping[str, Any]) -> Forms:
    """Read the keys of an entry of `fields`.

    Raises:
        SettingsError: a key does not fit the field's type, or says nothing that can be done.
    """
    keys = [key for key in _FITS if key in description]
    for key in keys:
        _check(key, description)
    if not keys:
        return Forms()
    match description["type"]:
        case "string":
            return Forms(spelling=_told(keys, description, _spelling))
        case "number" | "integer":
            return Forms(written=_told(keys, description, _written))
    return Forms(layout=_told(keys, description, _layout))


def _check(key: str, description: Mapping[str, Any]) -> None:
    kind, value = description["type"], description[key]
    where = f"[clean.columns.{description['name']}] {setting_of(key)}"
    if kind not in _FITS[key]:
        fitting = " or ".join(sorted(_FITS[key]))
        raise SettingsError(
            f"{where} fits no column of type {kind}; declare {fitting} as its type or remove it"
        )
    if key in _CHOICES and value not in _CHOICES[key]:
        choices = ", ".join(repr(choice) for choice in _CHOICES[key])
        raise SettingsError(f"{where} = {value!r}: expected {choices}")


def _told[T](
    keys: list[str], description: Mapping[str, Any], read: Callable[[Mapping[str, Any]], T]
) -> T:
    """Return what is read, or name the column and the settings that are wrong."""
    try:
        return read(description)
    except ValueError as error:
        settings = ", ".join(setting_of(key) for key in keys)
        where = f"[clean.columns.{description['name']}] {settings}"
        raise SettingsError(f"{where}: {error}") from None


def _spelling(description: Mapping[str, Any]) -> Spelling:
    synonyms = description.get("synonyms", {})
    if "" in {*synonyms, *synonyms.values()}:
        raise ValueError("an empty text is missing; name the text in `missing` instead")
    return Spelling(
        unicode=description.get("unicode"),
        case=description.get("case"),
        is_collapsed="whitespace" in description,
        synonyms=synonyms,
    )


def _written(description: Mapping[str, Any]) -> Written:
    return Written(
        affixes=tuple(description.get("affixes", ())),
        group=description.get("groupChar"),
        decimal=description.get("decimalChar", "."),
        is_percent="percent" in description,
    )


def _layout(description: Mapping[str, Any]) -> Layout:
    layout = read_layout(description["format"])
    if layout.has_clock and description["type"] == "date":
        raise ValueError('a date has no hour; declare type = "datetime"')
    check_against_iso(layout)
    return layout
