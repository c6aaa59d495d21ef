"""Small pictures in a table: a value with its interval, beside that of a dummy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporting.plots.axes import Axis
from reporting.plots.number_formats import score
from reporting.plots.plot import at

WIDTH, HEIGHT = 120, 16


@dataclass(frozen=True)
class Range:
    """A value between two ends, on an axis that its table shares."""

    value: str
    low: str
    high: str
    baseline: str
    dot: str
    span: str
    aim: str
    """Where the dummy is, if it has a score."""


def ranges(pairs: Sequence[tuple[Mapping[str, Any], float | None]]) -> list[Range]:
    """Return a picture for each interval and the dummy's score beside it, all on one axis."""
    if not pairs:
        return []
    ends = [found[end] for found, _ in pairs for end in ("low", "high")]
    everything = [*ends, *(dummy for _, dummy in pairs if dummy is not None)]
    low, high = min(everything), max(everything)
    axis = Axis("", low, high if high > low else low + 1, start=4, stop=WIDTH - 4)
    return [_range(found, dummy, axis) for found, dummy in pairs]


def _range(found: Mapping[str, Any], dummy: float | None, axis: Axis) -> Range:
    left, middle, right = axis.place([found["low"], found["value"], found["high"]])
    aim = "" if dummy is None else f"M{at(float(axis.place(dummy)))} 2V{HEIGHT - 2}"
    return Range(
        score(found["value"]),
        score(found["low"]),
        score(found["high"]),
        "–" if dummy is None else score(dummy),
        dot=at(middle),
        span=f"M{at(left)} {HEIGHT // 2}H{at(right)}",
        aim=aim,
    )
