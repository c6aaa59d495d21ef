"""Models whose page looks different: each state of the page with what is published for it."""

from collections.abc import Mapping
from typing import Any

from support.odd_columns import CATEGORIES, MARKUP, QUOTES, RIGHT_TO_LEFT

FIRST = "1" * 16
SECOND = "2" * 16
REASON = "r2 is 0.2, the live model's is 0.9"
PRIVATE_VALUE = "Sesame Street 7"
"""A value of a private column, which stands wherever an artifact could hold it by mistake."""
WIDE = 200

STAGES = [
    {"stage": stage, "kind": kind, "content": letter * 64, "rows": rows, "rejected": rejected}
    | ({"rejected_by_reason": {"malformed line": rejected}} if rejected else {})
    for stage, kind, letter, rows, rejected in (
        ("ingest", "raw-data", "c", 120, 3),
        ("clean", "clean-data", "d", 115, 0),
        ("features", "feature-data", "f", 115, 0),
    )
]


def published(*columns: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return what to publish: a whole pipeline whose columns are these, a verdict, importances."""
    named = [*columns] or [{"name": "carat", "type": "number", "minimum": 0.2, "maximum": 5.01}]
    runs = [
        stage
        | {"id": str(stage["content"])[:16], "version": "0.2.0", "cause": "changed: settings"}
        | {"finished": "2026-11-24T07:00:00+00:00", "seconds": 90.0, "columns": named}
        for stage in STAGES
    ]
    own = {"stage": "train", "kind": "model", "rows": 100, "cause": "first run"}
    bars = [{"name": c["name"], "loss": 0.5 / n, "deviation": 0.1} for n, c in enumerate(named, 1)]
    document = {
        "importance": {"metric": "r2", "rows": 20, "columns": bars},
        **changes.pop("document", {}),
    }
    check = {"check": "limit", "passed": True, "why": "r2 is 0.9, at least 0.5"}
    return {
        "stages": STAGES,
        "run": [["pipeline", [*runs, own]], ["finished", "2026-11-24T08:00:00+00:00"]],
        "verdict": [["accepted", True], ["checks", [check]]],
        "changes": [*document.items()],
        "report": "<!doctype html><title>Report</title>",
        **changes,
    }


def following(previous: str) -> dict[str, Any]:
    """Return what a model is published with that replaces another one."""
    return published(id=SECOND, verdict=[["accepted", True], ["judged", {"live": previous}]])


def refused() -> dict[str, Any]:
    """Return what a candidate is published with that the gate refuses."""
    return published(id=SECOND, verdict=[["accepted", False], ["reasons", [REASON]]])


def number(name: str, place: int, **more: Any) -> dict[str, Any]:
    """Return a field of numbers."""
    observed = {"rows": 100, "missing": 3, "minimum": 0.0, "maximum": 9.0}
    return {
        "name": name,
        "type": "number",
        "input": {"group": "numbers", "index": place},
        "observed": observed,
        **more,
    }


def text(name: str, place: int, categories: list[str], **more: Any) -> dict[str, Any]:
    """Return a field of texts, each as frequent as the others."""
    found = [{"value": each, "rows": 5} for each in categories]
    observed = {
        "rows": 5 * len(found) + 3,
        "missing": 3,
        "distinct": len(found),
        "categories": found,
    }
    return {
        "name": name,
        "type": "string",
        "input": {"group": "strings", "index": place},
        "observed": observed,
        **more,
    }


def odd() -> dict[str, Any]:
    """Return a model whose names and texts are hard to show."""
    names = (MARKUP, QUOTES, RIGHT_TO_LEFT)
    fields = [number(name, place, description=MARKUP) for place, name in enumerate(names)]
    columns = [{"name": name, "type": "number", "became": MARKUP} for name in names]
    check = {"check": MARKUP, "passed": False, "why": QUOTES}
    return published(
        *columns,
        fields=[*fields, text("code", 0, [MARKUP, QUOTES, RIGHT_TO_LEFT])],
        rows=[{MARKUP: 1.0, QUOTES: 2.0, RIGHT_TO_LEFT: None, "code": QUOTES}],
        numbers=[[1.0], [2.0], [3.0]],
        strings=[[1.0]],
        target=f"price {MARKUP}",
        verdict=[["accepted", True], ["checks", [check]]],
        document={"leaks": [{"column": MARKUP, "share": 0.99}]},
    )


def wide() -> dict[str, Any]:
    """Return a model of 200 columns, one of them with 1,000 categories."""
    fields = [number(f"column {place:03d}", place) for place in range(WIDE - 1)]
    columns = [{"name": field["name"], "type": "number"} for field in fields]
    codes = [f"code {place}" for place in range(CATEGORIES)]
    return published(
        *columns,
        {"name": "code", "type": "string", "distinct": CATEGORIES},
        fields=[*fields, text("code", 0, codes)],
        rows=[{field["name"]: 1.0 for field in fields} | {"code": codes[7]}],
        numbers=[[1.0]] * (WIDE - 1),
        strings=[[1.0]],
    )


def private() -> dict[str, Any]:
    """Return a model with a private column, whose values an artifact holds in every place."""
    seen = {"name": "island", "type": "string", "minimum": PRIVATE_VALUE, "maximum": PRIVATE_VALUE}
    check = {
        "check": "slice",
        "passed": True,
        "column": "island",
        "slice": PRIVATE_VALUE,
        "why": PRIVATE_VALUE,
    }
    return published(
        {"name": "bill", "type": "number", "minimum": 32.1, "maximum": 59.6},
        seen,
        fields=[
            number("bill", 0),
            number("year", 1, type="integer"),
            text("island", 0, [PRIVATE_VALUE], private=True),
        ],
        rows=[{"bill": 39.1, "year": 2007, "island": PRIVATE_VALUE}],
        verdict=[["accepted", True], ["checks", [check]]],
    )
