"""Rows: what the manifest counts is what the tables and rejects/ hold, and none is lost."""

from collections import Counter
from pathlib import Path

from conformance.harness.faults import Fault
from conformance.validity.lineage import input_manifest
from conformance.validity.manifests import check_schema
from conformance.validity.published import TABLES, Published

_COUNTS = "`rows` counts the table, `metrics.rejected` the faulty rows in rejects/"


def check_none_lost(artifact: Published, source: Path, *, rows_in: int | None = None) -> None:
    """Check that every row is in a table or in rejects/; `rows_in` are those of a source table."""
    if artifact.kind == "model":
        return
    if rows_in is None and artifact.kind != "raw-data":
        rows_in = int(input_manifest(source)["rows"])
    kept = _kept(artifact)
    aside = len(artifact.rejects)
    if rows_in is not None and kept + aside != rows_in:
        raise Fault(
            f"{rows_in} rows in, {kept} rows out and {aside} in rejects/:"
            f" {rows_in - kept - aside} lost",
            "write every row that is not kept to rejects/ with its reason",
        )


def check_counts(artifact: Published) -> None:
    """Check `rows` and `metrics.rejected` against the files."""
    if folders := TABLES.get(artifact.kind):
        found = _kept(artifact)
        if artifact.manifest["rows"] != found:
            raise Fault(
                f"manifest.json: rows = {artifact.manifest['rows']},"
                f" {' and '.join(folders)} hold {found}",
                _COUNTS,
            )
    aside = artifact.count("rejected") + artifact.count("duplicates")
    if len(artifact.rejects) != aside:
        raise Fault(
            f"manifest.json: rejected and duplicates are {aside} rows,"
            f" rejects/ holds {len(artifact.rejects)}",
            f"{_COUNTS}, `metrics.duplicates` the duplicate rows",
        )
    _check_reasons(artifact)


def _check_reasons(artifact: Published) -> None:
    """Check the optional counts by reason against the lines, which leave out duplicates."""
    if "rejected_by_reason" not in artifact.manifest.get("metrics", {}):
        return
    found = artifact.manifest["metrics"]["rejected_by_reason"]
    reasons = Counter(line.get("reason") for line in artifact.rejects)
    del reasons["duplicate"]
    if Counter(found) != reasons:
        raise Fault(
            "manifest.json: metrics.rejected_by_reason does not count the reasons in rejects/",
            "count the lines of rejects/ that are no duplicates by `reason`, or leave the key out",
            expected=dict(reasons),
            found=found,
        )


def check_rejects(artifact: Published) -> None:
    """Check that every rejected row says which it was, why, and what it held."""
    for number, line in enumerate(artifact.rejects, start=1):
        check_schema(line, "rejects", f"rejects/: line {number}")
        row = line.get("row") if isinstance(line, dict) else None
        if not isinstance(row, int) or row < 1:
            raise Fault(f"rejects/: line {number} has no row number", "row: 1-based in the input")
        if not isinstance(line.get("reason"), str) or not line["reason"]:
            raise Fault(f"rejects/: line {number} has no reason", "reason: a text")
        if not isinstance(line.get("record"), dict | str):
            raise Fault(
                f"rejects/: line {number} has no record",
                "record: all values of the row, or its text",
            )


def _kept(artifact: Published) -> int:
    return sum(artifact.table(folder).num_rows for folder in TABLES[artifact.kind])
