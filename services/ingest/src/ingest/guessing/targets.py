"""Which column is the target, and whether it is a number or a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stage_contract import ContractError, SettingsError, did_you_mean

from ingest.guessing.cell_types import CellType
from ingest.guessing.columns import Column
from ingest.guessing.names import names_identifier, target_rank

Task = Literal["regression", "classification"]

INTEGER_CLASSES_MAX = 10
"""An integer with at most so many distinct values is taken for a class, by features as well."""
CLASSES_MAX = 100
"""More are hardly classes; features takes 1,000."""
CLASS_ROWS_MIN = 10
"""Fewer rows than this of a second class are no class to learn."""
MISSING_SHARE_MAX = 0.5
IMBALANCE = 10
"""So many times as many rows of one class as of another, and accuracy says little."""


@dataclass(frozen=True)
class Target:
    """What is to be predicted."""

    column: Column
    task: Task
    why: str
    """Why this column."""
    others: tuple[str, ...] = ()
    """Other columns that could be meant, the likelier first."""

    @property
    def classes(self) -> dict[str, int]:
        """Rows by class, most frequent first; empty for a number."""
        if self.task == "regression":
            return {}
        return self.column.distinct.rows

    @property
    def type_to_declare(self) -> CellType:
        """The type that goes with the task: classes written 0.0 and 1.0 would be numbers."""
        is_float = self.task == "classification" and self.column.kind == "number"
        return "integer" if is_float else self.column.kind

    @property
    def is_imbalanced(self) -> bool:
        rows = list(self.classes.values())
        return bool(rows) and rows[0] >= IMBALANCE * rows[-1]


def choose_target(columns: Sequence[Column], *, wanted: str | None) -> Target:
    """Return the target that is wanted, or else the likeliest.

    Raises:
        SettingsError: there is no column of the wanted name, or it is a date.
        ContractError: no column could be one.
    """
    if wanted is not None:
        return _wanted(columns, wanted)
    plausible = [column for column in columns if is_plausible(column)]
    if not plausible:
        raise ContractError(
            "no column could be a target: all are identifiers, texts, dates or constants;"
            " name one with --target (make init: TARGET=…)"
        )
    names = {column.name.strip().lower() for column in columns}
    ranks = {column.name: target_rank(column.name, names) for column in plausible}
    named = sorted(
        (column for column in plausible if ranks[column.name] is not None),
        # Of two that are alike the later: outcomes stand behind what they follow from.
        key=lambda column: (ranks[column.name], -columns.index(column)),
    )
    chosen = named[0] if named else plausible[-1]
    why = "by its name" if named else "as the last that could be one, since no name tells"
    others = [column.name for column in named if column is not chosen]
    if named and plausible[-1] is not chosen and plausible[-1].name not in others:
        others.append(plausible[-1].name)
    return Target(chosen, natural_task(chosen), why, tuple(others[:5]))


def is_plausible(column: Column) -> bool:
    """Return whether features and train could learn to predict a column."""
    if column.is_constant or column.is_time or column.private or column.is_free_text:
        return False
    if column.missing_share > MISSING_SHARE_MAX or column.is_consecutive:
        return False
    if column.is_numeric and names_identifier(column.name):
        return False
    if natural_task(column) == "regression":
        return True
    rows = list(Target(column, "classification", "").classes.values())
    return 2 <= column.distinct.count <= CLASSES_MAX and rows[1] >= CLASS_ROWS_MIN


def natural_task(column: Column) -> Task:
    """Return the task that features would infer; numbers such as 0.0 and 1.0 count as integers."""
    if not column.is_numeric:
        return "classification"
    is_class = column.is_whole and column.distinct.count <= INTEGER_CLASSES_MAX
    return "classification" if is_class else "regression"


def _wanted(columns: Sequence[Column], name: str) -> Target:
    found = [column for column in columns if column.name == name]
    if not found:
        names = [column.name for column in columns]
        raise SettingsError(f"target = '{name}': no such column{did_you_mean(name, names)}")
    if found[0].is_time:
        raise SettingsError(
            f"target = '{name}': is a {found[0].kind}; expected numbers, texts or booleans"
        )
    return Target(found[0], natural_task(found[0]), "as asked for")
