"""Windows: what a worker answered with a model in a minute, one line of JSON for each."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from stage_contract import LOGGER

from serve.traffic.append_files import AppendFile
from serve.traffic.bins import Counts

_SECONDS = 60
_encode = msgspec.json.Encoder().encode


class WindowTotals(NamedTuple):
    """What a worker has counted: requests since it started, all else since the model is live."""

    requests: int = 0
    """Successful predictions."""
    rows: int = 0
    out_of_range: Mapping[str, int] = {}
    unknown: Mapping[str, int] = {}
    columns: Mapping[str, Counts] = {}
    """Counts by bin of each column; empty without bins."""
    predictions: Counts | None = None


class WindowRecorder:
    """Divides the growing totals of one worker into windows, and writes them.

    A window ends with the first call after its minute, so rows may be counted a second late.
    """

    def __init__(
        self,
        folder: Path,
        *,
        worker: int,
        now: Callable[[], float],
        on_loss: Callable[[int], None],
    ) -> None:
        """Write to a folder; `on_loss` is called with the number of rows that no line counts."""
        self._file = AppendFile(folder, "windows", worker=worker)
        self._folder = folder
        self._now = now
        self._on_loss = on_loss
        self._model: str | None = None
        self._begun = WindowTotals()
        self._minute = self._current_minute()
        self._dropped = 0
        """Rows of lines that could not be written, since the last line that was."""
        self._has_warned = False

    def is_due(self) -> bool:
        """Return whether the minute of the window is over."""
        return self._current_minute() != self._minute

    def end(self, totals: WindowTotals) -> None:
        """Write the window if it has any traffic, and begin the next one."""
        if self._model is not None:
            self._write(totals, self._model)
        self._begun, self._minute = totals, self._current_minute()

    def begin(self, *, model: str, requests: int) -> None:
        """Count for another model, whose counts begin at 0."""
        self._model, self._begun = model, WindowTotals(requests)
        self._minute = self._current_minute()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, totals: WindowTotals, model: str) -> None:
        begun = self._begun
        rows, requests = totals.rows - begun.rows, totals.requests - begun.requests
        if not (rows or requests):
            return
        minute = datetime.fromtimestamp(self._minute * _SECONDS, UTC)
        line: dict[str, Any] = {
            "minute": f"{minute:%Y-%m-%dT%H:%M:%SZ}",
            "model": model,
            "requests": requests,
            "rows": rows,
            "out_of_range": _difference(totals.out_of_range, begun.out_of_range),
            "unknown": _difference(totals.unknown, begun.unknown),
            "dropped": self._dropped,
        }
        if totals.columns:
            line["columns"] = {
                name: _minus(counts, begun.columns.get(name))
                for name, counts in totals.columns.items()
            }
        if totals.predictions is not None:
            line["predictions"] = _minus(totals.predictions, begun.predictions)
        try:
            self._file.append(_encode(line))
        except OSError as error:
            self._dropped += rows
            self._on_loss(rows)
            self._warn(error)
        else:
            self._dropped, self._has_warned = 0, False

    def _warn(self, error: OSError) -> None:
        """Log once until a line is written again."""
        if not self._has_warned:
            self._has_warned = True
            LOGGER.warning(
                "traffic can't be recorded in %s: %s; predictions go on,"
                " stagecoach_traffic_dropped_rows_total counts the rows",
                self._folder,
                error.strerror or error,
            )

    def _current_minute(self) -> int:
        return int(self._now() // _SECONDS)


def _minus(counts: Counts, begun: Counts | None) -> list[int]:
    difference: list[int] = (counts if begun is None else counts - begun).tolist()
    return difference


def _difference(counts: Mapping[str, int], begun: Mapping[str, int]) -> dict[str, int]:
    added = {name: count - begun.get(name, 0) for name, count in counts.items()}
    return {name: count for name, count in added.items() if count}
