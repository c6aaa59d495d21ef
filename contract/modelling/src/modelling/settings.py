"""Settings of every stage that trains: what decides, what is looked at apart, and the gate."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from modelling.metric_names import BETTER_HIGHER, MetricName

type NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
type Limits = dict[MetricName, Annotated[float, Field(allow_inf_nan=False)]]


class MetricLimits(BaseModel, frozen=True, extra="forbid"):
    """Limits of metrics on held-out rows."""

    minimum: Limits = {}
    """Of metrics that are better the higher, such as r2."""

    maximum: Limits = {}
    """Of metrics that are better the lower, such as rmse."""

    @model_validator(mode="after")
    def _at_the_right_end(self) -> Self:
        for name in self.minimum.keys() - BETTER_HIGHER:
            raise ValueError(f"minimum of {name}: it is better the lower; expected a maximum")
        for name in self.maximum.keys() & BETTER_HIGHER:
            raise ValueError(f"maximum of {name}: it is better the higher; expected a minimum")
        return self


class GateSettings(MetricLimits, frozen=True, extra="forbid"):
    """What a model must be to go live."""

    slices: MetricLimits = MetricLimits()
    """Limits for each slice that has rows enough."""

    better_than_dummy: bool = True
    """It must beat a dummy that ignores its input, by more than the noise of the held-out rows."""

    worse_by: NotNegative | Literal["noise", "any"] = "noise"
    """How much worse than the live model it may be on the same rows, by the metric that decides."""

    fail: bool = False
    """Whether a refusal ends the run with 65; the model is published for inspection in any case."""


class JudgedSettings(BaseModel, frozen=True, extra="forbid"):
    """What the judgement on a model takes, whatever it was learned with."""

    metric: MetricName | None = None
    """What the best model is best at. Default: r2, or log_loss, which judges probabilities."""

    slices: list[str] = []
    """Columns whose categories are judged each by itself, too."""

    slice_rows: Annotated[int, Field(ge=10)] = 30
    """Of a category with fewer held-out rows nothing is said."""

    examples: Annotated[int, Field(ge=1, le=1000)] = 20
    """Rows with expected outputs that a server can replay before it takes the model live."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Decides whatever is drawn."""

    gate: Annotated[GateSettings, Field(exclude=True)] = GateSettings()
    """No part of the cause: another limit is judged by without training anew."""

    @property
    def further_metrics(self) -> tuple[MetricName, ...]:
        """What is measured beside the metrics of the task, and may be limited like them."""
        return ()

    @model_validator(mode="after")
    def _slices_to_limit(self) -> Self:
        limits = self.gate.slices
        if (limits.minimum or limits.maximum) and not self.slices:
            raise ValueError('gate.slices limits slices that are not there; set slices = ["cut"]')
        return self


def gate_limits(settings: JudgedSettings) -> dict[str, object]:
    """Return what the gate goes by, as it stands in verdict.json."""
    return settings.gate.model_dump(mode="json", exclude={"fail"})


def gate_fails(settings: JudgedSettings) -> bool:
    """Return whether a refusal is an error."""
    return settings.gate.fail
