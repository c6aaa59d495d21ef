"""The report of a run: the bars and the figures as Markdown tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.serve.bars import BARS, Bar, Run
from bench.serve.figures import CaseFigures, ServerFigures, read_figures
from bench.serve.measuring import CASES

type Cells = Sequence[str]

_QUIET_CORES = 0.15
_REASON_LENGTH = 120


def report(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the report of a run's records; the first record describes the run."""
    about, *measured = records
    servers = read_figures(measured)
    parts = [
        *_heading(about, servers),
        *_bars(Run(servers)),
        *(line for case in map(str, CASES) for line in _case(case, servers)),
        *_processes(servers),
        *_missing(measured),
    ]
    return "\n".join(parts)


def _heading(about: Mapping[str, Any], servers: Iterable[ServerFigures]) -> Iterator[str]:
    others = [case.others for server in servers for case in server.cases.values()]
    yield f"{about['run']}, {about['rounds']} × {about['seconds']} s a case, medians."
    yield f"{about['machine']}; {about['system']}; {about['load']}."
    yield f"Ours at {about['commit']}, model {about['model']}. Peers: {about['peers']}."
    if max(others, default=0) > _QUIET_CORES:
        yield f"**Other programs used up to {max(others):.1f} cores: trust what is by CPU time.**"


def _bars(run: Run) -> Iterator[str]:
    rows = [_bar(bar, run) for bar in BARS]
    yield from _table(("what", "bar", "measured", "holds", "by CPU time", "compared with"), rows)


def _bar(bar: Bar, run: Run) -> Cells:
    limit = f"{'≤' if bar.is_ceiling else '≥'} {bar.limit:g}{bar.unit}"
    try:
        compared = bar.measure(run)
    except LookupError:
        return bar.what, limit, "not measured", "", "", ""
    holds = "yes" if bar.is_met(compared.figure) else "**no**"
    by_cpu = "" if compared.by_cpu is None else f"{compared.by_cpu:.3g}{bar.unit}"
    return bar.what, limit, f"{compared.figure:.3g}{bar.unit}", holds, by_cpu, compared.other


def _case(case: str, servers: Iterable[ServerFigures]) -> Iterator[str]:
    servers = [server for server in servers if case in server.cases]
    if not servers:
        return
    yield ""
    yield f"**{case}**"
    names = (
        "server",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU µs a request",
        "cores",
        "failed",
        "others' cores",
    )
    ordered = sorted(servers, key=lambda server: -server.cases[case].requests_per_second)
    yield from _table(names, [_case_cells(server.name, server.cases[case]) for server in ordered])


def _case_cells(name: str, figures: CaseFigures) -> Cells:
    return (
        name,
        f"{figures.requests_per_second:,.0f}",
        f"{figures.p50:.2f}",
        f"{figures.p99:.2f}",
        f"{figures.cpu:,.0f}",
        f"{sum(figures.cores):.2f}",
        f"{figures.failed:,}",
        f"{figures.others:.2f}",
    )


def _processes(servers: Iterable[ServerFigures]) -> Iterator[str]:
    yield ""
    yield "**Processes**"
    names = ("server", "ready s", "processes", "RSS MB", "PSS MB", "largest MB", "off by")
    yield from _table(names, [_process_cells(server) for server in servers])


def _process_cells(server: ServerFigures) -> Cells:
    return (
        server.name,
        f"{server.ready:.2f}",
        str(server.processes),
        f"{server.rss:,.0f}",
        f"{server.pss:,.0f}",
        f"{server.largest:,.0f}",
        "" if server.difference is None else f"{server.difference:.1g}",
    )


def _missing(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    reasons = {
        record["server"]: record["error"].replace("|", "/")[:_REASON_LENGTH]
        for record in records
        if "cases" not in record
    }
    if reasons:
        yield ""
        yield from _table(("server", "not measured, because"), list(reasons.items()))


def _table(names: Cells, rows: Iterable[Cells]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
