"""The setting `threshold`: how a classifier chooses a class from its probabilities."""

import math
from typing import Annotated, Any, Self

from modelling.metric_names import read_metric
from pydantic import BaseModel, BeforeValidator, Field, PlainValidator, model_validator
from stage_contract.metric_titles import split_metric_name

ERROR_TYPES = ("false_positive", "false_negative")
"""Keys of `cost` for two classes; the second class is the positive one."""

_METRICS = ("balanced_accuracy", "matthews_corrcoef", "accuracy")
_PARAMETRIC_METRICS = ("fbeta", "recall_at_precision", "precision_at_recall")


def _check_metric(setting: object) -> str:
    """Return the name of a metric that a threshold can optimise."""
    if setting in _METRICS:
        return str(setting)
    if isinstance(setting, dict) or str(setting).startswith(_PARAMETRIC_METRICS):
        name = read_metric(setting)
        if split_metric_name(name)[0] in _PARAMETRIC_METRICS:
            return name
    raise ValueError(
        "expected 'balanced_accuracy', 'matthews_corrcoef' or 'accuracy', or one of"
        f" {', '.join(_PARAMETRIC_METRICS)}, such as {{fbeta = 2}}"
    )


def _check_costs(value: object) -> float | dict[str, float]:
    if isinstance(value, dict):
        return {str(name): _check_cost(cost) for name, cost in value.items()}
    return _check_cost(value)


def _check_cost(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    cost = float(value) if isinstance(value, int | float) else math.nan
    if not is_number or not 0 <= cost < math.inf:
        raise ValueError("expected a cost such as 5, zero or more")
    return cost


def _to_table(value: object) -> object:
    """Return the setting as a table; a number is the threshold itself."""
    if isinstance(value, dict):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"value": value}
    raise ValueError(
        'expected a probability such as 0.3, {metric = "balanced_accuracy"}, or {cost = {…}}'
    )


class ThresholdSettings(BaseModel, frozen=True, extra="forbid"):
    """One of: a threshold, a metric to optimise, costs of errors."""

    value: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Minimum probability to predict the second of two classes."""

    metric: (
        Annotated[
            str, BeforeValidator(_check_metric, json_schema_input_type=str | dict[str, float])
        ]
        | None
    ) = None
    """Metric that the threshold between two classes optimises, such as `fbeta_2`."""

    cost: dict[str, Annotated[Any, PlainValidator(_check_costs)]] | None = None
    """Costs by type of error (false_positive, false_negative), or by true and predicted class."""

    @property
    def is_pair(self) -> bool:
        """Whether the costs are given as `false_positive` and `false_negative`."""
        return self.cost is not None and set(self.cost) == set(ERROR_TYPES)

    @property
    def needs_predictions(self) -> bool:
        """Whether the threshold may be chosen on out-of-fold predictions."""
        return self.value is None

    @model_validator(mode="after")
    def _check_exactly_one(self) -> Self:
        if [self.value, self.metric, self.cost].count(None) != 2:
            raise ValueError("expected one of a number, metric and cost")
        if self.cost is None:
            return self
        costs = [cost for cost in self.cost.values() if isinstance(cost, float)]
        if self.is_pair and len(costs) == len(ERROR_TYPES):
            if min(costs) == 0:
                raise ValueError(
                    "both errors must cost something; otherwise one class is never predicted"
                )
        elif costs or not self.cost:
            raise ValueError(
                "expected {false_positive = 1, false_negative = 5}, or costs by class such as"
                " {yes = {no = 5}}: predicting no for a true yes"
            )
        return self


type ThresholdSetting = Annotated[
    ThresholdSettings, BeforeValidator(_to_table, json_schema_input_type=float | ThresholdSettings)
]
