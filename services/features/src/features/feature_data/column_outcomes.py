"""Outcomes: what became of each column of the clean table, in words, for run.json."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from features.preprocessing.feature_names import Feature, FeatureRole
from features.preprocessing.roles import Role, RoleName

_UNUSED: Mapping[RoleName, str] = {
    "target": "target",
    "weight": "sample weight",
    "group": "group of the split",
    "excluded": "excluded: [features] exclude",
    "constant": "not used: constant",
    "identifier": "not used: identifier",
}

_NAMES: Mapping[FeatureRole, str] = {
    "number": "number",
    "boolean": "boolean",
    "one-hot": "category, one-hot",
    "ordered": "rank of the category",
    "frequency": "frequency of the category",
    "ordinal": "code of the category",
    "date-part": "date part",
    "word": "word",
    "missing-indicator": "missing indicator",
}

_PLURALS: Mapping[FeatureRole, str] = {
    "one-hot": "categories, one-hot",
    "date-part": "date parts",
    "word": "words",
}
"""Names of roles of which a column may have several features."""


def column_records(roles: Sequence[Role], features: Iterable[Feature]) -> list[dict[str, Any]]:
    """Return the columns for the record of this run in run.json."""
    feature_counts: dict[str, Counter[FeatureRole]] = {
        role.column.name: Counter() for role in roles
    }
    for feature in features:
        feature_counts[feature.source][feature.role] += 1
    return [_describe(role, feature_counts[role.column.name]) for role in roles]


def _describe(role: Role, feature_counts: Mapping[FeatureRole, int]) -> dict[str, Any]:
    column = role.column
    counts = (f"{count} {_name(kind, count)}" for kind, count in feature_counts.items())
    became = _UNUSED.get(role.name) or ", ".join(counts)
    private = {"private": True} if column.is_private else {}
    return {"name": column.name, "type": column.type, "became": became} | private


def _name(kind: FeatureRole, count: int) -> str:
    return _PLURALS.get(kind, _NAMES[kind]) if count > 1 else _NAMES[kind]
