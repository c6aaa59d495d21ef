"""The signature of a model: its columns, as in model.json."""

from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from stage_contract import ContractError

type ColumnType = Literal["string", "number", "integer", "boolean", "datetime", "date"]
type Bound = int | float | str


class Input(msgspec.Struct, frozen=True):
    """The position of a column in the graph's inputs."""

    group: Literal["numbers", "strings"]
    index: int


class Constraints(msgspec.Struct, frozen=True, rename="camel"):
    """The constraints of a Frictionless field."""

    required: bool = False
    minimum: Bound | None = None
    maximum: Bound | None = None
    exclusive_minimum: Bound | None = None
    exclusive_maximum: Bound | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    enum: tuple[Any, ...] | None = None


class Category(msgspec.Struct, frozen=True):
    """A text and its number of training rows."""

    value: str
    rows: int


class Observed(msgspec.Struct, frozen=True):
    """A column's values in the training rows."""

    rows: int
    missing: int
    example: Any = None
    minimum: Bound | None = None
    maximum: Bound | None = None
    mean: float | None = None
    quantiles: tuple[float, ...] = ()
    distinct: int | None = None
    categories: tuple[Category, ...] = ()


class Column(msgspec.Struct, frozen=True, rename="camel"):
    """A column that the model reads: a field of schema.json."""

    name: str
    type: ColumnType
    input: Input
    description: str = ""
    unit: str = ""
    private: bool = False
    missing_values: tuple[str, ...] | None = None
    true_values: tuple[str, ...] | None = None
    false_values: tuple[str, ...] | None = None
    unicode: Literal["NFC", "NFKC"] | None = None
    whitespace: Literal["collapse"] | None = None
    case: Literal["lower", "upper"] | None = None
    synonyms: dict[str, str] | None = None
    affixes: tuple[str, ...] | None = None
    group_char: Literal[".", ",", "'", "_", " "] | None = None
    decimal_char: Literal[".", ","] | None = None
    percent: Literal[True] | None = None
    format: str | None = None
    constraints: Constraints = Constraints()
    observed: Observed | None = None

    @property
    def is_required(self) -> bool:
        """Whether a value is required: by a constraint, or because training had none missing."""
        return self.constraints.required or (
            self.observed is not None and self.observed.missing == 0
        )


class Signature(msgspec.Struct, frozen=True, rename="camel"):
    """The columns of a request."""

    fields: tuple[Column, ...]
    missing_values: tuple[str, ...]
    timezone: str
    ignored: tuple[str, ...]
    private: tuple[str, ...] | None = None
    """Private ignored columns; None if the model does not list them."""

    @property
    def names(self) -> list[str]:
        """All columns that a request may contain."""
        return [*(column.name for column in self.fields), *self.ignored]

    @property
    def private_names(self) -> frozenset[str]:
        """All private columns; includes all ignored columns if it is unknown which are private."""
        ignored = self.ignored if self.private is None else self.private
        return frozenset([*(each.name for each in self.fields if each.private), *ignored])

    def group(self, name: str) -> list[Column]:
        """Return the columns of one input of the graph, in order."""
        columns = [column for column in self.fields if column.input.group == name]
        return sorted(columns, key=lambda column: column.input.index)


def read_zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ContractError(
            f"model.json: {name!r} is not a time zone that this image knows"
        ) from None
