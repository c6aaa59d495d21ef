"""Warnings and hints at the top of the report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modelling.data.problem import BINARY

from reporting.plots.number_formats import share
from reporting.sections.confusion_matrix import Confusion
from reporting.sections.metrics_table import MetricRow

_DECIDING_SETTINGS = ("threshold", "class_weight")
"""Settings of train that decide which class is predicted."""
MAX_RARE_SHARE = 0.1
"""Maximum share of held-out rows of a rare class."""
MIN_RECALL = 0.5
"""Recall of a rare class below which a hint proposes settings."""
MANY_EQUAL = 0.02
"""Minimum share of rows that equal another one for a hint."""

FEW_ROWS = 200
"""Number of held-out rows below which intervals are wide and plots show mostly noise."""


@dataclass(frozen=True)
class Notice:
    """One warning or hint, with what to do."""

    weight: Literal["warning", "hint"]
    title: str
    text: str
    remedy: str = ""
    """A line for the pipeline file."""
    table: str = "features"
    """The table of the pipeline file that the line belongs to."""
    is_logged: bool = False
    """Whether the log has it as well."""


def find_notices(
    document: Mapping[str, Any],
    main: MetricRow,
    confusion: Confusion | None,
    *,
    held_out: int,
    settings: Mapping[str, Any],
) -> list[Notice]:
    """Return the notices, warnings first.

    `held_out` is the number of held-out rows, of which the confusion matrix may count fewer;
    `settings` are those of train.
    """
    target = document["target"]["name"]
    found = [_of_leak(leak, target) for leak in document.get("leaks", [])]
    if not main.beats_baseline:
        found.append(
            Notice(
                "warning",
                "No better than the baseline",
                "A baseline that ignores its input scores as well. Check that the columns carry"
                f" information about “{target}”, and that none was excluded by mistake.",
            )
        )
    if confusion is not None:
        where = "a held-out row"
        if confusion.counted < held_out:
            where = f"any of the {confusion.counted:,} held-out rows looked at"
        chosen_by = [name for name in _DECIDING_SETTINGS if settings.get(name) is not None]
        found += _never_predicted(confusion, where=where, chosen_by=chosen_by)
        if not chosen_by:
            found += _mostly_missed(confusion, settings.get("metric"))
    found += _of_equal_rows(document)
    if held_out < FEW_ROWS:
        found.append(
            Notice(
                "hint",
                f"Only {held_out:,} held-out rows",
                "Intervals are wide, and plots may show noise. Use more rows, or a larger"
                " test_share.",
            )
        )
    return found


def _of_equal_rows(document: Mapping[str, Any]) -> Iterator[Notice]:
    """Report rows that are equal in the split's columns: they may be duplicates."""
    split, target = document.get("split", {}), document["target"]
    equal, rows = split.get("equal_rows", 0), split.get("train_rows", 0) + split.get("test_rows", 0)
    if equal < MANY_EQUAL * rows or not equal:
        return
    columns = dict.fromkeys([*split["columns"], target.get("column", target["name"])])
    yield Notice(
        "hint",
        f"{equal:,} rows equal another one",
        f"{share(equal / rows)} of the rows equal another one in all columns of the split."
        " Equal rows are in the same split, so the scores are not inflated. If they are duplicates,"
        " this keeps one of each.",
        remedy=f"key = [{', '.join(map(_quoted, columns))}]",
        table="clean",
    )


def _never_predicted(
    confusion: Confusion, *, where: str, chosen_by: Sequence[str]
) -> Iterator[Notice]:
    """Report classes that the model never predicts.

    `chosen_by`: settings that already decide which class is predicted.
    """
    silent = [row.name for row in confusion.classes if row.right is None]
    if not silent:
        return
    others = f" and {len(silent) - 1} more classes" if len(silent) > 1 else ""
    title = f"“{silent[0]}”{others} never predicted"
    text = f"The label is never this class for {where}, even if the probabilities are accurate."
    if chosen_by:
        yield Notice(
            "hint", title, f"{text} The label depends on {' and '.join(chosen_by)} in [train]."
        )
        return
    is_binary = len(confusion.names) == BINARY
    yield Notice(
        "hint",
        title,
        f"{text} To change that, set the cost of errors, or a metric to optimise.",
        remedy='threshold = {metric = "balanced_accuracy"}'
        if is_binary
        else 'class_weight = "balanced"',
        table="train",
        is_logged=True,
    )


def _mostly_missed(confusion: Confusion, metric: str | None) -> Iterator[Notice]:
    """Report the rare class with the lowest recall, if most of its rows are predicted as others."""
    missed = [
        row
        for row in confusion.classes
        if row.rows <= MAX_RARE_SHARE * confusion.counted
        and row.found < MIN_RECALL
        and row.right is not None
    ]
    if not missed:
        return
    worst = min(missed, key=lambda row: row.found)
    is_binary = len(confusion.names) == BINARY
    fitting = "balanced_accuracy"
    if is_binary:
        is_second = worst.name == confusion.names[1]
        fitting = "average_precision" if is_second else "matthews_corrcoef"
    advice = "This usually finds more of them."
    if metric is None:
        advice += f' To choose the model by such rows too, add metric = "{fitting}".'
    yield Notice(
        "hint",
        f"“{worst.name}” mostly missed",
        f"This class is rare: {worst.rows:,} of {confusion.counted:,} held-out rows. The label"
        f" finds {share(worst.found)} of them, and {share(worst.right or 0)} of the rows it names"
        f" are of this class. {advice}",
        remedy='threshold = {metric = "matthews_corrcoef"}'
        if is_binary
        else 'class_weight = "balanced"',
        table="train",
        is_logged=True,
    )


def _of_leak(leak: Mapping[str, Any], target: str) -> Notice:
    column = leak["column"]
    return Notice(
        "warning",
        f"“{column}” may leak “{target}”",
        f"This column alone explains {share(leak['share'])} of “{target}” on held-out rows. If its"
        " value is unknown when a prediction is requested, all scores are too optimistic:"
        f" add {_quoted(column)} to exclude in [features].",
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
