"""The choice of the target column, and whether it is a number or a class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from stage_contract import ContractError, SettingsError, did_you_mean
from type_inference.field_types import FieldType

from ingest.init_command.relations import Relations
from ingest.profiling.columns import Column
from ingest.profiling.name_hints import (
    is_description_name,
    is_identifier_name,
    is_place_name,
    is_year_name,
    target_score,
    weight_certainty,
)
from ingest.toml_text import join_names, quote

Task = Literal["regression", "classification"]

MAX_INTEGER_CLASSES = 10
"""Maximum distinct values of an integer that is a class; features uses the same limit."""
MAX_CLASSES = 100
"""Maximum number of classes here; features allows 1,000."""
MIN_CLASS_ROWS = 10
"""Minimum rows of a second class."""
MAX_MISSING_SHARE = 0.5
MIN_CLEAR_SCORE, MIN_CLEAR_MARGIN = 4, 2
"""Minimum score of a chosen candidate, and its lead over the next one."""
MAX_CANDIDATES = 6
MIN_IMBALANCE = 10
"""Ratio of class sizes above which accuracy says little."""


@dataclass(frozen=True)
class Target:
    """The column to predict."""

    column: Column
    task: Task
    why: str
    """Reason for the choice."""
    others: tuple[str, ...] = ()
    """Other possible targets, most likely first."""

    @property
    def classes(self) -> dict[str, int]:
        """Rows by class, most frequent first; empty for a number."""
        if self.task == "regression":
            return {}
        return self.column.distinct.rows

    @property
    def type_to_declare(self) -> FieldType:
        """Type that fits the task: without it, classes 0.0 and 1.0 would be numbers."""
        is_float = self.task == "classification" and self.column.kind == "number"
        return "integer" if is_float else self.column.kind

    @property
    def is_imbalanced(self) -> bool:
        rows = list(self.classes.values())
        return bool(rows) and rows[0] >= MIN_IMBALANCE * rows[-1]


@dataclass(frozen=True)
class Candidate:
    """A column that may be the target."""

    column: Column
    name_score: int
    """Score of the name."""
    score: int
    """Score of name and position; 0 without evidence."""
    reasons: tuple[str, ...]

    def describe(self) -> str:
        """Return what the column holds and why it may be the target."""
        if natural_task(self.column) == "classification":
            what = f"{self.column.distinct.count} classes"
        elif self.column.is_ambiguous_number:
            what = "a number that can be read in two ways"
        elif self.column.private:
            what = "a number"
        else:
            lowest, highest = self.column.numbers.lowest, self.column.numbers.highest
            what = f"a number from {lowest:.6g} to {highest:.6g}"
        return ", ".join([what, *self.reasons])


class AmbiguousTargetError(ContractError):
    """Several columns may be the target."""

    def __init__(self, candidates: Sequence[Candidate], notes: Sequence[str]) -> None:
        self.candidates = candidates
        self.notes = notes
        names = ", ".join(
            f"{quote(candidate.column.name)} ({candidate.describe()})" for candidate in candidates
        )
        super().__init__(
            "; ".join(
                [
                    f"the target is not clear: it may be {names}",
                    *notes,
                    "name one with --target (make init: TARGET=…)",
                ]
            )
        )


def choose_target(
    columns: Sequence[Column], *, requested: str | None, relations: Relations | None = None
) -> Target:
    """Return the requested target, or the one that is clear.

    Raises:
        SettingsError: There is no column of the requested name, or it is a date.
        ContractError: No column can be the target.
        AmbiguousTargetError: Several columns can be the target.
    """
    relations = relations or Relations()
    if requested is not None:
        return _requested_target(columns, requested)
    candidates = rank_candidates(columns, relations)
    if not candidates:
        raise ContractError(
            "; ".join(
                [
                    "no column can be the target: all are identifiers, texts, dates or constants",
                    *_unread_numbers(columns),
                    "name one with --target (make init: TARGET=…)",
                ]
            )
        )
    best, *others = candidates
    is_alone = sum(map(is_useful, columns)) == 1
    if not is_alone and not _is_clear(best, others):
        listed = _candidates_to_list(candidates)
        notes = [*_notes(relations), *_unread_numbers(columns)]
        if more := len(candidates) - len(listed):
            columns_are = "column is" if more == 1 else "columns are"
            notes.append(f"{more} other {columns_are} possible, too")
        raise AmbiguousTargetError(listed, notes)
    names = tuple(other.column.name for other in others if other.score)
    why = "as the only possible column" if is_alone else "by its name"
    return Target(best.column, natural_task(best.column), why, names[:5])


def rank_candidates(columns: Sequence[Column], relations: Relations) -> list[Candidate]:
    """Return all target candidates, most likely first."""
    names = {column.name.strip().lower() for column in columns}
    possible = [
        column
        for column in columns
        if is_plausible(column) and column.name not in relations.counters
    ]
    plausible = _without_copies(possible, relations, names)
    candidates = []
    for column in plausible:
        name_score = _name_score(column, names)
        score, reasons = name_score, [_NAME_REASONS[name_score]] if name_score else []
        position = {0: "first", len(plausible) - 1: "last"}.get(plausible.index(column))
        if position and not _is_mostly_input(column, relations):
            score += 4 if natural_task(column) == "classification" else 2
            reasons.append(f"the {position} column that is possible")
        if copies := _copies_of(column, possible, relations):
            reasons.append(f"the same as {join_names(copies)} in another form")
        candidates.append(Candidate(column, name_score, score, tuple(reasons)))

    def order(candidate: Candidate) -> tuple[int, bool, int]:
        column = candidate.column
        # Of equal candidates the later one: outcomes follow the columns that explain them.
        return -candidate.score, _is_mostly_input(column, relations), -columns.index(column)

    return sorted(candidates, key=order)


_NAME_REASONS = {
    6: "its name says so",
    4: "its name is that of a target",
    2: "its name may be that of a target",
    1: "its name may be that of a target",
}


def _without_copies(
    columns: Sequence[Column], relations: Relations, names: set[str]
) -> list[Column]:
    """Return one column of each set with the same information: the one with the best name.

    Several remain if their names are equally good: which unit is meant is a question.
    """
    sets: dict[str, list[Column]] = {}
    for column in columns:
        sets.setdefault(relations.original_of(column.name), []).append(column)
    chosen = set()
    for copies in sets.values():
        best = max(copies, key=lambda column: _preference(column, names))
        is_named = _name_score(best, names) > 0
        equals = [c for c in copies if _preference(c, names) == _preference(best, names)]
        chosen |= {column.name for column in (equals if is_named else [best])}
    return [column for column in columns if column.name in chosen]


def _copies_of(column: Column, columns: Sequence[Column], relations: Relations) -> list[str]:
    original = relations.original_of(column.name)
    return [
        other.name
        for other in columns
        if other is not column and relations.original_of(other.name) == original
    ]


def _preference(column: Column, names: set[str]) -> tuple[int, bool]:
    return _name_score(column, names), not is_place_name(column.name)


def _name_score(column: Column, names: set[str]) -> int:
    return target_score(column.name, names) if _may_use_name(column) else 0


def _may_use_name(column: Column) -> bool:
    """Return whether the name may decide; a column `class` with many numbers is rarely a target."""
    return column.name.strip().lower() != "class" or natural_task(column) == "classification"


def _is_mostly_input(column: Column, relations: Relations) -> bool:
    """Return whether the position of a column is no evidence, because it is mostly an input."""
    return (
        is_description_name(column.name)
        or (column.is_whole and is_place_name(column.name))
        or weight_certainty(column.name) is not None
        or column.name in relations.constants
        or any(group.key == column.name for group in relations.groups)
        or relations.shares_of(column.name) is not None
    )


def _is_clear(best: Candidate, others: Sequence[Candidate]) -> bool:
    """Return whether the best candidate leads clearly in name and position."""
    return (
        best.name_score > 0
        and best.score >= MIN_CLEAR_SCORE
        and all(best.name_score > other.name_score for other in others)
        and all(best.score >= other.score + MIN_CLEAR_MARGIN for other in others)
    )


def _candidates_to_list(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates with evidence; if there is at most one, all candidates."""
    likely = [candidate for candidate in candidates if candidate.score]
    return (likely if len(likely) > 1 else list(candidates))[:MAX_CANDIDATES]


def _notes(relations: Relations) -> Iterator[str]:
    for shares in relations.shares:
        yield (
            f"the {len(shares.columns)} columns {quote(shares.columns[0])} to"
            f" {quote(shares.columns[-1])} sum to {shares.total} in every row: if they"
            " are the target together, write one column with the name of the largest, or predict"
            " one of them"
        )


def _unread_numbers(columns: Sequence[Column]) -> Iterator[str]:
    """Yield why texts that look like numbers are no candidates."""
    for column in columns:
        if column.near_numbers and not column.private and not is_plausible(column):
            yield f"{quote(column.name)} {column.near_numbers.message}"


def is_useful(column: Column) -> bool:
    """Return whether a column is worth predicting, however few rows its classes have."""
    if column.is_constant or column.is_time or column.is_private_itself or column.is_free_text:
        return False
    if column.missing_share > MAX_MISSING_SHARE or column.is_consecutive:
        return False
    if weight_certainty(column.name) == "surely":
        return False
    if column.is_permutation:
        return False
    is_number_of_thing = is_identifier_name(column.name) or is_year_name(column.name)
    return not (column.is_numeric and is_number_of_thing)


def is_plausible(column: Column) -> bool:
    """Return whether features and train can learn to predict a column."""
    if not is_useful(column) or natural_task(column) == "regression":
        return is_useful(column)
    rows = list(Target(column, "classification", "").classes.values())
    return 2 <= column.distinct.count <= MAX_CLASSES and rows[1] >= MIN_CLASS_ROWS


def natural_task(column: Column) -> Task:
    """Return the task that features infers; 0.0 and 1.0 count as integers."""
    if column.is_ambiguous_number:
        return "regression"
    if not column.is_numeric:
        return "classification"
    is_class = column.is_whole and column.distinct.count <= MAX_INTEGER_CLASSES
    return "classification" if is_class else "regression"


def _requested_target(columns: Sequence[Column], name: str) -> Target:
    matching = [column for column in columns if column.name == name]
    if not matching:
        names = [column.name for column in columns]
        raise SettingsError(f"target = '{name}': no such column{did_you_mean(name, names)}")
    if matching[0].is_time:
        raise SettingsError(
            f"target = '{name}': is a {matching[0].kind}; expected numbers, texts or booleans"
        )
    return Target(matching[0], natural_task(matching[0]), "as asked for")
