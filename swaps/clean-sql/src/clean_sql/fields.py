"""Fields: one column's rules of schema.json as SQL, using the macros of the rules file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from stage_contract import SettingsError

from clean_sql.descriptions import CONSTRAINTS, EXPECTED, SETTINGS, describe
from clean_sql.engine import Engine, literal
from clean_sql.settings import Column, FieldType, Settings

_TEXT_RULES = ("minLength", "maxLength", "pattern")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_ORDERED = ("number", "integer", "datetime", "date")


@dataclass(frozen=True)
class Field:
    """One column."""

    position: int
    description: Mapping[str, Any]
    missing_of_table: Sequence[str]
    timezone: str
    is_text: bool = True
    """Whether the cells are texts; cells of a typed source are never missing tokens."""
    states_missing: bool = True
    """Whether the settings declare the missing tokens."""

    @property
    def missing(self) -> Sequence[str]:
        tokens: Sequence[str] = self.description.get("missingValues", self.missing_of_table)
        return tokens

    @property
    def name(self) -> str:
        return str(self.description["name"])

    @property
    def type(self) -> FieldType:
        kind: FieldType = self.description["type"]
        return kind

    @property
    def is_private(self) -> bool:
        return bool(self.description.get("private", False))

    @property
    def words(self) -> tuple[str, str]:
        """The words for true and for false, as SQL."""
        true_values, false_values = self._words()
        return literal(true_values), literal(false_values)

    def text_of(self, cell: str) -> str:
        """Return the text of a cell as SQL, NULL if it is missing; `cell` is SQL as well."""
        if not self.is_text:
            return cell
        return f"present(trimmed({cell}), {literal(self.missing)})"

    def value_of(self, text: str) -> str:
        """Return the value of a text as SQL."""
        if self.type == "boolean":
            return f"as_boolean({text}, {', '.join(self.words)})"
        if self.type == "datetime":
            return f"as_datetime({text}, {literal(self.timezone)})"
        return f"as_{self.type}({text})"

    def fault_of(self, text: str, value: str) -> str:
        """Return the first rejection reason of a cell, or NULL, as SQL."""
        reasons = [f"CASE WHEN {text} IS NOT NULL AND {value} IS NULL THEN 'type' END"]
        reasons += [
            f"CASE WHEN breaks_{SETTINGS[name]}({value}, {self._operand(name, operand)})"
            f" THEN 'constraint {name}' END"
            for name, operand in self.description.get("constraints", {}).items()
        ]
        return f"coalesce({', '.join(reasons)}, NULL)"

    def expectation(self, reason: str) -> str:
        """Return the expectation for a cell that is rejected for this reason."""
        constraint = reason.removeprefix("constraint ")
        if constraint == reason and self.type == "boolean":
            true_values, false_values = self._words()
            return f"one of {', '.join((*true_values, *false_values))}"
        if constraint == reason:
            return EXPECTED[self.type]
        operand = self.description["constraints"][constraint]
        shown = ", ".join(map(str, operand)) if isinstance(operand, list) else operand
        return CONSTRAINTS[SETTINGS[constraint]][1].format(shown)

    def check(self, engine: Engine) -> None:
        """Raise a SettingsError unless the words and constraints fit the type."""
        true_values, false_values = self._words()
        if both := sorted({*true_values} & {*false_values}):
            raise SettingsError(
                f"[clean.columns.{self.name}] '{both[0]}' is in true_values and in false_values;"
                " keep one"
            )
        has_words = "trueValues" in self.description or "falseValues" in self.description
        if has_words and self.type != "boolean":
            raise SettingsError(
                f"[clean.columns.{self.name}] true_values and false_values do not fit a column of"
                f' type {self.type}; declare type = "boolean" or remove them'
            )
        for name, operand in self.description.get("constraints", {}).items():
            if problem := self._problem(name, operand, engine):
                where = f"[clean.columns.{self.name}] {SETTINGS[name]} = {operand!r}"
                raise SettingsError(f"{where}: {problem}")

    def _problem(self, name: str, operand: Any, engine: Engine) -> str | None:
        if not self._fits(name):
            return f"fits no column of type {self.type}; declare another type or remove it"
        if name == "pattern":
            try:
                engine.row(f"SELECT regexp_full_match('', {literal(operand)})")
            except duckdb.Error as error:
                return f"expected a regular expression in RE2 syntax ({error})"
        if name == "enum" or name in _BOUNDS:
            for item in operand if isinstance(operand, list) else [operand]:
                if not self._is_of_type(item, engine, whole=name == "enum"):
                    return f"expected {EXPECTED[self.type]}, as the column is of type {self.type}"
        return None

    def _words(self) -> tuple[Sequence[str], Sequence[str]]:
        true_values = self.description.get("trueValues", ("true", "True", "TRUE"))
        return true_values, self.description.get("falseValues", ("false", "False", "FALSE"))

    def _fits(self, name: str) -> bool:
        if name in _BOUNDS:
            return self.type in _ORDERED
        return self.type == "string" or name not in _TEXT_RULES

    def _is_of_type(self, item: Any, engine: Engine, *, whole: bool) -> bool:
        match self.type:
            case "boolean":
                return isinstance(item, bool)
            case "number" | "integer":
                is_number = isinstance(item, int | float) and not isinstance(item, bool)
                return is_number and (not whole or self.type == "number" or item == int(item))
        (is_known,) = engine.row(f"SELECT {self.value_of(literal(str(item)))} IS NOT NULL")
        return isinstance(item, str) and bool(is_known)

    def _operand(self, name: str, operand: Any) -> str:
        """Return a bound, or the choices, as a value of the field's type."""
        if name == "enum":
            return f"[{', '.join(self._typed(item) for item in operand)}]"
        return self._typed(operand) if name in _BOUNDS else literal(operand)

    def _typed(self, item: Any) -> str:
        if self.type in {"number", "integer"}:
            return literal(float(item))
        return self.value_of(literal(item)) if self.type in {"date", "datetime"} else literal(item)


def make_fields(
    settings: Settings,
    types: Mapping[str, FieldType],
    *,
    positions: Mapping[str, int],
    is_text: Sequence[bool],
) -> list[Field]:
    """Return the fields of columns with known types."""
    return [
        Field(
            positions[name],
            _described(name, kind, settings),
            settings.missing,
            settings.timezone,
            is_text[positions[name]],
            "missing" in settings.model_fields_set
            or settings.columns.get(name, Column()).missing is not None,
        )
        for name, kind in types.items()
    ]


def _described(name: str, kind: FieldType, settings: Settings) -> Mapping[str, Any]:
    """Return the entry of a column, without missing tokens that its settings name as values."""
    column = settings.columns.get(name, Column())
    named = {*(column.true_values or []), *(column.false_values or [])}
    named |= {choice for choice in column.enum or [] if isinstance(choice, str)}
    left = [text for text in settings.missing if text not in named]
    own = {"missingValues": left} if left != settings.missing else {}
    return own | describe(name, kind, column)
