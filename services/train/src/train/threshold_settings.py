"""The setting `threshold`: the decision rule of the label."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, PlainValidator, model_validator

PAIR = ("false_positive", "false_negative")
"""Names of the costs of two classes; the second class is positive."""


def _cost(value: object) -> float | dict[str, float]:
    if isinstance(value, dict):
        return {str(name): _number(cost) for name, cost in value.items()}
    return _number(value)


def _number(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    cost = float(value) if isinstance(value, int | float) else math.nan
    if not is_number or not 0 <= cost < math.inf:
        raise ValueError("expected a cost such as 5, not negative")
    return cost


def _named(value: object) -> object:
    """Turn a bare number into a table."""
    if isinstance(value, dict):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"value": value}
    raise ValueError(
        'expected a probability such as 0.3, {metric = "balanced_accuracy"}, or {cost = {…}}'
    )


class ThresholdSettings(BaseModel, frozen=True, extra="forbid"):
    """A threshold, a metric to optimise, or costs of errors."""

    value: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Minimum probability to predict the second of two classes."""

    metric: Literal["balanced_accuracy", "accuracy"] | None = None
    """Metric that the threshold between two classes optimises."""

    cost: dict[str, Annotated[Any, PlainValidator(_cost)]] | None = None
    """Costs of `false_positive` and `false_negative`, or by true and predicted class."""

    @property
    def is_pair(self) -> bool:
        """Whether the costs are given as `false_positive` and `false_negative`."""
        return self.cost is not None and set(self.cost) == set(PAIR)

    @property
    def needs_predictions(self) -> bool:
        """Whether the choice may need out-of-fold predictions."""
        return self.value is None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if [self.value, self.metric, self.cost].count(None) != 2:
            raise ValueError("expected one of a number, metric and cost")
        if self.cost is None:
            return self
        numbers = [cost for cost in self.cost.values() if isinstance(cost, float)]
        if self.is_pair and len(numbers) == len(PAIR):
            if min(numbers) == 0:
                raise ValueError(
                    "both errors must cost something; otherwise one class is never predicted"
                )
        elif numbers or not self.cost:
            raise ValueError(
                "expected {false_positive = 1, false_negative = 5}, or costs by class such as"
                " {yes = {no = 5}}: a yes that is called no"
            )
        return self


type ThresholdSetting = Annotated[ThresholdSettings, BeforeValidator(_named)]
