"""The names of the metrics, without importing the libraries that compute them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator
from stage_contract import did_you_mean
from stage_contract.metric_titles import metric_name, split_metric_name

type _Plain = Literal[
    "r2",
    "rmse",
    "mae",
    "median_absolute_error",
    "mape",
    "rmsle",
    "pinball",
    "log_loss",
    "roc_auc",
    "average_precision",
    "balanced_accuracy",
    "matthews_corrcoef",
    "accuracy",
    "brier",
    "coverage",
    "cost",
]

_PLAIN_METRICS: tuple[str, ...] = get_args(_Plain.__value__)

_HIGHER_IS_BETTER = frozenset(
    {
        "r2",
        "roc_auc",
        "average_precision",
        "balanced_accuracy",
        "matthews_corrcoef",
        "accuracy",
        "coverage",
    }
)
"""Metrics without a parameter to maximise."""

MIN_SCORES: Mapping[str, float] = {"r2": -math.inf, "matthews_corrcoef": -1.0}
"""The lowest possible values of the metrics that may be negative."""


@dataclass(frozen=True)
class _Parameter:
    """The parameter of a metric: its bounds, and a value to show in an error."""

    low: float
    high: float
    example: float
    is_integer: bool = False

    @property
    def expected(self) -> str:
        number = "an integer" if self.is_integer else "a number"
        return f"expected {number} from {self.low:g} to {self.high:g}"


_SHARE = _Parameter(0.001, 1, example=0.9)
_PARAMETERS: Mapping[str, _Parameter] = {
    "recall_at_precision": _SHARE,
    "precision_at_recall": _SHARE,
    "fbeta": _Parameter(0.01, 100, example=2),
    # The one most probable class is accuracy.
    "top_k_accuracy": _Parameter(2, 1000, example=3, is_integer=True),
}


def higher_is_better(name: str) -> bool:
    """Return whether a metric is to maximise, with the best value 1; others are errors or costs."""
    metric, parameter = split_metric_name(name)
    return parameter is not None or metric in _HIGHER_IS_BETTER


def show_metric_setting(name: str) -> str:
    """Return the value of `metric` in the pipeline file for a metric."""
    metric, parameter = split_metric_name(name)
    return f"'{name}'" if parameter is None else f"{{{metric} = {parameter}}}"


def read_metric(setting: object) -> str:
    """Return the name of a metric from a setting: a name, or a table such as {fbeta = 2}.

    Raises:
        ValueError: There is no such metric, or its parameter is missing or out of range.
    """
    if isinstance(setting, Mapping):
        if len(setting) != 1:
            raise ValueError("expected one metric with its parameter, such as {fbeta = 2}")
        [(metric, parameter)] = setting.items()
        if metric in _PLAIN_METRICS:
            raise ValueError(f"{metric} has no parameter; write '{metric}'")
        return _name(str(metric), parameter)
    if isinstance(setting, str):
        return _read_name(setting)
    raise ValueError("expected the name of a metric, or a table such as {fbeta = 2}")


def _read_name(name: str) -> str:
    if name in _PLAIN_METRICS:
        return name
    metric = next((each for each in _PARAMETERS if name.startswith(each)), name)
    return _name(metric, _number(name.removeprefix(metric).removeprefix("_")), written=name)


def _name(metric: str, parameter: object, *, written: str | None = None) -> str:
    if metric not in _PARAMETERS:
        raise ValueError(f"unknown metric{did_you_mean(metric, [*_PLAIN_METRICS, *_PARAMETERS])}")
    rule = _PARAMETERS[metric]
    number = _as_number(parameter, is_integer=rule.is_integer)
    # The name of a metric with a decimal point is quoted as a key, or TOML reads two keys.
    example = metric_name(metric, rule.example)
    shown = f"{{{metric} = {rule.example:g}}}" if written is None else f'"{example}"'
    if number is None or not rule.low <= number <= rule.high:
        raise ValueError(f"{metric} has a parameter, {rule.expected}, as in {shown}")
    name = metric_name(metric, number)
    if written not in {None, name}:
        raise ValueError(f'this metric is written "{name}"')
    return name


def _as_number(value: object, *, is_integer: bool) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int if is_integer else int | float):
        return None
    return value


def _number(text: str) -> float | None:
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError:
        return None


type MetricName = Annotated[
    str, BeforeValidator(read_metric, json_schema_input_type=str | dict[str, Any])
]
"""A metric without a parameter, or with the parameter in its name, such as `fbeta_2`. A setting may
also be a table, such as {fbeta = 2}."""
