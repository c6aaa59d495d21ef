"""The summary that `make monitor` prints."""

from collections.abc import Mapping
from typing import Any


def summarize(report: Mapping[str, Any]) -> str:
    """Return the newest judged window as a table, with what was not judged or read."""
    windows = report["windows"]
    judged = next((each for each in reversed(windows) if each["state"] == "judged"), None)
    lines = []
    if judged is not None:
        lines += [
            (
                f"{judged['start']} to {judged['end']}: model {judged['model']},"
                f" {judged['rows']} rows in {judged['requests']} requests"
            ),
            *_table(judged["columns"]),
        ]
    newest = windows[-1] if windows else None
    if newest is None:
        lines.append("no traffic was recorded yet")
    elif newest["state"] == "open":
        lines.append(
            f"{newest['start']}: {newest['rows']} rows so far; judged when traffic after"
            f" {newest['end']} arrives"
        )
    elif newest is not judged:
        lines.append(f"{newest['start']}: not judged: {newest['state']}")
    skipped = {name: count for name, count in report["traffic"]["skipped_lines"].items() if count}
    if skipped:
        lines.append("skipped lines: " + ", ".join(f"{n} {name}" for name, n in skipped.items()))
    lines.append(f"active alerts: {len(report['alerts'])}")
    return "\n".join(lines)


def _table(columns: list[dict[str, Any]]) -> list[str]:
    rows = [("column", "PSI", "threshold", "importance", "alerts")]
    for each in columns:
        name = "predictions" if each["kind"] == "prediction" else each["name"]
        importance = "-" if each["importance"] is None else f"{each['importance']:.4g}"
        numbers = f"{each['psi']:.3f}", f"{each['threshold']:.3f}", importance
        rows.append((name, *numbers, ", ".join(each["alerts"]) or "-"))
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
