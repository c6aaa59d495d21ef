"""What a reader must know before anything else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reporting.numbers import share
from reporting.quality import MetricRow

FEW_ROWS = 200
"""Held-out rows below which an interval is wide, and a plot shows chance."""


@dataclass(frozen=True)
class Notice:
    """One warning or hint, with what to do."""

    weight: Literal["warning", "hint"]
    title: str
    text: str
    remedy: str = ""
    """A line of the pipeline file."""


def find_notices(document: Mapping[str, Any], main: MetricRow, *, held_out: int) -> list[Notice]:
    """Return the warnings first."""
    target = document["target"]["name"]
    found = [_of_leak(leak, target) for leak in document.get("leaks", [])]
    if not main.beats_dummy:
        found.append(
            Notice(
                "warning",
                "No better than a dummy",
                "A dummy that ignores its input scores as well. Check that the columns can say"
                f" something about “{target}”, and that none was excluded by mistake.",
            )
        )
    if held_out < FEW_ROWS:
        found.append(
            Notice(
                "hint",
                f"Only {held_out:,} held-out rows",
                "Intervals are wide, and what the plots show may be chance. More rows, or a larger"
                " test_share, would tell more.",
            )
        )
    return found


def _of_leak(leak: Mapping[str, Any], target: str) -> Notice:
    column = leak["column"]
    return Notice(
        "warning",
        f"“{column}” may leak “{target}”",
        f"This column alone says {share(leak['share'])} of “{target}” on held-out rows. If it is"
        " not known when a prediction is asked for, every score here flatters: leave it out.",
        remedy=f"exclude = [{_quoted(column)}]",
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
