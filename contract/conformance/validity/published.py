"""What a run published: the artifact that LATEST names, not yet trusted in anything."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet
from stage_contract.artifacts.reading import is_id

from conformance.harness.faults import Fault
from conformance.harness.runs import Run, last_lines

TABLES = {"raw-data": ("table",), "clean-data": ("table",), "feature-data": ("train", "test")}
"""The folders whose rows `rows` of a manifest counts."""


@dataclass(frozen=True)
class Published:
    """An artifact's folder and its manifest."""

    path: Path
    manifest: dict[str, Any]

    @property
    def kind(self) -> str:
        return str(self.manifest.get("kind"))

    def files(self, folder: str) -> list[Path]:
        """Return the files of one of its folders, sorted by name; no folder, no files."""
        return sorted((self.path / folder).glob("part-*"))

    def table(self, folder: str) -> pa.Table:
        """Return a folder of Parquet parts as one table."""
        paths = self.files(folder)
        if not paths:
            raise Fault(
                f"{self.path.name}/{folder}: no part-*.parquet",
                "write the table, even one without rows; see contract/reference/kinds.md",
            )
        try:
            return pa.concat_tables([_read_part(path) for path in paths])
        except (pa.ArrowException, OSError) as error:
            raise Fault(
                f"{self.path.name}/{folder}: not readable as one Parquet table: {error}",
                "give all parts one schema, in plain encodings",
            ) from None

    def document(self, name: str) -> Any:
        """Return a JSON document of it."""
        return _json(self.path / name)

    @cached_property
    def rejects(self) -> list[Any]:
        """All lines of rejects/, parsed."""
        return [
            _parsed(line, path)
            for path in self.files("rejects")
            for line in path.read_bytes().split(b"\n")
            if line
        ]

    def count(self, name: str) -> int:
        """Return a count of the manifest's metrics; a missing one is 0."""
        return int(self.manifest.get("metrics", {}).get(name, 0))


def published(run: Run) -> Published:
    """Return what a run that has to end well published.

    Raises:
        Fault: it ended otherwise, or LATEST does not lead to a manifest.
    """
    if run.exit_code != 0:
        raise Fault(
            run.ending_in_lines,
            "run it by hand: contract/conformance/README.md has the docker run with the same"
            " restrictions and input",
        )
    if run.latest is None:
        raise nothing_published(run)
    if not is_id(run.latest):
        raise Fault(
            f"LATEST holds {run.latest!r}", "write the id alone: 16 hex digits and a newline"
        )
    return Published(run.out / run.latest, manifest_of(run, run.latest))


def nothing_published(run: Run) -> Fault:
    """Return the fault of a run that ended with 0 and without LATEST."""
    log = f"its log ends with:\n{last_lines(run.log)}" if run.last_line else "its log is empty"
    if run.refused is None:
        return Fault(
            f"it ended with 0 but there is no LATEST, so it published nothing; {log}",
            "write LATEST last, or end with another code; see contract/reference/exit-codes.md",
        )
    return Fault(
        f"{run.refused} was refused by its own gate: {_reasons(run, run.refused)}; {log}",
        "find out why the gate refuses it; see 'The gate' in contract/reference/gate.md",
    )


def _reasons(run: Run, name: str) -> str:
    verdict = _json(run.out / name / "verdict.json")
    reasons = verdict.get("reasons") if isinstance(verdict, dict) else None
    return "; ".join(map(str, reasons)) if reasons else "verdict.json has no reasons"


def manifest_of(run: Run, name: str) -> dict[str, Any]:
    """Return the manifest in an artifact's folder."""
    if not (run.out / name).is_dir():
        raise Fault(
            f"LATEST names {name}, and there is no such folder",
            "rename the finished draft to <id>/ first, and write LATEST after that",
        )
    manifest = _json(run.out / name / "manifest.json")
    if not isinstance(manifest, dict):
        raise Fault(
            f"{name}/manifest.json: not an object", "see contract/schemas/manifest.schema.json"
        )
    return manifest


def _read_part(path: Path) -> pa.Table:
    """Return a part by the types of Parquet: to it, large strings are strings."""
    part = parquet.ParquetFile(path).read()
    stored = [
        field.with_type(pa.string()) if pa.types.is_large_string(field.type) else field
        for field in part.schema
    ]
    return part.cast(pa.schema(stored, metadata=part.schema.metadata))


def _json(path: Path) -> Any:
    place = f"{path.parent.name}/{path.name}"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Fault(
            f"{place}: {error.strerror}", "write it into the draft before it is renamed"
        ) from None
    return _parsed(content, path)


def _parsed(content: bytes, path: Path) -> Any:
    try:
        return json.loads(content, parse_constant=_refuse)
    except ValueError as error:
        raise Fault(
            f"{path.parent.name}/{path.name}: not JSON: {error}",
            "write JSON in UTF-8; it has no NaN",
        ) from None


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
