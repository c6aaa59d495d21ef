"""Plots as data: axes, lines and points with their positions; a template draws them as SVG."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reporting.plots.axes import Axis
from reporting.plots.number_formats import tick

WIDTH, HEIGHT = 360, 264
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 342, 12, 218
_DENSITY_COLUMNS, _DENSITY_ROWS = 46, 32
_SHADES = 5
"""Number of shades of a density plot; a shade stands for a range of counts on a log scale."""


@dataclass(frozen=True)
class Path:
    """A line or an area; `style` is its class in the style sheet."""

    style: str
    d: str
    title: str = ""


@dataclass(frozen=True)
class Dot:
    """A point; its title is shown on hover."""

    style: str
    x: str
    y: str
    title: str = ""
    radius: float = 3


@dataclass(frozen=True)
class Frame:
    """The two axes of a plot; its methods place lines, areas and points."""

    x: Axis
    y: Axis

    def line(self, xs: ArrayLike, ys: ArrayLike, *, style: str) -> Path:
        """Return a line through points."""
        return Path(style, f"M{_points(self.x.place(xs), self.y.place(ys))}")

    def steps(self, xs: ArrayLike, ys: ArrayLike, *, style: str) -> Path:
        """Return a step line: it goes horizontally to the next x, then vertically to its y."""
        places, heights = self.x.place(xs), self.y.place(ys)
        corners = _points(np.repeat(places, 2)[1:], np.repeat(heights, 2)[:-1])
        return Path(style, f"M{corners}")

    def band(self, xs: ArrayLike, low: ArrayLike, high: ArrayLike, *, style: str) -> Path:
        """Return the area between two lines."""
        columns = self.x.place(xs)
        heights = np.concatenate([self.y.place(high), self.y.place(low)[::-1]])
        return Path(style, f"M{_points(np.concatenate([columns, columns[::-1]]), heights)}Z")

    def bars(self, edges: ArrayLike, heights: ArrayLike, *, style: str) -> Path:
        """Return the bars of a histogram, from the bottom of the plot."""
        places, tops, bottom = self.x.place(edges), self.y.place(heights), self.y.start
        columns = zip(places[:-1], places[1:], tops, strict=True)
        boxes = [
            box(left, top, right - 0.6, bottom) for left, right, top in columns if top < bottom
        ]
        return Path(style, "".join(boxes))

    def points(self, xs: ArrayLike, ys: ArrayLike) -> Path:
        """Return points as one path, which is smaller than a mark for each."""
        pairs = zip(self.x.place(xs), self.y.place(ys), strict=True)
        return Path("points", "".join(f"M{at(a)} {at(b)}h0" for a, b in pairs))

    def density(self, xs: ArrayLike, ys: ArrayLike) -> list[Path]:
        """Return the number of points in each cell of a grid, as paths of five shades."""
        counts, columns, rows = np.histogram2d(
            self.x.place(xs),
            self.y.place(ys),
            bins=(_DENSITY_COLUMNS, _DENSITY_ROWS),
            range=((self.x.start, self.x.stop), (self.y.stop, self.y.start)),
        )
        limits = np.geomspace(1, max(2.0, counts.max()), _SHADES + 1)[1:-1]
        cells: list[list[str]] = [[] for _ in range(_SHADES)]
        for i, j in zip(*np.nonzero(counts), strict=True):
            shade = int(np.searchsorted(limits, counts[i, j], side="right"))
            cells[shade].append(box(columns[i], rows[j], columns[i + 1], rows[j + 1]))
        return [Path(f"shade-{n}", "".join(found)) for n, found in enumerate(cells, 1) if found]

    def diagonal(self) -> Path:
        """Return the line y = x."""
        ends = [max(self.x.low, self.y.low), min(self.x.high, self.y.high)]
        return self.line(ends, ends, style="aim")

    def level(self, value: float) -> Path:
        """Return a horizontal line at a value."""
        return self.line([self.x.low, self.x.high], [value, value], style="aim")


@dataclass(frozen=True)
class Plot:
    """One figure."""

    title: str
    caption: str
    """Caption; also the description for screen readers."""
    frame: Frame
    paths: Sequence[Path] = ()
    dots: Sequence[Dot] = ()
    legend: Sequence[tuple[str, str]] = ()
    """Style and name of each line in the legend."""
    width: int = WIDTH
    height: int = HEIGHT
    rows: Sequence[tuple[float, str]] = ()
    """Positions and names of rows, if the y axis has categories instead of numbers."""


def x_axis(
    label: str, low: float, high: float, *, show: Callable[[float], str] = tick, log: bool = False
) -> Axis:
    """Return a horizontal axis."""
    return Axis(label, low, high, _LEFT, _RIGHT, is_log=log, show=show)


def y_axis(
    label: str, low: float, high: float, *, show: Callable[[float], str] = tick, log: bool = False
) -> Axis:
    """Return a vertical axis."""
    return Axis(label, low, high, _BOTTOM, _TOP, is_log=log, show=show)


def box(left: float, top: float, right: float, bottom: float) -> str:
    """Return the outline of a rectangle as an SVG path."""
    return f"M{at(left)} {at(top)}H{at(right)}V{at(bottom)}H{at(left)}Z"


def at(position: float) -> str:
    """Return a coordinate in SVG as text, rounded to a tenth."""
    text = f"{position:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def thinned(count: int, *, max_points: int) -> NDArray[np.int64]:
    """Return the indexes of at most `max_points` points of a line, evenly spaced, ends included."""
    return np.unique(np.linspace(0, count - 1, min(count, max_points)).round().astype(np.int64))


def _points(xs: Iterable[float], ys: Iterable[float]) -> str:
    return "L".join(f"{at(a)} {at(b)}" for a, b in zip(xs, ys, strict=True))
