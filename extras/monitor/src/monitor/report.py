"""The report: each window compared with the model of that time."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from monitor.drift.alerts import Finding, Observed, Reference, Rules, judge_column
from monitor.drift.rates import wilson_interval
from monitor.references import PREDICTIONS, ModelReference
from monitor.traffic import MINUTE_FORMAT, Traffic, Window

FORMAT = 1


def build_report(
    traffic: Traffic,
    references: Callable[[str], ModelReference],
    *,
    minutes: int,
    rules: Rules,
) -> dict[str, Any]:
    """Return report.json as described in docs/monitoring.md; a function of its arguments alone."""
    length = timedelta(minutes=minutes)
    windows: list[dict[str, Any]] = []
    previous: dict[str, Window] = {}
    for window in traffic.windows:
        end = window.start + length
        reference = references(window.model)
        state = _state(window, reference, rules)
        # A window that is judged while it grows is tested many times, and alerts more often.
        if traffic.last_minute is not None and traffic.last_minute < end:
            state = "open"
        entry = {
            "start": window.start.strftime(MINUTE_FORMAT),
            "end": end.strftime(MINUTE_FORMAT),
            "model": window.model,
            "requests": window.requests,
            "rows": window.rows,
            "dropped": window.dropped,
            "state": state,
            "columns": [],
        }
        if state == "judged":
            pair = [*filter(None, [previous.get(window.model)]), window]
            entry["columns"] = _columns(pair, reference, rules)
            previous[window.model] = window
        windows.append(entry)
    return {
        "format": FORMAT,
        "window_minutes": minutes,
        "rules": asdict(rules),
        "traffic": {
            "files": traffic.files,
            "lines": traffic.lines,
            "skipped_lines": dict(sorted(traffic.skipped.items())),
        },
        "windows": windows,
        "alerts": _active(windows),
    }


def _state(window: Window, reference: ModelReference, rules: Rules) -> str:
    if reference.problem:
        return reference.problem
    if window.rows < rules.minimum_rows:
        return f"too few rows: {window.rows} of {rules.minimum_rows}"
    return "judged"


def _columns(
    windows: Sequence[Window], reference: ModelReference, rules: Rules
) -> list[dict[str, Any]]:
    """Judge all columns; return them by drift × importance, then by drift."""
    judged: list[tuple[str, Reference, list[Observed]]] = []
    for name, each in reference.columns.items():
        seen = [Observed(w.columns.get(name, ()), w.out_of_range[name]) for w in windows]
        judged.append((name, each, seen))
    if reference.predictions:
        seen = [Observed(window.predictions) for window in windows]
        judged.append((PREDICTIONS, reference.predictions, seen))
    entries = []
    for name, each, seen in judged:
        if len(seen[-1].counts) != len(each.counts) or not sum(seen[-1].counts):
            continue
        usable = [one for one in seen if len(one.counts) == len(each.counts)]
        finding = judge_column(each, usable, rules=rules, columns=len(judged))
        is_prediction = each is reference.predictions
        importance = None if is_prediction else reference.importance.get(name)
        entries.append(_column(name, finding, importance, is_prediction=is_prediction))
    return sorted(entries, key=_by_weight)


def _by_weight(entry: Mapping[str, Any]) -> tuple[bool, float, float, str]:
    """Order predictions first, since they weigh all columns, then by drift × importance."""
    weight = entry["psi"] * max(0.0, entry["importance"] or 0.0)
    return entry["kind"] != "prediction", -weight, -entry["psi"], entry["name"]


def _column(
    name: str, finding: Finding, importance: float | None, *, is_prediction: bool
) -> dict[str, Any]:
    rates = []
    for rate in finding.rates:
        low, high = wilson_interval(rate.events, rate.rows)
        facts = {"name": rate.reason, "events": rate.events, "rows": rate.rows}
        shares = {"low": low, "high": high, "expected": rate.expected}
        rates.append(facts | {key: _rounded(value) for key, value in shares.items()})
    return {
        "name": name,
        "kind": "prediction" if is_prediction else "column",
        "psi": _rounded(finding.psi),
        "threshold": _rounded(finding.threshold),
        "importance": None if importance is None else _rounded(importance),
        "rates": rates,
        "alerts": list(finding.reasons),
    }


def _active(windows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the alerts of the newest judged window."""
    newest = next((each for each in reversed(windows) if each["state"] == "judged"), None)
    if newest is None:
        return []
    return [
        {"name": column["name"], "kind": column["kind"], "reasons": column["alerts"]}
        for column in newest["columns"]
        if column["alerts"]
    ]


def _rounded(value: float) -> float:
    """Round to six decimals: the last bits may differ between processors."""
    return round(value, 6) if math.isfinite(value) else 0.0
