"""The figures of a run: for each server the median of its rounds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Self


@dataclass(frozen=True)
class CaseFigures:
    """One server in one case."""

    requests_per_second: float
    p50: float
    """Latency in milliseconds, like p99."""
    p99: float
    cpu: float
    """CPU time per request of all the server's processes, in microseconds."""
    cores: list[float]
    """CPU use of each process, the busiest first."""
    failed: int
    """Number of responses that are not 2xx, and of socket errors."""
    others: float
    """Cores used by other programs."""

    @classmethod
    def of(cls, rounds: list[Mapping[str, Any]]) -> Self:
        """Return the medians of some rounds, and the total of failures."""
        processes = min(len(each["cores"]) for each in rounds)
        return cls(
            requests_per_second=median(each["requests_per_second"] for each in rounds),
            p50=median(each["p50"] for each in rounds) / 1000,
            p99=median(each["p99"] for each in rounds) / 1000,
            cpu=median(each["cpu_microseconds"] for each in rounds),
            cores=[median(each["cores"][n] for each in rounds) for n in range(processes)],
            failed=sum(each["non_2xx"] + each["socket_errors"] for each in rounds),
            others=max(each["other_cores"] for each in rounds),
        )


@dataclass(frozen=True)
class ServerFigures:
    """One server."""

    name: str
    kind: str
    ready: float
    """Fastest start in seconds: the first start may fill the system's file cache."""
    processes: int
    rss: float
    """Memory of all processes in MB: shared pages count in each; pss counts them by share."""
    pss: float
    largest: float
    """Resident memory of the largest process in MB."""
    difference: float | None
    cases: dict[str, CaseFigures]

    @classmethod
    def of(cls, rounds: list[Mapping[str, Any]]) -> Self:
        """Return the figures of some rounds of one server."""
        differences = [each["difference"] for each in rounds if each["difference"] is not None]
        return cls(
            name=rounds[0]["server"],
            kind=rounds[0]["kind"],
            ready=min(each["ready_seconds"] for each in rounds),
            processes=max(len(each["memory"]) for each in rounds),
            rss=max(sum(rss for rss, _ in each["memory"]) for each in rounds),
            pss=max(sum(pss for _, pss in each["memory"]) for each in rounds),
            largest=max(rss for each in rounds for rss, _ in each["memory"]),
            difference=max(differences, default=None),
            cases={
                case: CaseFigures.of([each["cases"][case] for each in rounds])
                for case in rounds[0]["cases"]
            },
        )


def read_figures(records: Iterable[Mapping[str, Any]]) -> list[ServerFigures]:
    """Return the figures of each server that was measured at least once."""
    by_server: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if "cases" in record:
            by_server.setdefault(record["server"], []).append(record)
    return [ServerFigures.of(rounds) for rounds in by_server.values()]
