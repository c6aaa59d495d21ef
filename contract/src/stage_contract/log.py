"""Logs: text lines by default; with LOG_FORMAT=json, one JSON object per line."""

import json
import logging
import os
import sys
import time
import traceback
from datetime import UTC, datetime
from types import TracebackType

LOGGER = logging.getLogger("stagecoach")
_STANDARD_ATTRIBUTES = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def configure_logging(stage: str) -> None:
    """Send this process's log to standard output in the format that LOG_FORMAT names."""
    handler = logging.StreamHandler(sys.stdout)
    as_json = os.environ.get("LOG_FORMAT") == "json"
    handler.setFormatter(JsonFormatter(stage) if as_json else TextFormatter(stage))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(os.environ.get("LOG_LEVEL", "INFO").upper())
    sys.excepthook = _log_uncaught if as_json else _print_uncaught


def _print_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print the traceback of a bug to standard error, escaped: its message may contain anything."""
    found = "".join(traceback.format_exception(kind, error, trace)).rstrip("\n")
    sys.stderr.writelines(f"{line}\n" for line in _prefixed(found))


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Log a bug as one line of JSON, like all other log lines."""
    LOGGER.critical("a bug ended the process", exc_info=(kind, error, trace))


def _prefixed(trace: str) -> list[str]:
    """Return the lines of a traceback with a prefix, so that none looks like a log line."""
    return [f"| {escaped(line)}" for line in trace.split("\n")]


def escaped(text: str) -> str:
    """Return a text on one line, with unprintable characters escaped.

    Cells, names and paths are untrusted. A line break would forge a log line; a control character
    or a direction mark would hide one.
    """
    if text.isprintable():
        return text
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


class TextFormatter(logging.Formatter):
    """Text lines, such as `clean     27,004 rows in, 26,871 out, 133 rejected`."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; a traceback follows on separate lines, each with a prefix."""
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        lines = [f"{level}{escaped(record.getMessage())}"]
        if record.exc_info:
            lines += _prefixed(self.formatException(record.exc_info))
        return "\n".join(f"{self._stage:<9} {line}" for line in lines)


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, stage, event, and the extra fields."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        fields = {
            key: value for key, value in record.__dict__.items() if key not in _STANDARD_ATTRIBUTES
        }
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "stage": self._stage,
            "event": record.getMessage(),
        } | fields
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _escaped_json(json.dumps(line, ensure_ascii=False, default=str))


def _escaped_json(text: str) -> str:
    """Return JSON with unprintable characters escaped."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


class Progress:
    """Logs progress every few seconds: done, total, rate and time left."""

    def __init__(self, what: str, *, total: int | None = None, every_seconds: float = 5.0) -> None:
        self._what = what
        self._total = total
        self._every = every_seconds
        self._start = self._reported = time.monotonic()
        self._done = 0

    def add(self, count: int) -> None:
        """Count finished work; log a line if the last one is older than `every_seconds`."""
        self._done += count
        now = time.monotonic()
        if now - self._reported < self._every:
            return
        self._reported = now
        LOGGER.info("%s", self._line(now - self._start), extra=self._facts(now - self._start))

    def _facts(self, seconds: float) -> dict[str, float | None]:
        rate = self._done / seconds
        left = max(self._total - self._done, 0) / rate if self._total and rate else None
        return {"done": self._done, "total": self._total, "rate": rate, "seconds_left": left}

    def _line(self, seconds: float) -> str:
        facts = self._facts(seconds)
        of = f" of {self._total:,}" if self._total else ""
        left = f", {facts['seconds_left']:.0f} s left" if facts["seconds_left"] is not None else ""
        rate = facts["rate"] or 0.0
        pace = f"{60 * rate:,.0f}/min" if 0 < rate < 1 else f"{rate:,.0f}/s"
        return f"{self._done:,}{of} {self._what}, {pace}{left}"
