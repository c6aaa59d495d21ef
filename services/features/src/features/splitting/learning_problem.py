"""The learning problem: target, task, classes, and the split of the rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from stage_contract import LOGGER, ContractError

from features.data.classes import Classes, choose_classes
from features.data.column_checks import check_columns, check_encodings, check_sample_metadata
from features.data.tables import CleanTable
from features.data.target import Target, find_target
from features.data.task import infer_task
from features.settings import Settings, Task
from features.splitting.hash_columns import equal_rows_message
from features.splitting.repeated_rows import warn_of_repeated_rows
from features.splitting.sample_metadata import SampleMetadata
from features.splitting.split_assignment import Scan, assign_split, exclude_rare_classes
from features.splitting.split_rules import find_rule
from features.splitting.splits import (
    NO_INPUT,
    TEST,
    Assignment,
    HashRule,
    Rule,
    TimeRule,
    check_assignment,
    count_train_test,
)

MAX_SHOWN_CLASSES = 5
MAX_SHARE_DEVIATION = 0.05
"""Maximum deviation of the share of test rows without a warning."""


@dataclass(frozen=True)
class Problem:
    """All decisions before the encoders are fitted."""

    target: Target
    task: Task
    reason: str
    """Reason for the task."""
    classes: Classes | None
    """None for regression."""
    rule: Rule
    metadata: SampleMetadata
    scan: Scan

    def exclude_incomplete_rows(
        self, missing_test_rows: Mapping[str, NDArray[np.int64]], *, required: Sequence[str]
    ) -> "Problem":
        """Return the problem without the test rows that lack a required input.

        Raises:
            ContractError: No test row is left.
        """
        incomplete = {
            name: missing_test_rows[name] for name in required if len(missing_test_rows[name])
        }
        if not incomplete:
            return self
        assignment = self.scan.assignment.copy()
        for name, positions in incomplete.items():
            LOGGER.warning(
                "%s of the test rows lack '%s', which no training row lacks: they go to rejects/,"
                " since the API rejects such rows; if it may be missing, add %s to"
                " exclude in [features]",
                f"{len(positions):,}",
                name,
                json.dumps(name, ensure_ascii=False),
            )
            assignment[positions] = NO_INPUT
        if not np.any(assignment == TEST):
            quoted = ", ".join(json.dumps(name, ensure_ascii=False) for name in incomplete)
            raise ContractError(
                "no test row is left: each lacks an input that no training row lacks"
                f" ({', '.join(incomplete)}); to leave them out, add {quoted} to exclude in"
                " [features]"
            )
        return replace(self, scan=replace(self.scan, assignment=assignment))


def define_problem(table: CleanTable, settings: Settings) -> Problem:
    """Decide on target, task, classes and the split of every row.

    Raises:
        SettingsError: A setting does not fit the table.
        ContractError: The table has nothing to learn from or to test with.
    """
    target = find_target(table.columns, settings)
    check_columns(table.columns, settings)
    check_sample_metadata(table.columns, settings)
    check_encodings(table.columns, settings)
    rule = find_rule(table, target, settings=settings)
    metadata = SampleMetadata(
        time=rule.column if isinstance(rule, TimeRule) else None,
        group=settings.group_column,
        weight=settings.weight_column,
        seed=settings.seed,
    )
    scan = assign_split(table, target, rule=rule, settings=settings)
    check_assignment(scan.assignment, rule=rule, target=target)
    if isinstance(rule, TimeRule):
        _warn_of_share(scan.assignment, rule, expected=settings.test_share)
    if isinstance(rule, HashRule) and scan.equal_rows:
        rows = sum(count_train_test(scan.assignment))
        LOGGER.info("%s", equal_rows_message(scan.equal_rows, rows, rule.columns))
    if not isinstance(rule, HashRule):
        warn_of_repeated_rows(table, target, scan.assignment, rule=rule, settings=settings)
    task, reason = infer_task(target, scan.labels, configured=settings.task)
    if task == "regression":
        return Problem(target, task, reason, None, rule, metadata, scan)
    classes = choose_classes(scan.labels, min_rows=settings.min_class_rows, target=target)
    if classes.rare:
        _warn_of_rare(classes, target=target, min_rows=settings.min_class_rows)
        assignment = exclude_rare_classes(
            table, target, classes=classes, assignment=scan.assignment
        )
        check_assignment(assignment, rule=rule, target=target)
        scan = replace(scan, assignment=assignment)
    return Problem(target, task, reason, classes, rule, metadata, scan)


def _warn_of_share(assignment: Assignment, rule: TimeRule, *, expected: float) -> None:
    train, test = count_train_test(assignment)
    share = test / (train + test)
    if abs(share - expected) > MAX_SHARE_DEVIATION:
        LOGGER.warning(
            "%.0f %% of the rows test, test_share = %g asks for %.0f %%: many rows of '%s' have the"
            " same time, and rows of one time are all on one side; they are divided at %s",
            100 * share,
            expected,
            100 * expected,
            rule.column,
            rule.shown_boundary or "a private time",
        )


def _warn_of_rare(classes: Classes, *, target: Target, min_rows: int) -> None:
    shown = ", ".join(map(str, classes.rare[:MAX_SHOWN_CLASSES]))
    more = ", …" if len(classes.rare) > MAX_SHOWN_CLASSES else ""
    LOGGER.warning(
        "classes with fewer than %d training rows go to rejects/: %s;"
        " lower min_class_rows in [features] to keep them",
        min_rows,
        f"{len(classes.rare)} private ones" if target.column.is_private else f"{shown}{more}",
    )
