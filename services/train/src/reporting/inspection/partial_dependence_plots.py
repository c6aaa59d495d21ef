"""Plots of partial dependence: lines over numbers, points over categories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from modelling.data.problem import InputColumn

from reporting.inspection.partial_dependence import Dependence
from reporting.plots.axes import Axis, dates, span_of
from reporting.plots.number_formats import number, percent, share, shortened, tick
from reporting.plots.plot import (
    WIDTH,
    Dot,
    Frame,
    Path,
    Plot,
    across,
    at,
    upwards,
)

_LABEL_LENGTH = 17
_ROW_HEIGHT = 20
_FIRST_ROW = 18
_NAMES_END = 116


@dataclass(frozen=True)
class Answer:
    """What a model answers, and which of its outputs are drawn."""

    label: str
    """Of the axis."""
    outputs: Sequence[tuple[int, str]]
    """Their places, and what each of them is."""
    is_share: bool

    @property
    def is_one(self) -> bool:
        """Whether there is one line, which then has a band around it."""
        return len(self.outputs) == 1

    def show(self, value: float) -> str:
        """Return an answer for people."""
        return share(value) if self.is_share else number(value)

    def tick(self, value: float) -> str:
        """Return a round answer for an axis."""
        return percent(value) if self.is_share else tick(value)

    def span(self, dependence: Dependence) -> tuple[float, float]:
        """Return the ends of the axis."""
        drawn = [place for place, _ in self.outputs]
        bands = (dependence.low, dependence.high) if self.is_one else ()
        low, high = span_of(np.concatenate([each[:, drawn] for each in (dependence.mean, *bands)]))
        return (max(0.0, low), min(1.0, high)) if self.is_share else (low, high)


def plot_dependence(dependence: Dependence, answer: Answer) -> Plot:
    """Return the plot."""
    draw = _over_categories if isinstance(dependence.values, list) else _over_numbers
    return draw(dependence, answer)


def _over_numbers(dependence: Dependence, answer: Answer) -> Plot:
    column, values = dependence.column, np.asarray(dependence.values, dtype=np.float64)
    low, high = float(values[0]), float(values[-1])
    is_date = column.type in {"date", "datetime"}
    x = across(_label(column), low, high, show=dates(low, high) if is_date else tick)
    frame = Frame(
        x,
        upwards(answer.label, *answer.span(dependence), show=percent if answer.is_share else tick),
    )
    paths = []
    if answer.is_one:
        place = answer.outputs[0][0]
        around = (dependence.low[:, place], dependence.high[:, place])
        paths.append(frame.band(values, *around, style="band"))
    paths += [
        frame.line(values, dependence.mean[:, place], style=f"line series-{n}")
        for n, (place, _) in enumerate(answer.outputs, 1)
    ]
    within = dependence.deciles[(dependence.deciles >= low) & (dependence.deciles <= high)]
    marks = "".join(f"M{at(place)} {at(frame.y.start)}v-5" for place in x.place(within))
    title = "deciles of the held-out rows"
    return Plot(
        column.name,
        says=_told(dependence, answer),
        frame=frame,
        paths=[*paths, Path("rug", marks, title)],
        legend=_legend(answer, "line"),
    )


def _over_categories(dependence: Dependence, answer: Answer) -> Plot:
    names = [str(value) for value in dependence.values]
    foot = _FIRST_ROW + _ROW_HEIGHT * len(names)
    ends = answer.span(dependence)
    x = Axis(
        answer.label,
        *ends,
        start=_NAMES_END,
        stop=WIDTH - 18,
        show=percent if answer.is_share else tick,
    )
    places = [_FIRST_ROW + _ROW_HEIGHT * (n + 0.5) for n in range(len(names))]
    paths = []
    if answer.is_one:
        place = answer.outputs[0][0]
        lows, highs = (x.place(each[:, place]) for each in (dependence.low, dependence.high))
        spans = zip(lows, highs, places, strict=True)
        paths.append(Path("span", "".join(f"M{at(a)} {at(c)}H{at(b)}" for a, b, c in spans)))
    points = [
        Dot(
            f"dot series-{n}",
            at(float(x.place(dependence.mean[row, place]))),
            at(places[row]),
            f"{names[row]}: {what} {answer.show(dependence.mean[row, place])}",
            radius=4,
        )
        for n, (place, what) in enumerate(answer.outputs, 1)
        for row in range(len(names))
    ]
    return Plot(
        dependence.column.name,
        says=_told(dependence, answer),
        frame=Frame(x, Axis("", 0, 1, start=foot, stop=_FIRST_ROW - 6)),
        paths=paths,
        dots=points,
        legend=_legend(answer, "dot"),
        height=foot + 46,
        rows=[
            (place, shortened(name, _LABEL_LENGTH))
            for place, name in zip(places, names, strict=True)
        ],
    )


def _label(column: InputColumn) -> str:
    return f"{column.name} in {column.unit}" if column.unit else column.name


def _told(dependence: Dependence, answer: Answer) -> str:
    """Return the lowest and the highest mean in words."""
    place, what = answer.outputs[0]
    mean = dependence.mean[:, place]
    least, most = int(mean.argmin()), int(mean.argmax())
    text = (
        f"The {what} ranges from {answer.show(mean[least])} ({_value(dependence, least)})"
        f" to {answer.show(mean[most])} ({_value(dependence, most)})"
    )
    if dependence.missing is not None:
        text += f"; for a missing value, it is {answer.show(dependence.missing[place])}"
    return f"{text}."


def _value(dependence: Dependence, place: int) -> str:
    value = dependence.values[place]
    if isinstance(value, str):
        return f"“{shortened(value, 40)}”"
    if dependence.column.type in {"date", "datetime"}:
        return f"at {dates(0, 0)(float(value))}"
    return f"at {number(float(value))}"


def _legend(answer: Answer, kind: str) -> list[tuple[str, str]]:
    if answer.is_one:
        return []
    return [(f"{kind} series-{n}", what) for n, (_, what) in enumerate(answer.outputs, 1)]
