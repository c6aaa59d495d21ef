"""Two artifacts side by side as aligned text: the differences, and all metrics."""

import json
from collections.abc import Iterator
from typing import Any

from history.differences import Difference, Values, names
from history.tables import aligned

MAX_CHARACTERS = 44
DIGEST_CHARACTERS = 12
"""Number of characters of a SHA-256 to show."""
ALWAYS_SHOWN = ("run", "metrics")
"""Sections that show equal values, too."""


def lines(difference: Difference) -> Iterator[str]:
    """Yield a heading and a table of all sections."""
    a, b = difference.a, difference.b
    rows: list[tuple[str, ...]] = [("", a.path.name, b.path.name, "")]
    for section, (old, new) in difference.sections.items():
        rows += _section(section, old, new)
    yield a.kind
    yield from aligned(rows)


def _section(section: str, old: Values, new: Values) -> Iterator[tuple[str, ...]]:
    all_names = names(old, new)
    shown = [
        name for name in all_names if section in ALWAYS_SHOWN or old.get(name) != new.get(name)
    ]
    if not all_names:
        return
    equal = len(all_names) - len(shown)
    note = f"{equal} equal" if shown else "equal"
    yield (section, "", "", note if equal else "")
    for name in shown:
        was, now = old.get(name), new.get(name)
        yield (
            f"  {name}",
            _text(was) if name in old else "-",
            _text(now) if name in new else "-",
            _change(was, now),
        )


def _text(value: Any) -> str:
    match value:
        case {"value": float() as score, "low": low, "high": high}:
            return f"{score:.4g} ({low:.4g} to {high:.4g})"
        case {"bytes": size, "sha256": digest}:
            return f"{size:,} bytes {digest[:DIGEST_CHARACTERS]}"
        case float():
            return f"{value:.6g}"
        case int() if not isinstance(value, bool):
            return f"{value:,}"
        case str():
            return value[:DIGEST_CHARACTERS] if _is_digest(value) else _short(value)
    return _short(json.dumps(value, ensure_ascii=False))


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"


def _change(was: Any, now: Any) -> str:
    before, after = _number(was), _number(now)
    if before is None or after is None or before == after:
        return ""
    return (
        f"{after - before:+,.4g}" if isinstance(after - before, float) else f"{after - before:+,}"
    )


def _number(value: Any) -> float | int | None:
    if isinstance(value, dict):
        value = value.get("value")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None
