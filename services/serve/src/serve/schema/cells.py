"""The rules for one cell of a request, the same as in cleaning.

They are in contract/reference/cleaning-one-row.md.
The result is a value of the graph: a text, or a double; missing is an empty text or NaN.
"""

import math
from dataclasses import dataclass

from stage_contract import ContractError

from serve.schema.constraints import Check, compile_checks
from serve.schema.signature import Column, Signature
from serve.schema.text_formats import (
    check_keys,
    expected_json,
    expected_not_text,
    expected_text,
    reads_texts,
)
from serve.schema.text_normalization import WHITE_SPACE, NormalizeText, compile_normalization
from serve.schema.values import TYPES_OF_TEXTS, Reader, Value, text_reader, typed_reader


class CellError(Exception):
    """A cell breaks a rule; the message is what was expected."""


class CellTypeError(CellError):
    """A cell does not have its column's type."""


class CellConstraintError(CellError):
    """A cell breaks a constraint of its column, or a required value is missing."""


@dataclass(frozen=True)
class Rules:
    """The rules for the cells of one column."""

    column: Column
    missing_values: frozenset[str]
    """Missing tokens, including the empty text."""
    expected_text: str
    """Expectation for a text."""
    expected_json: str
    """Expectation for a JSON value."""
    reads_texts: bool
    """Whether a text in JSON is parsed like a cell of CSV."""
    normalize_text: NormalizeText | None
    """Normalizes a text; None without such a rule."""
    read_text: Reader[str]
    read_typed: Reader[object]
    checks: tuple[Check, ...]

    @property
    def absent(self) -> Value:
        """The graph's value for a missing cell."""
        return "" if self.column.input.group == "strings" else math.nan

    @property
    def is_text_in_json(self) -> bool:
        """Whether values of this type are texts in JSON as well."""
        return self.column.type in TYPES_OF_TEXTS

    def from_text(self, text: str) -> Value:
        """Clean a cell of a CSV table.

        Raises:
            CellError: It breaks a rule.
        """
        text = text.strip(WHITE_SPACE)
        if text in self.missing_values:
            return self._missing(self.expected_text)
        if self.normalize_text is not None:
            text = self.normalize_text(text)
            if text in self.missing_values:
                return self._missing(self.expected_text)
        try:
            value = self.read_text(text)
        except ValueError:
            raise CellTypeError(self.expected_text) from None
        return self._checked(value)

    def from_json(self, value: object) -> Value:
        """Clean a JSON value; missing tokens are missing in every column.

        Raises:
            CellError: It breaks a rule.
        """
        if isinstance(value, str):
            text = value.strip(WHITE_SPACE)
            if self.reads_texts or text in self.missing_values:
                return self.from_text(text)
            raise CellTypeError(self._expected_of(text))
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return self._missing(self.expected_json)
        try:
            typed = self.read_typed(value)
        except ValueError:
            raise CellTypeError(self.expected_json) from None
        return self._checked(typed)

    def _expected_of(self, text: str) -> str:
        """Return the expectation for a text in JSON that can't be parsed as one."""
        try:
            self.read_text(text)
        except ValueError:
            return self.expected_json
        return expected_not_text(self.column, text)

    def allows(self, value: Value) -> bool:
        """Return whether a value satisfies the constraints."""
        return all(check.holds(value) for check in self.checks)

    def _missing(self, expected: str) -> Value:
        if self.column.is_required:
            raise CellConstraintError(f"{expected}; this column must have a value")
        return self.absent

    def _checked(self, value: Value) -> Value:
        for check in self.checks:
            if not check.holds(value):
                raise CellConstraintError(check.expected)
        if self.column.input.group == "strings" and isinstance(value, float):
            return f"{value:.0f}"  # an integer category
        return value


def compile_rules(column: Column, signature: Signature) -> Rules:
    """Return the rules of a column.

    Raises:
        ContractError: A rule does not fit the column's type, or contradicts another one.
    """
    named = signature.missing_values if column.missing_values is None else column.missing_values
    try:
        check_keys(column)
        read_text = text_reader(column, signature)
        checks = compile_checks(column, read_text)
    except (ValueError, OverflowError) as error:
        raise ContractError(f"model.json: column {column.name}: {error}") from None
    return Rules(
        column=column,
        missing_values=frozenset({"", *named}),
        expected_text=expected_text(column),
        expected_json=expected_json(column),
        reads_texts=reads_texts(column),
        normalize_text=compile_normalization(column),
        read_text=read_text,
        read_typed=typed_reader(column.type),
        checks=checks,
    )
