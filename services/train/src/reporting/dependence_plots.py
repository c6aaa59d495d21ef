"""Plots of partial dependence: lines over numbers, points over categories."""

from collections.abc import Sequence

import numpy as np
from modelling.problem import InputColumn

from reporting.axes import Axis, dates, span_of
from reporting.dependence import Dependence
from reporting.numbers import number, shortened
from reporting.plots import (
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


def plot_dependence(
    dependence: Dependence, *, says: str, outputs: Sequence[tuple[int, str]], is_share: bool
) -> Plot:
    """Return the plot; `outputs` are the places and names of what is drawn, `says` what it is."""
    kinds = [place for place, _ in outputs]
    seen = np.concatenate(
        [each[:, kinds].ravel() for each in (dependence.low, dependence.high, dependence.mean)]
        if len(kinds) == 1
        else [dependence.mean[:, kinds].ravel()]
    )
    low, high = span_of(seen)
    ends = (max(0.0, low), min(1.0, high)) if is_share else (low, high)
    draw = _over_categories if isinstance(dependence.values, list) else _over_numbers
    return draw(dependence, ends, says, outputs)


def _over_numbers(
    dependence: Dependence, ends: tuple[float, float], says: str, outputs: Sequence[tuple[int, str]]
) -> Plot:
    column, values = dependence.column, np.asarray(dependence.values, dtype=np.float64)
    low, high = float(values[0]), float(values[-1])
    is_date = column.type in {"date", "datetime"}
    x = across(_label(column), low, high, show=dates(low, high) if is_date else number)
    frame = Frame(x, upwards(says, *ends))
    paths = []
    if len(outputs) == 1:
        place = outputs[0][0]
        around = (dependence.low[:, place], dependence.high[:, place])
        paths.append(frame.band(values, *around, style="band"))
    paths += [
        frame.line(values, dependence.mean[:, place], style=f"line series-{n}")
        for n, (place, _) in enumerate(outputs, 1)
    ]
    within = dependence.deciles[(dependence.deciles >= low) & (dependence.deciles <= high)]
    marks = "".join(f"M{at(place)} {at(frame.y.start)}v-5" for place in x.place(within))
    title = "deciles of the held-out rows"
    return Plot(
        column.name,
        says=_told(dependence, says, outputs),
        frame=frame,
        paths=[*paths, Path("rug", marks, title)],
        legend=_legend(outputs),
    )


def _over_categories(
    dependence: Dependence, ends: tuple[float, float], says: str, outputs: Sequence[tuple[int, str]]
) -> Plot:
    names = [str(value) for value in dependence.values]
    foot = _FIRST_ROW + _ROW_HEIGHT * len(names)
    x = Axis(says, *ends, start=_NAMES_END, stop=WIDTH - 12)
    places = [_FIRST_ROW + _ROW_HEIGHT * (n + 0.5) for n in range(len(names))]
    paths = []
    if len(outputs) == 1:
        lows, highs = (
            x.place(each[:, outputs[0][0]]) for each in (dependence.low, dependence.high)
        )
        spans = zip(lows, highs, places, strict=True)
        paths.append(Path("span", "".join(f"M{at(a)} {at(c)}H{at(b)}" for a, b, c in spans)))
    points = [
        Dot(
            f"dot series-{n}",
            at(float(x.place(dependence.mean[row, place]))),
            at(places[row]),
            f"{names[row]}{f', {label}' if label else ''}: {number(dependence.mean[row, place])}",
            radius=4,
        )
        for n, (place, label) in enumerate(outputs, 1)
        for row in range(len(names))
    ]
    return Plot(
        dependence.column.name,
        says=_told(dependence, says, outputs),
        frame=Frame(x, Axis("", 0, 1, start=foot, stop=_FIRST_ROW - 6)),
        paths=paths,
        dots=points,
        legend=_legend(outputs),
        height=foot + 46,
        rows=[
            (place, shortened(name, _LABEL_LENGTH))
            for place, name in zip(places, names, strict=True)
        ],
    )


def _label(column: InputColumn) -> str:
    return f"{column.name} in {column.unit}" if column.unit else column.name


def _told(dependence: Dependence, says: str, outputs: Sequence[tuple[int, str]]) -> str:
    """Return the lowest and the highest mean in words."""
    place, name = outputs[0]
    mean = dependence.mean[:, place]
    least, most = int(mean.argmin()), int(mean.argmax())
    what = f"{says}{f' {name}' if name else ''}"
    text = (
        f"{what} goes from {number(mean[least])} ({_value(dependence, least)})"
        f" to {number(mean[most])} ({_value(dependence, most)})"
    )
    if dependence.missing is not None:
        text += f"; where the value is missing, it is {number(dependence.missing[place])}"
    return f"{text}."


def _value(dependence: Dependence, place: int) -> str:
    value = dependence.values[place]
    if isinstance(value, str):
        return f"“{shortened(value, 40)}”"
    if dependence.column.type in {"date", "datetime"}:
        return f"at {dates(0, 0)(float(value))}"
    return f"at {number(float(value))}"


def _legend(outputs: Sequence[tuple[int, str]]) -> list[tuple[str, str]]:
    if len(outputs) == 1:
        return []
    return [(f"series-{n}", name) for n, (_, name) in enumerate(outputs, 1)]
