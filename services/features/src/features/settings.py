"""Settings of the features stage: the table [features] of the pipeline."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from features.column_settings import ColumnSetting

Task = Literal["regression", "classification"]
Transform = Literal["log", "log1p"]

MAX_DIFFERENCES = 100
_PAIR = 2


class TargetSetting(BaseModel, frozen=True, extra="forbid"):
    """The target: a column, or whether it is above a value."""

    column: str
    """Column to predict."""

    above: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """Predict whether the value is above this, instead of the value."""

    transform: Transform | None = None
    """Learn the logarithm of the value, or of 1 + the value; predictions are values."""

    name: Annotated[str, Field(min_length=1)] | None = None
    """Name of the prediction in the API. Default: the column's name, with `above` if set."""

    @model_validator(mode="after")
    def _above_excludes_transform(self) -> Self:
        if self.above is not None and self.transform is not None:
            raise ValueError("above predicts a class, transform a number; leave one of them out")
        return self


def _expand_target(value: object) -> object:
    """Let `target = "price"` stand for `target = {column = "price"}`."""
    if isinstance(value, str):
        return {"column": value}
    if isinstance(value, dict | TargetSetting):
        return value
    if isinstance(value, list) and len(value) > 1 and all(isinstance(each, str) for each in value):
        first, *others = (f'"{name}"' for name in value)
        raise ValueError(
            "a pipeline predicts one target; write a pipeline file for each, such as"
            f" pipelines/NAME.toml with target = {first} and exclude = [{', '.join(others)}], and"
            " run it beside the others: PIPELINE=NAME PORT=8001 make up"
        )
    raise ValueError('expected a column such as "price" or {column = "delay", above = 15}')


def _check_columns(value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise ValueError('expected a list of columns such as ["id", "name"]')


Columns = Annotated[tuple[str, ...], BeforeValidator(_check_columns)]


def _check_pairs(value: object) -> object:
    """Check that a setting is a list of pairs of different columns, each once."""
    if not isinstance(value, list | tuple) or not all(map(_is_pair, value)):
        raise ValueError(
            'expected pairs of different columns such as [["ordered", "shipped"]], or []'
        )
    if len({frozenset(map(str, pair)) for pair in value}) < len(value):
        raise ValueError("expected each pair once, in one order")
    return value


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == len({*map(str, value)}) == _PAIR


Differences = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(_check_pairs),
    Field(max_length=MAX_DIFFERENCES),
]

_SELECTION_SETTINGS = {
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

    target: Annotated[
        TargetSetting,
        BeforeValidator(_expand_target, json_schema_input_type=str | TargetSetting),
    ]
    """The column to predict, or a class derived from it."""

    task: Task | None = None
    """Default: inferred from the type and the distinct values of the target, as logged."""

    exclude: Columns = ()
    """Columns to leave out: unknown at prediction time, or not allowed to influence the model."""

    categories: Columns = ()
    """Columns to encode as categories: integer codes, or texts that look like identifiers."""

    columns: dict[str, ColumnSetting] = {}
    """Columns with free text, or with ordered categories."""

    date_differences: Differences | None = None
    """Pairs of dates whose difference is a feature, as in [["ordered", "shipped"]].

    Default: all pairs, up to 10, chosen as logged. [] switches them off.
    """

    split: Literal["hash", "time", "group"] = "hash"
    """Use time if the model predicts the future, group if it predicts for new groups."""

    time_column: str | None = None
    """The date of a split by time. Default: the only date or datetime column."""

    group_column: str | None = None
    """Column that names the group of a row. The split keeps groups whole; not a feature."""

    weight_column: str | None = None
    """Column with the sample weight in fits and metrics, a positive number; not a feature."""

    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share of held-out rows. The default leaves most rows for training."""

    seed: int = 0
    """Seed of the split and of the fit sample."""

    fit_rows: Annotated[int, Field(ge=10)] = 200_000
    """Maximum number of training rows to fit the encoders on; more rows barely change medians."""

    one_hot_up_to: Annotated[int, Field(ge=1)] = 30
    """Maximum number of categories for one-hot encoding; with more: a frequency and a code."""

    min_category_rows: Annotated[int, Field(ge=1)] | None = None
    """Minimum number of rows of a category; rarer ones share a feature.

    Default: 5; with fewer than 500 fitted rows, 1 % of them, but at least 2.
    """

    min_class_rows: Annotated[int, Field(ge=1)] = 5
    """Minimum number of training rows of a class; rows of rarer classes are rejected."""

    @property
    def selection(self) -> dict[str, Any]:
        """Settings that decide which rows and columns are used, as JSON."""
        kept = self.model_dump(mode="json", include=_SELECTION_SETTINGS)
        target = {key: value for key, value in kept["target"].items() if key != "name"}
        return kept | {"target": target, "exclude": sorted(self.exclude)}

    @model_validator(mode="after")
    def _time_column_needs_split_by_time(self) -> Self:
        if self.time_column is not None and self.split != "time":
            raise ValueError('time_column is set, but split is not; expected split = "time"')
        return self

    @model_validator(mode="after")
    def _group_column_needs_split_by_group(self) -> Self:
        if self.group_column is not None and self.split != "group":
            raise ValueError('group_column is set, but split is not; expected split = "group"')
        if self.group_column is None and self.split == "group":
            raise ValueError('split = "group": expected group_column = the column of the groups')
        return self
