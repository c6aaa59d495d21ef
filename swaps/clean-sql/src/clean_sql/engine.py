"""DuckDB for one run: bounded memory, temporary files in the draft, no access to other files."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from stage_contract import LOGGER, OutputError

CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
PROCESS_BYTES = 120_000_000
"""Memory of Python and of DuckDB's code."""
SHARE_OF_REST = 0.6
"""Share of the remaining memory for DuckDB, which does not count all allocations."""
SMALL_BYTES = 400_000_000
"""Minimum memory for a second thread, because of its buffers."""
ROWS_AT_ONCE = 2_000
REPORT_SECONDS = 5.0


class Engine:
    """A connection that reports progress and stops on a signal."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def run(self, sql: str, *, doing: str) -> None:
        """Run a statement that may take long."""
        with self._reporting(doing):
            self._connection.execute(sql)

    def rows(self, sql: str, *, doing: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a result, a few at a time."""
        with self._reporting(doing):
            self._connection.execute(sql)
        while rows := self._connection.fetchmany(ROWS_AT_ONCE):
            yield from rows

    def row(self, sql: str, *, doing: str = "looked up") -> tuple[Any, ...]:
        """Return the only row of a result."""
        (row,) = self.rows(sql, doing=doing)
        return row

    def keep_order(self) -> None:
        """From now on, write and sum rows in the order in which they are read."""
        self._connection.execute("SET threads = 1")

    def statements(self, text: str) -> list[str]:
        """Split a file into statements; comments stay with the statement that follows."""
        return [statement.query for statement in self._connection.extract_statements(text)]

    @contextmanager
    def _reporting(self, doing: str) -> Iterator[None]:
        done = threading.Event()
        thread = threading.Thread(target=self._report, args=(doing, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _report(self, doing: str, done: threading.Event) -> None:
        started = time.monotonic()
        while not done.wait(REPORT_SECONDS):
            share = self._connection.query_progress()
            # DuckDB reports no progress for some queries.
            known = f"{share:.0f} %, " if share >= 0 else ""
            seconds = time.monotonic() - started
            LOGGER.info("%s, %s%.0f s so far", doing, known, seconds, extra={"seconds": seconds})


@contextmanager
def open_engine(draft: Path, *, reads: Path) -> Iterator[Engine]:
    """Yield an engine that may read an artifact and write a draft.

    Raises:
        OutputError: The volume is full.
    """
    limit = _memory_limit()
    small = {"threads": 1} if limit < SMALL_BYTES else {}
    settings = {
        "memory_limit": f"{limit // 1_000_000}MB",
        "temp_directory": f"{draft}/.spill",
        "allowed_directories": [f"{reads}/", f"{draft}/"],
        "enable_external_access": False,
        "TimeZone": "UTC",
    } | small
    connection = duckdb.connect()
    try:
        for name, value in settings.items():
            connection.execute(f"SET {name} = {literal(value)}")
        yield Engine(connection)
    except duckdb.Error as error:
        if not _is_about_room(error):
            raise
        raise OutputError(
            f"{draft.parent}: no room left ({_first_line(error)}); free space"
        ) from None
    finally:
        connection.close()


def _memory_limit() -> int:
    """Return the memory limit for DuckDB in bytes."""
    try:
        text = CGROUP_LIMIT.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        text = "max"
    if text == "max":
        text = str(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return int(max(int(text) - PROCESS_BYTES, PROCESS_BYTES / 2) * SHARE_OF_REST)


def _is_about_room(error: duckdb.Error) -> bool:
    text = str(error)
    return "No space left on device" in text or "temp_directory_size" in text


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0]


def literal(value: object) -> str:
    """Return a Python value as SQL."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, str):
        # A NUL character would end the statement.
        return "'" + value.replace("'", "''").replace("\0", "' || chr(0) || '") + "'"
    if isinstance(value, Sequence):
        return (
            f"[{', '.join(literal(item) for item in value)}]" if value else "CAST([] AS VARCHAR[])"
        )
    raise TypeError(f"{value!r} has no form in SQL")


def identifier(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'
