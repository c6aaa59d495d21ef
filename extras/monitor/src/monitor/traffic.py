"""Traffic files: lines of serve's workers, added up into windows."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MINUTE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Line:
    """Rows that one worker answered in one minute with one model."""

    minute: datetime
    model: str
    requests: int
    rows: int
    dropped: int
    """Rows that no line counts."""
    columns: Mapping[str, Sequence[int]]
    out_of_range: Mapping[str, int]
    unknown: Mapping[str, int]
    predictions: Sequence[int]


@dataclass
class Window:
    """Sums over the lines of a model within a fixed period."""

    start: datetime
    model: str
    requests: int = 0
    rows: int = 0
    dropped: int = 0
    columns: dict[str, list[int]] = field(default_factory=dict)
    out_of_range: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    predictions: list[int] = field(default_factory=list)

    def add(self, line: Line) -> None:
        self.requests += line.requests
        self.rows += line.rows
        self.dropped += line.dropped
        for name, counts in line.columns.items():
            self.columns[name] = _sum(self.columns.get(name, []), counts)
        self.out_of_range.update(line.out_of_range)
        self.unknown.update(line.unknown)
        self.predictions = _sum(self.predictions, line.predictions)


@dataclass
class Traffic:
    """All windows of the traffic volume, oldest first, and what was not read."""

    windows: list[Window]
    last_minute: datetime | None
    files: int
    lines: int
    skipped: Mapping[str, int]
    """Lines by reason: `incomplete` after a kill, `foreign` if not a line of this form."""


def read_traffic(folder: Path, *, minutes: int) -> Traffic:
    """Read all `windows-*.jsonl` of a folder into windows of so many minutes."""
    found: dict[tuple[datetime, str], Window] = {}
    skipped: Counter[str] = Counter(incomplete=0, foreign=0)
    files, lines, last = sorted(folder.glob("windows-*.jsonl")), 0, None
    for line in (line for path in files for line in _lines(path, skipped)):
        start = _window_start(line.minute, minutes=minutes)
        window = found.setdefault((start, line.model), Window(start, line.model))
        if _has_other_bins(window, line):
            skipped["foreign"] += 1
            continue
        window.add(line)
        lines += 1
        last = max(last or line.minute, line.minute)
    ordered = [found[key] for key in sorted(found) if found[key].requests or found[key].rows]
    return Traffic(ordered, last, len(files), lines, skipped)


def _lines(path: Path, skipped: Counter[str]) -> Iterator[Line]:
    with path.open("rb") as file:
        for raw in file:
            if not raw.endswith(b"\n"):
                skipped["incomplete"] += 1
                continue
            line = _parse(raw)
            if line is None:
                skipped["foreign"] += 1
            else:
                yield line


def _parse(raw: bytes) -> Line | None:
    try:
        entry = json.loads(raw)
        minute = datetime.strptime(entry["minute"], MINUTE_FORMAT).replace(tzinfo=UTC)
        requests, rows, dropped = _counts(
            [entry["requests"], entry["rows"], entry.get("dropped", 0)]
        )
        columns = {name: _counts(counts) for name, counts in entry.get("columns", {}).items()}
        return Line(
            minute,
            _text(entry["model"]),
            requests,
            rows,
            dropped,
            columns,
            _named_counts(entry.get("out_of_range", {})),
            _named_counts(entry.get("unknown", {})),
            _counts(entry.get("predictions") or []),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _counts(values: Any) -> list[int]:
    if not isinstance(values, list) or any(type(each) is not int or each < 0 for each in values):
        raise ValueError
    return values


def _named_counts(values: Any) -> dict[str, int]:
    _counts(list(values.values()))
    return dict(values)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _window_start(minute: datetime, *, minutes: int) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    length = timedelta(minutes=minutes)
    return epoch + (minute - epoch) // length * length


def _has_other_bins(window: Window, line: Line) -> bool:
    pairs = [(window.columns.get(name, []), counts) for name, counts in line.columns.items()]
    pairs.append((window.predictions, line.predictions))
    return any(sums and counts and len(sums) != len(counts) for sums, counts in pairs)


def _sum(sums: Sequence[int], counts: Sequence[int]) -> list[int]:
    if not sums or not counts:
        return list(sums or counts)
    return [x + y for x, y in zip(sums, counts, strict=True)]
