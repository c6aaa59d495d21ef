"""Settings that all trainers share: metric, slices, examples, seed and gate."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator
from stage_contract.metric_titles import split_metric_name

from modelling.metric_names import MetricName, higher_is_better

type NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
type Limits = dict[MetricName, Annotated[float, Field(allow_inf_nan=False)]]


class MetricLimits(BaseModel, frozen=True, extra="forbid"):
    """Limits of metrics on held-out rows."""

    minimum: Limits = {}
    """Lower limits of metrics to maximise, such as r2."""

    maximum: Limits = {}
    """Upper limits of metrics to minimise, such as rmse."""

    @model_validator(mode="after")
    def _check_directions(self) -> Self:
        for name in self.minimum:
            if not higher_is_better(name):
                raise ValueError(f"minimum of {name}: it is better the lower; expected a maximum")
        for name in self.maximum:
            if higher_is_better(name):
                raise ValueError(f"maximum of {name}: it is better the higher; expected a minimum")
        return self


class GateSettings(MetricLimits, frozen=True, extra="forbid"):
    """Requirements for a model to go live."""

    slices: MetricLimits = MetricLimits()
    """Limits for each slice with enough rows."""

    better_than_dummy: bool = True
    """Whether a model must beat a baseline that ignores its input, by more than noise."""

    worse_by: NotNegative | Literal["noise", "any"] = "noise"
    """Maximum loss against the live model on the same rows; `noise`: an insignificant loss."""

    fail: bool = False
    """Whether a refusal ends the run with 65; the model is published in any case."""


def _check_extra_metrics(names: list[str]) -> list[str]:
    for name in names:
        if split_metric_name(name)[1] is None:
            raise ValueError(f"{name} has no parameter and is always computed; leave it out")
    if len(set(names)) < len(names):
        raise ValueError("expected each metric once")
    return names


class EvaluationSettings(BaseModel, frozen=True, extra="forbid"):
    """Settings of the evaluation of a model, for any library."""

    metric: MetricName | None = None
    """The deciding metric. Default: r2, or log_loss for classes."""

    extra_metrics: Annotated[list[MetricName], AfterValidator(_check_extra_metrics)] = []
    """Metrics with a parameter that are computed as well; all others of the task always are."""

    slices: list[str] = []
    """Columns whose categories are also evaluated separately."""

    slice_rows: Annotated[int, Field(ge=10)] = 30
    """Minimum number of held-out rows of a slice."""

    examples: Annotated[int, Field(ge=1, le=1000)] = 20
    """Number of example rows with expected outputs, which a server replays."""

    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of all random choices."""

    gate: Annotated[GateSettings, Field(exclude=True)] = GateSettings()
    """Not part of the cause: changed limits do not require new training."""

    @property
    def default_metric(self) -> str | None:
        """The deciding metric if none is set; None: that of the task."""
        return None

    @property
    def quantile_levels(self) -> tuple[float, ...]:
        """Ascending levels of the quantiles that the model predicts; empty if it has none."""
        return ()

    @property
    def further_metrics(self) -> tuple[str, ...]:
        """Metrics of outputs beyond those of the task, which may have limits as well."""
        return ()

    @property
    def deciding_metric(self) -> str | None:
        """The metric that is set, or the default; None: that of the task."""
        return self.metric or self.default_metric

    @property
    def named_metrics(self) -> list[str]:
        """Metrics that a setting names."""
        return [*self.extra_metrics, *([self.metric] if self.metric else [])]

    @property
    def parametric_metrics(self) -> list[str]:
        """Metrics with a parameter, which are computed only if a setting names them."""
        return [name for name in dict.fromkeys(self.named_metrics) if split_metric_name(name)[1]]

    @model_validator(mode="after")
    def _check_slice_limits(self) -> Self:
        limits = self.gate.slices
        if (limits.minimum or limits.maximum) and not self.slices:
            raise ValueError('gate.slices limits slices that are not there; set slices = ["cut"]')
        return self


def gate_limits(settings: EvaluationSettings) -> dict[str, object]:
    """Return the limits of the gate, as in verdict.json."""
    return settings.gate.model_dump(mode="json", exclude={"fail"})


def gate_fails(settings: EvaluationSettings) -> bool:
    """Return whether a refusal is an error."""
    return settings.gate.fail
