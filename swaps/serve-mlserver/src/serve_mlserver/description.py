"""What serving needs of model.json."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from stage_contract import ContractError

type Value = str | float
"""What the graph takes."""
type Class = bool | int | str


class _Document(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, strict=True)


class Input(_Document):
    """Where the graph takes a column."""

    group: Literal["numbers", "strings"]
    index: int


class _Rules(_Document):
    """Rules of a value, of which none may be ignored."""

    model_config = ConfigDict(extra="forbid")


class Constraints(_Rules):
    """What a value must satisfy."""

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
    """What training saw."""

    missing: int


class Column(_Rules):
    """One column that the model reads; keys that contract 1.1 added are not known here."""

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
        """What the graph takes for a missing value."""
        return "" if self.input.group == "strings" else math.nan

    @property
    def is_required(self) -> bool:
        """Whether a row without a value is wrong: the rules say so, or training had none either."""
        return self.constraints.required or (
            self.observed is not None and self.observed.missing == 0
        )


class Signature(_Document):
    """The columns of a request."""

    fields: Annotated[list[Column], Field(min_length=1)]
    missing_values: list[str]
    timezone: str
    ignored: list[str]
    """Columns of the source that are no features: they may be there, and say nothing."""

    def group(self, name: str) -> list[Column]:
        """Return the columns of one input of the graph, in its order."""
        columns = [column for column in self.fields if column.input.group == name]
        return sorted(columns, key=lambda column: column.input.index)


class Target(_Document):
    """What is predicted."""

    name: str


class Description(_Document):
    """The part of model.json that serving depends on."""

    task: Literal["regression", "classification"]
    target: Target
    classes: list[Class] | None
    signature: Signature


def read_description(document: bytes) -> Description:
    """Read model.json.

    Raises:
        ContractError: it is not what the contract says.
    """
    try:
        return Description.model_validate_json(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        is_unknown = first["type"] == "extra_forbidden"
        remedy = "serve it by the default image" if is_unknown else "update the image that trains"
        raise ContractError(f"model.json: {where}: {first['msg']}; {remedy}") from None
