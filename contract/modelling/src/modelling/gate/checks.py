"""Checks of the gate, including the limits of metrics."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modelling.settings import Limits, MetricLimits


@dataclass(frozen=True)
class Check:
    """One check of the gate."""

    check: Literal["parity", "dummy", "limit", "slice", "live", "best"]
    passed: bool | None
    """Whether the check passed; None if undecided."""
    why: str
    """Result and expectation, as text."""
    facts: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the entry of verdict.json."""
        return {"check": self.check, "passed": self.passed, "why": self.why, **self.facts}


def check_limits_of_metrics(metrics: Mapping[str, Any], limits: MetricLimits) -> Iterator[Check]:
    """Yield a check for each limit of a metric on all held-out rows."""
    for name, limit, passed, why in _check_limits(metrics, limits):
        facts = {"metric": name, "limit": limit} | _value(metrics, name)
        yield Check("limit", passed, why, facts)


def check_limits_of_slices(
    columns: Sequence[Mapping[str, Any]], limits: MetricLimits
) -> Iterator[Check]:
    """Yield a check for each limit of a metric in each slice."""
    for column in columns:
        for part in column["slices"]:
            label = "missing" if part["value"] is None else f"'{part['value']}'"
            where = f"{column['column']} {label}"
            for name, limit, passed, why in _check_limits(part["metrics"], limits):
                facts = {"metric": name, "limit": limit, "column": column["column"]}
                facts |= {"slice": part["value"], "rows": part["rows"]}
                # A metric may be undefined for a slice, for example without every class; that is
                # not a failure.
                known = passed if name in part["metrics"] else None
                text = f"{where}: {why} ({part['rows']:,} rows)"
                yield Check("slice", known, text, facts | _value(part["metrics"], name))


def _check_limits(
    metrics: Mapping[str, Any], limits: MetricLimits
) -> Iterator[tuple[str, float, bool, str]]:
    """Yield for each limit the metric, the limit, whether it holds, and the result as text."""
    ends: tuple[tuple[Limits, str], ...] = ((limits.minimum, "least"), (limits.maximum, "most"))
    for bounds, end in ends:
        for name, limit in bounds.items():
            if name not in metrics:
                yield name, limit, False, f"{name} is undefined, expected {limit:g} at {end}"
                continue
            value = metrics[name]["value"]
            holds = value >= limit if end == "least" else value <= limit
            yield name, limit, holds, f"{name} {value:.4g}, expected {limit:g} at {end}"


def _value(metrics: Mapping[str, Any], name: str) -> dict[str, float]:
    return {"value": metrics[name]["value"]} if name in metrics else {}
