"""The learning problem: features.json and schema.json of feature-data."""

from typing import Any, Literal

from pydantic import BaseModel, ValidationError
from stage_contract import Artifact, ContractError

from modelling.data.target_scales import TargetScale, Transform

type Task = Literal["regression", "classification"]
type Group = Literal["numbers", "strings"]

BINARY = 2
"""Number of classes of a binary problem."""


class Feature(BaseModel, frozen=True):
    """One column of the matrix."""

    name: str
    source: str
    """Column of the table that this feature derives from."""
    role: str
    other_source: str | None = None
    """Second column that it derives from, as for the difference of two dates."""


class Column(BaseModel, frozen=True):
    """One column of the clean table, and its use."""

    name: str
    role: str
    private: bool = False


class Split(BaseModel, frozen=True, extra="allow"):
    """The split into training and held-out rows; further keys go into model.json unchanged."""

    kind: Literal["hash", "time", "group"]

    @property
    def columns(self) -> list[str] | None:
        """Columns of a hash split, if known: rows that are equal in these columns stay together."""
        columns: list[str] | None = (self.model_extra or {}).get("columns")
        return columns


class Target(BaseModel, frozen=True, extra="allow"):
    """The target; further keys go into model.json unchanged."""

    name: str
    transform: Transform | None = None


class Problem(BaseModel, frozen=True):
    """The task, the target, and the columns of the matrix."""

    task: Task
    target: Target
    classes: list[Any] | None
    features: list[Feature]
    columns: list[Column]
    split: Split

    @property
    def public_split(self) -> dict[str, Any]:
        """The split for model.json, without a boundary that is a value of a private column."""
        split = self.split.model_dump()
        private = {column.name for column in self.columns if column.private}
        if split.get("column") in private:
            split.pop("boundary", None)
        return split

    @property
    def class_count(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.classes or [])

    @property
    def scale(self) -> TargetScale:
        """The scale on which the target is learned."""
        return TargetScale(self.target.transform)

    @property
    def has_weights(self) -> bool:
        """Whether rows have different weights."""
        return any(column.role == "weight" for column in self.columns)

    @property
    def ignored(self) -> list[str]:
        """Columns of the clean table that are not inputs."""
        return [column.name for column in self.columns if column.role != "input"]

    @property
    def private_ignored(self) -> list[str]:
        """Private columns that are not inputs; their values appear in no document."""
        return [column.name for column in self.columns if column.role != "input" and column.private]


class InputPosition(BaseModel, frozen=True):
    """The input of the graph that holds a column, and the position in that input."""

    group: Group
    index: int


class InputColumn(BaseModel, frozen=True):
    """One field of schema.json."""

    name: str
    type: Literal["string", "number", "integer", "boolean", "datetime", "date"]
    private: bool = False
    description: str = ""
    unit: str = ""
    constraints: dict[str, Any] = {}
    input: InputPosition
    observed: dict[str, Any]

    @property
    def is_optional(self) -> bool:
        """Whether a request may omit the column, because training had missing values."""
        return bool(self.observed.get("missing")) and not self.constraints.get("required")


class Schema(BaseModel, frozen=True):
    """The input columns."""

    fields: list[InputColumn]

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    def group(self, name: Group) -> list[InputColumn]:
        """Return the columns of one of the graph's inputs, in their order."""
        columns = [field for field in self.fields if field.input.group == name]
        return sorted(columns, key=lambda column: column.input.index)


def read_document[Document: BaseModel](
    source: Artifact, name: str, *, model: type[Document]
) -> Document:
    """Read a JSON file of the artifact.

    Raises:
        ContractError: The file does not match the model.
    """
    try:
        return model.model_validate_json(source.file(name).read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    raise ContractError(f"{source.path}/{name}: {where}: {first['msg']}; run features again")
