"""Outcomes: what became of each column of the clean table, in words, for run.json."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from features.preprocessing.feature_names import Feature, FeatureRole
from features.preprocessing.roles import Role, RoleName

type _Kind = FeatureRole | Literal["date-difference"]

_UNUSED: Mapping[RoleName, str] = {
    "target": "target",
    "weight": "sample weight",
    "group": "group of the split",
    "excluded": "excluded: [features] exclude",
    "constant": "not used: constant",
    "identifier": "not used: identifier",
}

_NAMES: Mapping[_Kind, str] = {
    "number": "number",
    "boolean": "boolean",
    "one-hot": "category, one-hot",
    "ordered": "rank of the category",
    "frequency": "frequency of the category",
    "ordinal": "code of the category",
    "date-part": "date part",
    "date-difference": "difference of dates",
    "word": "word",
    "missing-indicator": "missing indicator",
}

_PLURALS: Mapping[_Kind, str] = {
    "one-hot": "categories, one-hot",
    "date-part": "date parts",
    "date-difference": "differences of dates",
    "word": "words",
}
"""Names of roles of which a column may have several features."""


def column_records(roles: Sequence[Role], features: Iterable[Feature]) -> list[dict[str, Any]]:
    """Return the columns for the record of this run in run.json."""
    feature_counts: dict[str, Counter[_Kind]] = {role.column.name: Counter() for role in roles}
    for feature in features:
        kind: _Kind = "date-difference" if feature.other_source else feature.role
        feature_counts[feature.source][kind] += 1
    return [_describe(role, feature_counts[role.column.name]) for role in roles]


def _describe(role: Role, feature_counts: Mapping[_Kind, int]) -> dict[str, Any]:
    column = role.column
    counts = (f"{count} {_name(kind, count)}" for kind, count in feature_counts.items())
    became = _UNUSED.get(role.name) or ", ".join(counts)
    private = {"private": True} if column.is_private else {}
    return {"name": column.name, "type": column.type, "became": became} | private


def _name(kind: _Kind, count: int) -> str:
    return _PLURALS.get(kind, _NAMES[kind]) if count > 1 else _NAMES[kind]
