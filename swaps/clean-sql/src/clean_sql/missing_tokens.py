"""Missing tokens that may be values, by the rule of services/clean: such as NA beside EU and AS."""

from collections.abc import Sequence
from dataclasses import replace

from stage_contract import LOGGER

from clean_sql.engine import Engine, literal
from clean_sql.fields import Field
from clean_sql.table import Table

_MARKS = ("?", "-", "--", "–", "—")
_ALIKE = {"NA": "[A-Z]{2}", "nan": "[a-z]{3}", "None": "[A-Z][a-z][A-Za-z]*([ -][A-Za-z]+)*"}
_LEVELS = {"None": 20}


def keep_tokens(table: Table, fields: Sequence[Field], engine: Engine) -> list[Field]:
    """Return the fields, without missing tokens that look like all other values of a column.

    Applies only to text columns without missing tokens in their settings.
    """
    return [
        _without(field, _kept(table, field, engine)) if _is_open(field) else field
        for field in fields
    ]


def _is_open(field: Field) -> bool:
    return field.is_text and field.type == "string" and not field.states_missing


def _kept(table: Table, field: Field, engine: Engine) -> dict[str, int]:
    """Return the rows of each token that stays a value."""
    cell = table.cell(field.position)
    text = f"present(trimmed({cell}), {literal([*field.missing, *_MARKS])})"
    tokens = [token for token in _ALIKE if token in field.missing]
    if not tokens:
        return {}
    facts = [
        f"count(*) FILTER (trimmed({cell}) = {literal(token)}),"
        f" bool_and(regexp_full_match({text}, {literal(_ALIKE[token])}))"
        for token in tokens
    ]
    row = engine.row(f"SELECT {', '.join(facts)} FROM raw", doing="missing tokens looked at")
    found = {
        token: rows
        for token, rows, is_alike in zip(tokens, row[::2], row[1::2], strict=True)
        if rows and is_alike
    }
    for token in found.keys() & _LEVELS.keys():
        (levels,) = engine.row(f"SELECT count(DISTINCT {text}) FROM raw", doing="levels counted")
        if levels > _LEVELS[token]:
            del found[token]
    return found


def _without(field: Field, kept: dict[str, int]) -> Field:
    if not kept:
        return field
    left = [text for text in field.missing if text not in kept]
    for token, rows in kept.items():
        LOGGER.warning(
            "column %s: '%s' in %s rows may be a value like the others, or mean missing; it stays a"
            " value; missing of [clean.columns.%s] with or without it decides",
            *(field.name, token, f"{rows:,}", field.name),
        )
    return replace(field, description={**field.description, "missingValues": left})
