"""The task: regression or classification, inferred from the target unless it is set."""

from stage_contract import SettingsError

from features.data.classes import LabelCounts
from features.data.target import Target
from features.settings import Task

CLASSES_MAX = 1_000
INTEGER_CLASSES_MAX = 10
"""Maximum number of distinct values of an integer target that is inferred to be a class."""


def infer_task(target: Target, counts: LabelCounts, *, wanted: Task | None) -> tuple[Task, str]:
    """Return the task and the reason for it.

    Raises:
        SettingsError: the wanted task does not go with the target.
    """
    task, why = _natural_task(target, counts)
    if wanted is not None:
        if wanted != task:
            _check_wanted(target, wanted)
        task, why = wanted, "as set"
    if task == "classification" and len(counts.train_rows) > CLASSES_MAX:
        raise SettingsError(
            f"[features] target = '{target.column.name}': {counts.shown()};"
            f" a classification takes up to {CLASSES_MAX:,} classes, choose another target"
        )
    return task, why


def _natural_task(target: Target, counts: LabelCounts) -> tuple[Task, str]:
    kind, distinct = target.column.type, len(counts.train_rows)
    if target.above is not None:
        return "classification", f"{target.column.name} above {target.above:g} or not"
    if target.transform is not None:
        return "regression", f"the {target.transform} of {target.column.name} is learnt"
    what = f"{target.column.name} is a {kind}"
    if kind == "number":
        return "regression", what
    if kind != "integer":
        return "classification", what
    is_class = distinct <= INTEGER_CLASSES_MAX
    other = "regression" if is_class else "classification"
    why = f'{target.column.name} is an integer with {counts.shown()}; task = "{other}" overrides'
    return ("classification" if is_class else "regression"), why


def _check_wanted(target: Target, wanted: Task) -> None:
    where = f"[features] task = '{wanted}'"
    name, kind = target.column.name, target.column.type
    if target.above is not None:
        raise SettingsError(f"{where}: a target with above is a class; leave one of them out")
    if target.transform is not None:
        raise SettingsError(f"{where}: a target with transform is a number; leave one of them out")
    if wanted == "regression" and kind != "integer":
        raise SettingsError(f"{where}: '{name}' is a {kind}; expected numbers, leave task out")
    if wanted == "classification" and kind == "number":
        raise SettingsError(
            f"{where}: '{name}' is a number; expected texts, integers or booleans,"
            f' or a limit: target = {{column = "{name}", above = 0}}'
        )
