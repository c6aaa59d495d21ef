"""The part of model.json that serving needs."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from stage_contract import ContractError

type Value = str | float
"""A value in an input of the graph."""
type Class = bool | int | str


class _Document(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, strict=True)


class Input(_Document):
    """The position of a column in the graph's inputs."""

    group: Literal["numbers", "strings"]
    index: int


class _Rules(_Document):
    """Rules of a value; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid")


class Constraints(_Rules):
    """Constraints of a value."""

    required: bool = False
    minimum: Any = None
    maximum: Any = None
    exclusive_minimum: Any = None
    exclusive_maximum: Any = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    enum: list[Any] | None = None


class Observed(_Document):
    """Values in training."""

    missing: int


class Column(_Rules):
    """One column that the model reads; keys of contract 1.1 are unknown here."""

    name: str
    type: Literal["string", "number", "integer", "boolean", "datetime", "date"]
    input: Input
    description: str = ""
    unit: str = ""
    private: bool = False
    missing_values: list[str] | None = None
    true_values: list[str] = ["true", "True", "TRUE"]
    false_values: list[str] = ["false", "False", "FALSE"]
    constraints: Constraints = Constraints()
    observed: Observed | None = None

    @property
    def absent(self) -> Value:
        """The graph's value for a missing cell."""
        return "" if self.input.group == "strings" else math.nan

    @property
    def is_required(self) -> bool:
        """Whether a value is required: by a constraint, or because training had none missing."""
        return self.constraints.required or (
            self.observed is not None and self.observed.missing == 0
        )


class Signature(_Document):
    """The columns of a request."""

    fields: Annotated[list[Column], Field(min_length=1)]
    missing_values: list[str]
    timezone: str
    ignored: list[str]
    """Source columns that are not features: allowed in requests, and ignored."""

    def group(self, name: str) -> list[Column]:
        """Return the columns of one input of the graph, in order."""
        columns = [column for column in self.fields if column.input.group == name]
        return sorted(columns, key=lambda column: column.input.index)


class Target(_Document):
    """The target."""

    name: str


class Description(_Document):
    """The part of model.json that serving needs."""

    task: Literal["regression", "classification"]
    target: Target
    classes: list[Class] | None
    signature: Signature


def read_description(document: bytes) -> Description:
    """Read model.json.

    Raises:
        ContractError: It does not match the contract.
    """
    try:
        return Description.model_validate_json(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        is_unknown = first["type"] == "extra_forbidden"
        remedy = "serve it by the default image" if is_unknown else "update the image that trains"
        raise ContractError(f"model.json: {where}: {first['msg']}; {remedy}") from None
