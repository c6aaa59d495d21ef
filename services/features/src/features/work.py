"""Read clean-data three times, batch by batch, and write feature-data."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from stage_contract import LOGGER, Artifact, ContractError, Draft
from stage_contract.artifacts.publishing import write_json

from features.data.columns import explain_skipped
from features.data.tables import CleanTable, open_clean_table
from features.feature_data.column_log import log_roles
from features.feature_data.column_outcomes import column_records
from features.feature_data.documents import (
    describe_inputs,
    describe_role,
    describe_split,
    describe_target,
)
from features.feature_data.matrices import Matrices, write_matrices
from features.feature_data.outlier_rules import check_outliers
from features.feature_data.training_bins import TrainingBins
from features.feature_data.training_profile import (
    TrainingProfile,
    choose_roles,
    profile_training_rows,
)
from features.preprocessing.date_differences import choose_differences
from features.preprocessing.fitting import Fitted, fit
from features.preprocessing.memory_estimate import check_scan
from features.preprocessing.roles import Role, RoleRules
from features.settings import Settings
from features.splitting.learning_problem import Problem, define_problem
from features.splitting.splits import count_train_test


def features(source: Artifact, draft: Draft, settings: Settings) -> None:
    """Fill the draft with matrices, test rows, transform.onnx, its documents, and rejects/."""
    table = open_clean_table(source)
    check_scan(table, fit_rows=settings.fit_rows)
    check_outliers(source, target=settings.target.column)
    with explain_skipped(source):
        problem = define_problem(table, settings)
    profile = _profile(table, problem, settings=settings)
    rules = RoleRules.from_settings(settings, fit_rows=profile.sample.num_rows)
    roles = choose_roles(table.columns, profile, rules=rules)
    log_roles(roles, profile.sample, rare_below=rules.rare_below)
    required = profile.required_inputs(roles)
    problem = problem.exclude_incomplete_rows(profile.missing_test_rows, required=required)
    with explain_skipped(source):
        differences = choose_differences(roles, profile.sample, given=settings.date_differences)
    fitted = fit(profile.sample, roles, rare_below=rules.rare_below, differences=differences)
    matrices = Matrices(
        table.columns, fitted, problem.target, problem.classes, problem.metadata, required
    )
    bins = TrainingBins(fitted.plan.inputs, profile=profile)
    rejected = write_matrices(
        draft, table, assignment=problem.scan.assignment, matrices=matrices, bins=bins
    )
    (draft.path / "transform.onnx").write_bytes(fitted.model)
    inputs = describe_inputs(table.schema_document, fitted.plan.inputs, profile=profile)
    write_json(draft.path / "schema.json", inputs)
    write_json(draft.path / "bins.json", bins.to_json())
    split = describe_split(problem.rule, problem.scan, settings=settings)
    fit_rows = {"rows": profile.sample.num_rows, "of": split["train_rows"]}
    document = _describe(problem, fitted, roles=roles) | {"split": split, "fit": fit_rows}
    write_json(draft.path / "features.json", document)
    draft.rows, draft.rejected = split["train_rows"] + split["test_rows"], rejected.total()
    draft.metrics = {"rejected_by_reason": dict(sorted(rejected.items()))}
    draft.columns = column_records(roles, fitted.features)
    _log_result(problem, fitted, rejected=rejected)


def _profile(table: CleanTable, problem: Problem, *, settings: Settings) -> TrainingProfile:
    """Return the statistics of the training rows.

    Raises:
        ContractError: All training rows have the same target.
    """
    target = problem.target.column
    unused = {*settings.exclude, settings.weight_column, settings.group_column}
    columns = [c for c in table.columns if c == target or c.name not in unused]
    profile = profile_training_rows(table, problem.scan, columns=columns)
    if profile.summaries[target.name].is_constant:
        raise ContractError(
            f"target '{target.name}' has one value in all training rows;"
            " expected values that differ, choose another target"
        )
    return profile


def _describe(problem: Problem, fitted: Fitted, *, roles: Sequence[Role]) -> dict[str, Any]:
    return {
        "task": problem.task,
        "target": describe_target(problem.target),
        "classes": None if problem.classes is None else list(problem.classes.labels),
        "features": [feature.to_json() for feature in fitted.features],
        "columns": [describe_role(role) for role in roles],
    }


def _log_result(problem: Problem, fitted: Fitted, *, rejected: Counter[str]) -> None:
    if rejected:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(rejected.items()))
        LOGGER.info("%s rows to rejects/: %s", f"{rejected.total():,}", reasons)
    train, test = count_train_test(problem.scan.assignment)
    facts = {"train": train, "test": test, "features": len(fitted.features)}
    LOGGER.info(
        "%s train and %s test rows, %d features from %d columns, task %s (%s)",
        f"{train:,}",
        f"{test:,}",
        len(fitted.features),
        len(fitted.plan.inputs),
        problem.task,
        problem.reason,
        extra=facts | {"task": problem.task},
    )
