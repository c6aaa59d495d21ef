"""What a reader must know before anything else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modelling.data.problem import BINARY

from reporting.plots.number_formats import share
from reporting.sections.confusion_matrix import Confusion
from reporting.sections.metrics_table import MetricRow

_WISHES = ("threshold", "class_weight")
"""Settings of train that decide which class is named."""
MANY_EQUAL = 0.02
"""Share of rows that equal another one from which a hint is given."""

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
    table: str = "features"
    """Where it belongs there."""


def find_notices(
    document: Mapping[str, Any],
    main: MetricRow,
    confusion: Confusion | None,
    *,
    held_out: int,
    settings: Mapping[str, Any],
) -> list[Notice]:
    """Return the warnings first.

    `held_out`: how many rows there are, of which the confusion may count fewer; `settings`: those
    of train.
    """
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
    if confusion is not None:
        where = "a held-out row"
        if confusion.counted < held_out:
            where = f"any of the {confusion.counted:,} held-out rows looked at"
        wishes = [name for name in _WISHES if settings.get(name) is not None]
        found += _of_silence(confusion, where=where, wishes=wishes)
    found += _of_equal_rows(document)
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


def _of_equal_rows(document: Mapping[str, Any]) -> Iterator[Notice]:
    """Tell of rows that are equal in what the split goes by: they may be copies."""
    split, target = document.get("split", {}), document["target"]
    equal, rows = split.get("equal_rows", 0), split.get("train_rows", 0) + split.get("test_rows", 0)
    if equal < MANY_EQUAL * rows or not equal:
        return
    columns = dict.fromkeys([*split["columns"], target.get("column", target["name"])])
    yield Notice(
        "hint",
        f"{equal:,} rows equal another one",
        f"{share(equal / rows)} of the rows equal another one in all columns that the split goes"
        " by. They were divided together, so the scores do not flatter. If they are copies, this"
        " leaves one of each.",
        remedy=f"key = [{', '.join(map(_quoted, columns))}]",
        table="clean",
    )


def _of_silence(confusion: Confusion, *, where: str, wishes: Sequence[str]) -> Iterator[Notice]:
    """Tell of classes that are there, and that the model never names.

    `wishes` are the settings that already say which class is to be named.
    """
    silent = [row.name for row in confusion.classes if row.right is None]
    if not silent:
        return
    others = f" and {len(silent) - 1} more classes" if len(silent) > 1 else ""
    title = f"“{silent[0]}”{others} never named"
    text = f"It is never what the label says of {where}, however right the probabilities are."
    if wishes:
        yield Notice("hint", title, f"{text} It is so with {' and '.join(wishes)} set in [train].")
        return
    is_binary = len(confusion.names) == BINARY
    yield Notice(
        "hint",
        title,
        f"{text} If that is not what you want, say what errors cost, or what to be good at.",
        remedy='threshold = {metric = "balanced_accuracy"}'
        if is_binary
        else 'class_weight = "balanced"',
        table="train",
    )


def _of_leak(leak: Mapping[str, Any], target: str) -> Notice:
    column = leak["column"]
    return Notice(
        "warning",
        f"“{column}” may leak “{target}”",
        f"This column alone says {share(leak['share'])} of “{target}” on held-out rows. If it is"
        " not known when a prediction is asked for, every score here flatters: leave it out,"
        f" add {_quoted(column)} to exclude in [features].",
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
