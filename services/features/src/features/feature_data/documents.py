"""The documents of feature-data: schema.json and features.json."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from features.data.summaries import ColumnSummary
from features.data.target import Target
from features.data.tensors import Inputs
from features.feature_data.training_profile import TrainingProfile
from features.preprocessing.roles import Role
from features.settings import Settings
from features.splitting.split_assignment import Scan
from features.splitting.splits import HashRule, Rule, TimeRule, count_train_test


def describe_inputs(
    document: Mapping[str, Any], inputs: Inputs, *, profile: TrainingProfile
) -> dict[str, Any]:
    """Return schema.json: the input columns in the order of the table, with observed statistics."""
    positions = {
        name: {"group": group, "index": index}
        for group, names in (("numbers", inputs.numbers), ("strings", inputs.strings))
        for index, name in enumerate(names)
    }
    fields = [
        _field(summary, profile.sample[name], position=positions[name])
        for name, summary in profile.summaries.items()
        if name in positions
    ]
    return {
        "fields": fields,
        "missingValues": document["missingValues"],
        "timezone": document["timezone"],
    }


def describe_target(target: Target) -> dict[str, Any]:
    """Return `target` of features.json."""
    column = target.column
    known = {"above": target.above, "transform": target.transform}
    return {
        "name": target.name,
        "column": column.name,
        "type": column.type,
        **{name: value for name, value in known.items() if value is not None},
    }


def describe_split(rule: Rule, scan: Scan, *, settings: Settings) -> dict[str, Any]:
    """Return `split` of features.json."""
    by: dict[str, Any]
    if isinstance(rule, HashRule):
        by = {"columns": list(rule.columns), "equal_rows": scan.equal_rows}
    else:
        by = {"column": rule.column}
    if isinstance(rule, TimeRule) and rule.shown_boundary is not None:
        by["boundary"] = rule.shown_boundary
    train, test = count_train_test(scan.assignment)
    return {
        "kind": settings.split,
        "test_share": settings.test_share,
        "seed": settings.seed,
        **by,
        "train_rows": train,
        "test_rows": test,
    }


def describe_role(role: Role) -> dict[str, Any]:
    """Return an entry of `columns` of features.json."""
    encoding = {} if role.encoding is None else {"encoding": role.encoding}
    private = {"private": True} if role.column.is_private else {}
    return {"name": role.column.name, "role": role.name} | encoding | private


def _field(
    summary: ColumnSummary, sample: pa.ChunkedArray, *, position: dict[str, Any]
) -> dict[str, Any]:
    field = dict(summary.column.field)
    if not summary.missing:
        field["constraints"] = field.get("constraints", {}) | {"required": True}
    observed = summary.describe(sample, as_category=position["group"] == "strings")
    return field | {"input": position, "observed": observed}
