"""Settings of the features stage: the table [features] of the pipeline."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from features.column_settings import ColumnSetting

Task = Literal["regression", "classification"]
Transform = Literal["log", "log1p"]


class TargetSetting(BaseModel, frozen=True, extra="forbid"):
    """What to predict: a column, or whether it is above a value."""

    column: str
    """The column that holds what is to be predicted."""

    above: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Predict whether the value is above this, instead of the value."""

    transform: Transform | None = None
    """Learn the logarithm of the value, or of 1 + the value; what is predicted is the value."""

    name: Annotated[str, Field(min_length=1)] | None = None
    """What the API calls the prediction. Default: the column's name, with `above` in it if set."""

    @model_validator(mode="after")
    def _a_class_has_no_logarithm(self) -> Self:
        if self.above is not None and self.transform is not None:
            raise ValueError("above makes a class of it, transform a number; leave one of them out")
        return self


def _as_table(value: object) -> object:
    """Let `target = "price"` stand for `target = {column = "price"}`."""
    if isinstance(value, str):
        return {"column": value}
    if isinstance(value, dict | TargetSetting):
        return value
    raise ValueError('expected a column such as "price" or {column = "delay", above = 15}')


def _as_columns(value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise ValueError('expected a list of columns such as ["id", "name"]')


Columns = Annotated[tuple[str, ...], BeforeValidator(_as_columns)]


_SELECTION = {
    "target",
    "task",
    "exclude",
    "split",
    "time_column",
    "group_column",
    "weight_column",
    "test_share",
    "seed",
    "min_class_rows",
}


class Settings(BaseModel, frozen=True, extra="forbid"):
    """The table [features]; only the target has no default."""

    target: Annotated[TargetSetting, BeforeValidator(_as_table)]
    """The column to predict, or a class derived from it."""

    task: Task | None = None
    """Default: what the target's type and number of distinct values suggest; the log says why."""

    exclude: Columns = ()
    """Columns that are not known yet when a prediction is asked for, or must not matter."""

    categories: Columns = ()
    """Columns whose integers are codes, not amounts; or texts that only look like identifiers."""

    columns: dict[str, ColumnSetting] = {}
    """Columns that are texts of words, or categories with an order."""

    split: Literal["hash", "time", "group"] = "hash"
    """By time is honest when the model will predict the future, by group when new groups."""

    time_column: str | None = None
    """The date of a split by time. Default: the only date or datetime column."""

    group_column: str | None = None
    """Rows with the same value are all on one side of a split by group; it is no feature."""

    weight_column: str | None = None
    """How much each row counts in fits and metrics: a positive number; it is no feature."""

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Rows held out: enough to tell models apart, most left to learn from."""

    seed: int = 0
    """Another seed puts other rows on the test side and into the fit sample."""

    fit_rows: Annotated[int, Field(ge=10)] = 200_000
    """Encoders are fitted on at most so many training rows; medians barely move beyond."""

    one_hot_up_to: Annotated[int, Field(ge=1)] = 30
    """A column of more categories gets a frequency and a code instead of a feature for each."""

    min_category_rows: Annotated[int, Field(ge=1)] | None = None
    """Rarer categories count as one. Default: 5, in fewer than 500 fitted rows 1 %, at least 2."""

    min_class_rows: Annotated[int, Field(ge=1)] = 5
    """A class with fewer training rows can't be learnt or validated; its rows are set aside."""

    @property
    def selection(self) -> dict[str, Any]:
        """What decides which rows and columns are used, as JSON."""
        kept = self.model_dump(mode="json", include=_SELECTION)
        target = {key: value for key, value in kept["target"].items() if key != "name"}
        return kept | {"target": target, "exclude": sorted(self.exclude)}

    @model_validator(mode="after")
    def _time_column_needs_split_by_time(self) -> Self:
        if self.time_column is not None and self.split != "time":
            raise ValueError('time_column is set, but split is not; expected split = "time"')
        return self

    @model_validator(mode="after")
    def _group_column_goes_with_split_by_group(self) -> Self:
        if self.group_column is not None and self.split != "group":
            raise ValueError('group_column is set, but split is not; expected split = "group"')
        if self.group_column is None and self.split == "group":
            raise ValueError('split = "group": expected group_column = the column of the groups')
        return self
