"""Small plots in a table: a value with its interval, beside the baseline's score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporting.plots.axes import Axis
from reporting.plots.number_formats import score
from reporting.plots.plot import at

WIDTH, HEIGHT = 120, 16


@dataclass(frozen=True)
class Range:
    """A value between two ends, on an axis shared by the table."""

    value: str
    low: str
    high: str
    baseline: str
    dot: str
    span: str
    aim: str
    """Position of the baseline's score, if there is one."""


def ranges(pairs: Sequence[tuple[Mapping[str, Any], float | None]]) -> list[Range]:
    """Return a plot of each interval and the baseline's score, all on one axis."""
    if not pairs:
        return []
    ends = [found[end] for found, _ in pairs for end in ("low", "high")]
    everything = [*ends, *(baseline for _, baseline in pairs if baseline is not None)]
    low, high = min(everything), max(everything)
    axis = Axis("", low, high if high > low else low + 1, start=4, stop=WIDTH - 4)
    return [_range(found, baseline, axis) for found, baseline in pairs]


def _range(found: Mapping[str, Any], baseline: float | None, axis: Axis) -> Range:
    left, middle, right = axis.place([found["low"], found["value"], found["high"]])
    aim = "" if baseline is None else f"M{at(float(axis.place(baseline)))} 2V{HEIGHT - 2}"
    return Range(
        score(found["value"]),
        score(found["low"]),
        score(found["high"]),
        "–" if baseline is None else score(baseline),
        dot=at(middle),
        span=f"M{at(left)} {HEIGHT // 2}H{at(right)}",
        aim=aim,
    )
