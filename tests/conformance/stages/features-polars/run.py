"""How a run talks and ends: log lines, exit codes, signals and settings."""

import difflib
import json
import math
import os
import signal
import sys
import threading
import time
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NAME = "features"
TABLES = ("ingest", "clean", "features", "train", "serve")
TOP_LEVEL = ("source", "target", "name", *TABLES)
MAX_KEEP = 1_000_000
PROGRESS_SECONDS = 5


class UserError(Exception):
    """Something that the user can fix; `code` is the exit code."""

    def __init__(self, code: int, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.code, self.cause, self.hint = code, cause, hint


# --- Log ---


def now() -> str:
    """Return the time in RFC 3339."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def log(text: str, level: str = "info", **facts: Any) -> str:
    """Write and return one line; characters that would break or turn it are escaped."""
    safe = line = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )
    if os.environ.get("LOG_FORMAT") == "json":
        record = {"time": now(), "level": level, "stage": NAME, "event": safe, **facts}
        line = json.dumps(record)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
    return safe


def start_progress() -> None:
    """Say every few seconds that the stage still works."""

    def report() -> None:
        started = time.monotonic()
        while True:
            time.sleep(PROGRESS_SECONDS)
            log(f"still working after {time.monotonic() - started:.0f} s")

    threading.Thread(target=report, daemon=True).start()


# --- Signals ---

publishing = threading.Lock()
"""Held from the rename of the draft to the end of the process, so that a signal waits."""


def end_on_signals() -> None:
    """End with 143 or 130 on SIGTERM or Ctrl+C, unless the artifact has its name."""
    awaited = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)

    def wait() -> None:
        number = signal.sigwait(awaited)
        with publishing:
            log(f"ended by {signal.Signals(number).name}; nothing was published", "warning")
            os._exit(128 + number)

    threading.Thread(target=wait, daemon=True).start()


# --- Settings ---


def check_name(pipeline: dict[str, Any], path: Path) -> None:
    """Refuse a name of the model that is no text."""
    if not isinstance(name := pipeline.get("name", "a text"), str) or not name:
        raise UserError(78, f"name in {path} is {name!r}", "expected a text")


def read_settings(pipeline_folder: Path) -> tuple[dict[str, Any], int]:
    """Return the resolved settings of this stage, and `keep`."""
    path = pipeline_folder / f"{os.environ.get('PIPELINE', '')}.toml"
    try:
        pipeline = tomllib.loads(path.read_bytes().decode())
    except (OSError, ValueError) as error:
        raise UserError(
            78, f"{path} cannot be read as TOML: {error}", "fix it or set PIPELINE"
        ) from None
    refuse_unknown(pipeline, TOP_LEVEL, f"key at the top of {path}:")
    check_name(pipeline, path)
    for table in TABLES:
        if not isinstance(pipeline.get(table, {}), dict):
            raise UserError(78, f"{table} in {path} is not a table", f"write [{table}]")
    for key, table in (("source", "ingest"), ("target", "features")):
        if key in pipeline and key in pipeline.get(table, {}):
            raise UserError(78, f"{key} is at the top of {path} and in [{table}]", "keep one")
    own = dict(pipeline.get(NAME, {}))
    if "target" in pipeline:
        own["target"] = pipeline["target"]
    keep = own.pop("keep", 5)
    if type(keep) is not int or not 1 <= keep <= MAX_KEEP:
        raise UserError(78, f"[{NAME}] keep is {keep!r}", f"expected 1 to {MAX_KEEP}")
    schema = json.loads(Path(__file__).with_name("settings.schema.json").read_text("utf-8"))
    known = schema["properties"]
    refuse_unknown(own, (*known, "keep"), f"key in [{NAME}] of {path}:")
    for key, value in own.items():
        if not fits(value, known[key]):
            expected = {k: v for k, v in known[key].items() if k not in ("default", "description")}
            hint = f"expected {json.dumps(expected)}"
            raise UserError(78, f"[{NAME}] {key} in {path} is {value!r}", hint)
    settings = {key: own.get(key, rule["default"]) for key, rule in known.items()}
    return settings | {"target": read_target(settings["target"], str(path))}, keep


def refuse_unknown(given: Iterable[str], known: Iterable[str], where: str) -> None:
    """Refuse a name that is not known, and suggest the closest."""
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
            raise UserError(78, f"unknown {where} {name!r}", f"did you mean {close!r}?")


def fits(value: Any, rule: dict[str, Any]) -> bool:
    """Tell whether a value follows the few keywords of JSON Schema that the settings use."""
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    names |= {list: "array", dict: "object"}
    if "enum" in rule:
        return value in rule["enum"]
    name = names.get(type(value), "")
    types = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    if name not in types and not (name == "integer" and "number" in types):
        return False
    if name == "array":
        return all(fits(each, rule["items"]) for each in value)
    if name in ("integer", "number"):
        return bool(
            rule.get("minimum", value) <= value <= rule.get("maximum", value)
            and rule.get("exclusiveMinimum", -math.inf)
            < value
            < rule.get("exclusiveMaximum", math.inf)
        )
    return True


def read_target(target: str | dict[str, Any] | None, path: str) -> dict[str, Any]:
    """Return the four keys of the target, whether it is a name or a table."""
    if not target:
        raise UserError(78, f"{path} has no target", 'write target = "<column>" at its top')
    given = {"column": target} if isinstance(target, str) else target
    rules: dict[str, dict[str, Any]] = {
        "column": {"type": "string"},
        "name": {"type": "string"},
        "above": {"type": "number"},
        "transform": {"enum": ["log", "log1p"]},
    }
    refuse_unknown(given, tuple(rules), f"key in target of {path}:")
    for key, rule in rules.items():
        if (key in given and not fits(given[key], rule)) or given.get(key) == "":
            hint = f"expected {json.dumps(rule)}"
            raise UserError(78, f"target.{key} in {path} is {given[key]!r}", hint)
    if "column" not in given:
        raise UserError(78, f"target in {path} names no column", 'write column = "<column>"')
    return {key: given.get(key) for key in rules}
