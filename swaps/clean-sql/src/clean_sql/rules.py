"""The rules file: its macros and views, checked against the contract's test vectors."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
from stage_contract import SettingsError

from clean_sql.engine import Engine, literal
from clean_sql.fields import Field

VECTORS = Path(__file__).parents[2] / "vectors/cleaning.json"
VIEWS = ("wrong_rows", "copies")

_LEADING_COMMENTS = re.compile(r"(\s*--[^\n]*\n|\s+)*")


class Rules:
    """The statements of one rules file."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self._path = path
        self._engine = engine
        text = path.read_text(encoding="utf-8")
        with self.blamed():
            self._statements = engine.statements(text)

    def create_macros(self) -> None:
        """Run all statements that do not need the view `typed`."""
        self._create([sql for sql in self._statements if not _is_view(sql)])

    def create_views(self) -> None:
        """Run the statements that read the typed rows."""
        self._create([sql for sql in self._statements if _is_view(sql)])

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Convert DuckDB's errors in the file to settings errors."""
        try:
            yield
        except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
            raise SettingsError(f"{self._path.name}: {' '.join(str(error).split())}") from None

    def check(self, vectors: Path = VECTORS) -> None:
        """Run the contract's test vectors through the macros.

        Raises:
            SettingsError: A cell is read differently than by serve.
        """
        cases = [case for case in json.loads(vectors.read_bytes()) if "text" in case]
        for case in cases:
            with self.blamed():
                value, fault = self._engine.row(_both(case), doing="rules checked")
            got = fault.partition(" ")[0] if fault else _json(value)
            expected = case.get("error", case.get("value"))
            if got != expected or isinstance(got, bool) != isinstance(expected, bool):
                raise SettingsError(
                    f"{self._path.name}: {case['about']}: the contract's test vector gives"
                    f" {expected!r}, this file {got!r}; serve would read requests by the contract,"
                    " so fix the macros of its first part"
                )

    def _create(self, statements: list[str]) -> None:
        for sql in statements:
            with self.blamed():
                self._engine.run(sql, doing="rules read")


def _is_view(sql: str) -> bool:
    start = _LEADING_COMMENTS.match(sql)
    return sql[start.end() if start else 0 :].upper().startswith("CREATE VIEW")


def _both(case: dict[str, Any]) -> str:
    """Return a query for value and error of a vector's cell."""
    field = Field(0, case["field"], case.get("missingValues", []), case.get("timezone", "UTC"))
    text = field.text_of(literal(case["text"]))
    return (
        f"SELECT value, {field.fault_of('text', 'value')} FROM"
        f" (SELECT text, {field.value_of('text')} AS value FROM (SELECT {text} AS text))"
    )


def _json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, date) else value
