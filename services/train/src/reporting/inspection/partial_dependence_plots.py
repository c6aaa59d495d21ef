"""Partial dependence plots: lines for numeric columns, points for categories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from modelling.data.problem import InputColumn

from reporting.inspection.partial_dependence import Dependence
from reporting.plots.axes import Axis, dates, span_of
from reporting.plots.number_formats import number, percent, share, shortened, tick
from reporting.plots.plot import WIDTH, Dot, Frame, Path, Plot, at, x_axis, y_axis

_LABEL_LENGTH = 17
_ROW_HEIGHT = 20
_FIRST_ROW = 18
_NAMES_END = 116


@dataclass(frozen=True)
class DrawnOutputs:
    """The outputs of a model to draw: numbers or probabilities."""

    label: str
    """Label of the axis of predictions."""
    outputs: Sequence[tuple[int, str]]
    """Indexes and names of the outputs to draw."""
    is_probability: bool

    @property
    def is_single(self) -> bool:
        """Whether there is a single output, which is drawn with its band."""
        return len(self.outputs) == 1

    def show(self, value: float) -> str:
        """Return a prediction as text."""
        return share(value) if self.is_probability else number(value)

    def tick(self, value: float) -> str:
        """Return the label of a tick."""
        return percent(value) if self.is_probability else tick(value)

    def span(self, dependence: Dependence) -> tuple[float, float]:
        """Return the range of the axis of predictions."""
        indexes = [index for index, _ in self.outputs]
        bands = (dependence.low, dependence.high) if self.is_single else ()
        low, high = span_of(
            np.concatenate([each[:, indexes] for each in (dependence.mean, *bands)])
        )
        return (max(0.0, low), min(1.0, high)) if self.is_probability else (low, high)


def plot_dependence(dependence: Dependence, drawn: DrawnOutputs) -> Plot:
    """Return the partial dependence plot of one column."""
    plot = _plot_categories if isinstance(dependence.values, list) else _plot_numbers
    return plot(dependence, drawn)


def _plot_numbers(dependence: Dependence, drawn: DrawnOutputs) -> Plot:
    column, values = dependence.column, np.asarray(dependence.values, dtype=np.float64)
    low, high = float(values[0]), float(values[-1])
    is_date = column.type in {"date", "datetime"}
    x = x_axis(_label(column), low, high, show=dates(low, high) if is_date else tick)
    frame = Frame(
        x,
        y_axis(
            drawn.label, *drawn.span(dependence), show=percent if drawn.is_probability else tick
        ),
    )
    paths = []
    if drawn.is_single:
        index = drawn.outputs[0][0]
        low_and_high = (dependence.low[:, index], dependence.high[:, index])
        paths.append(frame.band(values, *low_and_high, style="band"))
    paths += [
        frame.line(values, dependence.mean[:, index], style=f"line series-{n}")
        for n, (index, _) in enumerate(drawn.outputs, 1)
    ]
    deciles = dependence.deciles[(dependence.deciles >= low) & (dependence.deciles <= high)]
    marks = "".join(f"M{at(place)} {at(frame.y.start)}v-5" for place in x.place(deciles))
    title = "deciles of the held-out rows"
    return Plot(
        column.name,
        caption=_describe_range(dependence, drawn),
        frame=frame,
        paths=[*paths, Path("rug", marks, title)],
        legend=_legend(drawn, "line"),
    )


def _plot_categories(dependence: Dependence, drawn: DrawnOutputs) -> Plot:
    names = [str(value) for value in dependence.values]
    bottom = _FIRST_ROW + _ROW_HEIGHT * len(names)
    low, high = drawn.span(dependence)
    x = Axis(
        drawn.label,
        low,
        high,
        start=_NAMES_END,
        stop=WIDTH - 18,
        show=percent if drawn.is_probability else tick,
    )
    places = [_FIRST_ROW + _ROW_HEIGHT * (n + 0.5) for n in range(len(names))]
    paths = []
    if drawn.is_single:
        index = drawn.outputs[0][0]
        lows, highs = (x.place(each[:, index]) for each in (dependence.low, dependence.high))
        segments = zip(lows, highs, places, strict=True)
        paths.append(
            Path("span", "".join(f"M{at(low)} {at(y)}H{at(high)}" for low, high, y in segments))
        )
    points = [
        Dot(
            f"dot series-{n}",
            at(float(x.place(dependence.mean[row, index]))),
            at(places[row]),
            f"{names[row]}: {name} {drawn.show(dependence.mean[row, index])}",
            radius=4,
        )
        for n, (index, name) in enumerate(drawn.outputs, 1)
        for row in range(len(names))
    ]
    return Plot(
        dependence.column.name,
        caption=_describe_range(dependence, drawn),
        frame=Frame(x, Axis("", 0, 1, start=bottom, stop=_FIRST_ROW - 6)),
        paths=paths,
        dots=points,
        legend=_legend(drawn, "dot"),
        height=bottom + 46,
        rows=[
            (place, shortened(name, _LABEL_LENGTH))
            for place, name in zip(places, names, strict=True)
        ],
    )


def _label(column: InputColumn) -> str:
    return f"{column.name} in {column.unit}" if column.unit else column.name


def _describe_range(dependence: Dependence, drawn: DrawnOutputs) -> str:
    """Return a caption with the lowest and the highest mean."""
    index, name = drawn.outputs[0]
    mean = dependence.mean[:, index]
    lowest, highest = int(mean.argmin()), int(mean.argmax())
    text = (
        f"The {name} ranges from {drawn.show(mean[lowest])} ({_show_value(dependence, lowest)})"
        f" to {drawn.show(mean[highest])} ({_show_value(dependence, highest)})"
    )
    if dependence.missing is not None:
        text += f"; for a missing value, it is {drawn.show(dependence.missing[index])}"
    return f"{text}."


def _show_value(dependence: Dependence, index: int) -> str:
    value = dependence.values[index]
    if isinstance(value, str):
        return f"“{shortened(value, 40)}”"
    if dependence.column.type in {"date", "datetime"}:
        return f"at {dates(0, 0)(float(value))}"
    return f"at {number(float(value))}"


def _legend(drawn: DrawnOutputs, kind: str) -> list[tuple[str, str]]:
    if drawn.is_single:
        return []
    return [(f"{kind} series-{n}", name) for n, (_, name) in enumerate(drawn.outputs, 1)]
