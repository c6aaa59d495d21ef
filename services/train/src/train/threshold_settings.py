"""The setting `threshold`: what decides which class a label names."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, PlainValidator, model_validator

PAIR = ("false_positive", "false_negative")
"""The costs of two classes, of which the second one is the positive."""


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
    """Give a bare number the name that it has in the table."""
    if isinstance(value, dict):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"value": value}
    raise ValueError(
        'expected a probability such as 0.3, {metric = "balanced_accuracy"}, or {cost = {…}}'
    )


class ThresholdSettings(BaseModel, frozen=True, extra="forbid"):
    """One of the three."""

    value: Annotated[float, Field(gt=0, lt=1)] | None = None
    """From this probability on the second of two classes is named."""

    metric: Literal["balanced_accuracy", "accuracy"] | None = None
    """What the threshold between two classes is best at."""

    cost: dict[str, Annotated[Any, PlainValidator(_cost)]] | None = None
    """Of `false_positive` and `false_negative`, or by the true class and the one that is named."""

    @property
    def is_pair(self) -> bool:
        """Whether the costs are those of two classes by the names of their errors."""
        return self.cost is not None and set(self.cost) == set(PAIR)

    @property
    def needs_predictions(self) -> bool:
        """Whether something may have to be chosen by predictions."""
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
                raise ValueError("both errors must cost something: else one class is never named")
        elif numbers or not self.cost:
            raise ValueError(
                "expected {false_positive = 1, false_negative = 5}, or costs by class such as"
                " {yes = {no = 5}}: a yes that is called no"
            )
        return self


type WishedThreshold = Annotated[ThresholdSettings, BeforeValidator(_named)]
