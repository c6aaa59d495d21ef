"""The learning problem: what is predicted, as what, and which rows teach and test it."""

from dataclasses import dataclass, replace

from stage_contract import LOGGER

from features.classes import Classes, choose_classes
from features.column_checks import check_columns, check_companions, check_encodings
from features.companions import Companions
from features.rules import find_rule
from features.scan import Scan, scan_table, set_aside_rare
from features.settings import Settings, Task
from features.splits import Rule, TimeRule, check_sides
from features.tables import CleanTable
from features.targets import Target, find_target
from features.tasks import decide_task

SHOWN_MAX = 5


@dataclass(frozen=True)
class Problem:
    """Everything that is decided before a feature is made."""

    target: Target
    task: Task
    reason: str
    """Why this task."""
    classes: Classes | None
    """None for regression."""
    rule: Rule
    companions: Companions
    scan: Scan


def pose_problem(table: CleanTable, settings: Settings) -> Problem:
    """Decide on target, task, classes and the side of every row.

    Raises:
        SettingsError: a setting does not go with the table.
        ContractError: the table has nothing to learn from or to test with.
    """
    target = find_target(table.columns, settings)
    check_columns(table.columns, settings)
    check_companions(table.columns, settings)
    check_encodings(table.columns, settings)
    rule = find_rule(table, target, settings=settings)
    companions = Companions(
        time=rule.column if isinstance(rule, TimeRule) else None,
        group=settings.group_column,
        weight=settings.weight_column,
        seed=settings.seed,
    )
    scan = scan_table(table, target, rule=rule, settings=settings)
    check_sides(scan.sides, rule=rule, target=target)
    task, reason = decide_task(target, scan.labels, wanted=settings.task)
    if task == "regression":
        return Problem(target, task, reason, None, rule, companions, scan)
    classes = choose_classes(scan.labels, at_least=settings.min_class_rows, target=target)
    if classes.rare:
        _warn_of_rare(classes, target=target, at_least=settings.min_class_rows)
        sides = set_aside_rare(table, target, classes=classes, sides=scan.sides)
        check_sides(sides, rule=rule, target=target)
        scan = replace(scan, sides=sides)
    return Problem(target, task, reason, classes, rule, companions, scan)


def _warn_of_rare(classes: Classes, *, target: Target, at_least: int) -> None:
    shown = ", ".join(map(str, classes.rare[:SHOWN_MAX]))
    more = ", …" if len(classes.rare) > SHOWN_MAX else ""
    LOGGER.warning(
        "classes with fewer than %d training rows go to rejects/: %s;"
        " lower min_class_rows in [features] to keep them",
        at_least,
        f"{len(classes.rare)} private ones" if target.column.is_private else f"{shown}{more}",
    )
