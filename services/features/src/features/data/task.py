"""The task, regression or classification: from the settings, or inferred from the target."""

from stage_contract import SettingsError

from features.data.classes import LabelCounts
from features.data.target import Target
from features.settings import Task

MAX_CLASSES = 1_000
"""Maximum number of classes of a classification."""
MAX_INTEGER_CLASSES = 10
"""An integer target with at most this many distinct values is inferred to be a class."""


def infer_task(target: Target, counts: LabelCounts, *, configured: Task | None) -> tuple[Task, str]:
    """Return the task and the reason for it.

    Raises:
        SettingsError: The configured task does not fit the target.
    """
    task, reason = _infer_from_target(target, counts)
    if configured is not None:
        if configured != task:
            _check_configured_task(target, configured)
        task, reason = configured, "as set"
    if task == "classification" and len(counts.train_rows) > MAX_CLASSES:
        raise SettingsError(
            f"[features] target = '{target.column.name}': {counts.describe()};"
            f" a classification takes up to {MAX_CLASSES:,} classes, choose another target"
        )
    return task, reason


def _infer_from_target(target: Target, counts: LabelCounts) -> tuple[Task, str]:
    name, kind = target.column.name, target.column.type
    if target.above is not None:
        return "classification", f"the target is whether {name} is above {target.above:g}"
    if target.transform is not None:
        return "regression", f"the target is the {target.transform} of {name}"
    what = f"{name} is a {kind}"
    if kind == "number":
        return "regression", what
    if kind != "integer":
        return "classification", what
    is_class = len(counts.train_rows) <= MAX_INTEGER_CLASSES
    other = "regression" if is_class else "classification"
    reason = f'{name} is an integer with {counts.describe()}; to override, set task = "{other}"'
    return ("classification" if is_class else "regression"), reason


def _check_configured_task(target: Target, configured: Task) -> None:
    where = f"[features] task = '{configured}'"
    name, kind = target.column.name, target.column.type
    if target.above is not None:
        raise SettingsError(
            f"{where}: a target with above is always a classification; remove task or above"
        )
    if target.transform is not None:
        raise SettingsError(
            f"{where}: a target with transform is always a regression; remove task or transform"
        )
    if configured == "regression" and kind != "integer":
        raise SettingsError(f"{where}: '{name}' is a {kind}; expected numbers; remove task")
    if configured == "classification" and kind == "number":
        raise SettingsError(
            f"{where}: '{name}' is a number; expected texts, integers or booleans,"
            f' or a limit: target = {{column = "{name}", above = 0}}'
        )
