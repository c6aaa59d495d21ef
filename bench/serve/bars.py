"""The bars for our server, and the measured value of each."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.serve.figures import CaseFigures, ServerFigures
from bench.serve.measuring import CASES

_ALONE, _ONE, _MANY = map(str, CASES)
_OURS = "stagecoach"
_NO_FAST_PATH = "stagecoach/no-fast-path"
_BINARY = ("stagecoach/oip-binary",)


@dataclass(frozen=True)
class Compared:
    """The measured value of a bar."""

    figure: float
    other: str = ""
    """The server that ours was compared with."""
    by_cpu: float | None = None
    """The same ratio by CPU time per request, which other programs hardly affect."""


class Run:
    """The servers of a run; access to a server that was not measured raises LookupError."""

    def __init__(self, servers: Iterable[ServerFigures]) -> None:
        self._servers = {each.name: each for each in servers}

    def server(self, name: str) -> ServerFigures:
        return self._servers[name]

    def case(self, name: str, case: str) -> CaseFigures:
        return self.server(name).cases[case]

    def fastest(self, names: Iterable[str], case: str) -> str:
        """Return the fastest of the servers that were measured."""
        rates = {
            name: self.case(name, case).requests_per_second
            for name in names
            if name in self._servers
        }
        if not rates:
            raise LookupError(case)
        return max(rates, key=rates.__getitem__)

    def of_kind(self, kind: str) -> list[str]:
        return [name for name, server in self._servers.items() if server.kind == kind]


@dataclass(frozen=True)
class Bar:
    """One bar."""

    what: str
    limit: float
    measure: Callable[[Run], Compared]
    unit: str = "×"
    is_ceiling: bool = False

    def is_met(self, figure: float) -> bool:
        return figure <= self.limit if self.is_ceiling else figure >= self.limit


def _faster_than_kind(
    kind: str, case: str, *, by: Iterable[str] = (_OURS,)
) -> Callable[[Run], Compared]:
    return lambda run: _rates(
        run, run.fastest(by, case), run.fastest(run.of_kind(kind), case), case=case
    )


def _faster_than(
    name: str, case: str, *, by: Iterable[str] = (_OURS,)
) -> Callable[[Run], Compared]:
    return lambda run: _rates(run, run.fastest(by, case), name, case=case)


def _rates(run: Run, ours: str, other: str, *, case: str) -> Compared:
    mine, theirs = run.case(ours, case), run.case(other, case)
    return Compared(
        mine.requests_per_second / theirs.requests_per_second,
        other if ours == _OURS else f"{other} (ours: {ours})",
        by_cpu=theirs.cpu / mine.cpu,
    )


def _alone(run: Run) -> Compared:
    ratio = run.case(_OURS, _ALONE).p50 / run.case("limit/asgi", _ALONE).p50
    return Compared(ratio, "limit/asgi")


def _ready(run: Run) -> Compared:
    return Compared(run.server(_OURS).ready)


def _largest(run: Run) -> Compared:
    """Return the largest process of our server in all forms, and with two workers."""
    largest = [run.server(name).largest for name in run.of_kind("ours")]
    if not largest:
        raise LookupError(_OURS)
    return Compared(max(largest))


BARS = (
    Bar(
        "1 row: requests/s to the best peer with scikit-learn",
        100,
        _faster_than_kind("sklearn", _ONE),
    ),
    Bar(
        "1 row: requests/s to the best peer with the same graph",
        10,
        _faster_than_kind("graph", _ONE),
    ),
    Bar(
        "1 row: requests/s to a bare ASGI application that returns a constant",
        0.85,
        _faster_than("limit/asgi", _ONE),
    ),
    Bar(
        "100 rows: requests/s to the best peer with scikit-learn",
        12,
        _faster_than_kind("sklearn", _MANY),
    ),
    Bar(
        "100 rows as JSON: requests/s to the best peer with the same graph",
        1.7,
        _faster_than_kind("graph", _MANY),
    ),
    Bar(
        "100 rows as OIP binary: requests/s to the best peer with the same graph",
        2,
        _faster_than_kind("graph", _MANY, by=_BINARY),
    ),
    Bar(
        "1 row, no fast path: requests/s to the best peer with the same graph",
        3,
        _faster_than_kind("graph", _ONE, by=(_NO_FAST_PATH,)),
    ),
    Bar(
        "1 row, no fast path: requests/s to a FastAPI route that returns a constant",
        0.65,
        _faster_than("limit/fastapi", _ONE, by=(_NO_FAST_PATH,)),
    ),
    Bar(
        "1 row, no fast path: requests/s to that route behind our middleware and a dependency",
        0.9,
        _faster_than("limit/fastapi-middleware", _ONE, by=(_NO_FAST_PATH,)),
    ),
    Bar("1 row, 1 connection: p50 to a bare ASGI application", 2, _alone, is_ceiling=True),
    Bar("start of the process to the first answer", 1, _ready, " s", is_ceiling=True),
    Bar(
        "resident memory of the largest process, all runs of ours",
        120,
        _largest,
        " MB",
        is_ceiling=True,
    ),
)
