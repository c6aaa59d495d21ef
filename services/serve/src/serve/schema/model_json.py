"""The part of model.json that serving needs, parsed and validated."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal, Self

import msgspec
from msgspec.structs import replace
from stage_contract import ContractError

from serve.schema.privacy import presentable_column
from serve.schema.signature import Column, Constraints, Signature

type Class = str | int | bool

TYPES_OF_GROUP = {
    "numbers": {"number", "integer", "boolean", "datetime", "date"},
    "strings": {"string", "integer"},
}
"""Types of columns by input of the graph; integers that are categories are strings."""


INTERVAL = ("prediction", "low", "high")
"""Outputs of a graph with intervals, in the order of the prediction columns."""

QUANTILES = "quantiles"
"""Output of a graph with quantiles, float32[N,Q]; prediction columns have it after `prediction`."""

MEDIAN = 0.5
"""Level of the quantile that is the prediction."""

_NAMES_OF_INTERVAL = {"interval", "low", "high"}
"""Names of parts of a response with intervals, in one format or another."""


class Target(msgspec.Struct, frozen=True):
    """The target: what the model predicts."""

    name: str
    type: str


class Interval(msgspec.Struct, frozen=True):
    """The prediction interval of a regression model."""

    coverage: float
    """Nominal share of true values inside the interval."""


class Quantiles(msgspec.Struct, frozen=True):
    """The quantiles of a regression model."""

    levels: tuple[float, ...]
    """Ascending; at level 0.1, about 10 % of the true values should not be above the quantile."""

    @property
    def names(self) -> list[str]:
        """The levels as in the names of members and columns, such as `0.1`."""
        return [json.dumps(level) for level in self.levels]


class Decision(msgspec.Struct, frozen=True):
    """The decision rule of the label, if it is not the most likely class."""

    threshold: float | None = None
    """Minimum probability for which the second of two classes is the label."""


class ColumnImportance(msgspec.Struct, frozen=True):
    """The permutation importance of a column."""

    name: str
    loss: float
    """Loss of the metric when the column's values are shuffled."""
    deviation: float | None = None
    """Standard deviation over the repeats."""


class Importance(msgspec.Struct, frozen=True):
    """The permutation importance of all columns, the most important first."""

    metric: str
    rows: int
    """Number of held-out rows that were shuffled."""
    columns: tuple[ColumnImportance, ...]


class Description(msgspec.Struct, frozen=True):
    """The part of model.json that serving needs."""

    task: Literal["regression", "classification"]
    target: Target
    classes: tuple[Class, ...] | None
    signature: Signature
    opset: dict[str, int]
    interval: Interval | None = None
    quantiles: Quantiles | None = None
    """Since contract 1.4."""
    decision: Decision | None = None
    importance: Importance | None = None
    """Since contract 1.3."""

    def ignoring(self, names: Iterable[str]) -> Self:
        """Return the description of a model that also ignores columns that ingest skipped.

        They count as private, because no stage knows whether they are.
        """
        signature = self.signature
        added = tuple(name for name in dict.fromkeys(names) if name not in signature.names)
        private = None if signature.private is None else (*signature.private, *added)
        ignored = (*signature.ignored, *added)
        return replace(self, signature=replace(signature, ignored=ignored, private=private))


def read_description(document: bytes) -> Description:
    """Parse and validate model.json; values that must not be shown are removed.

    Raises:
        ContractError: It does not match the contract.
    """
    try:
        description = msgspec.json.decode(document, type=Description)
        fields = json.loads(document)["signature"]["fields"]
    except (ValueError, RecursionError) as error:  # A number may have too many digits for Python.
        raise ContractError(f"model.json: {error}; update the image that trains") from None
    for unknown in _unknown_rules(fields):
        raise ContractError(f"model.json: {unknown}; update the image that serves")
    problems = (
        *_check_columns(description.signature),
        *_check_classes(description),
        *_check_interval(description),
        *_check_quantiles(description),
    )
    for problem in problems:
        raise ContractError(f"model.json: {problem}; update the image that trains")
    signature = description.signature
    columns = tuple(presentable_column(column) for column in signature.fields)
    return replace(description, signature=replace(signature, fields=columns))


def _unknown_rules(fields: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield an error for each rule of a column that is unknown here and would not be applied."""
    for field in fields:
        for part, known in ((field, Column), (field.get("constraints", {}), Constraints)):
            names = {each.encode_name for each in msgspec.structs.fields(known)}
            for rule in part.keys() - names:
                yield f"column {field['name']} has a rule that is not known here: {rule}"


def _check_columns(signature: Signature) -> list[str]:
    counted = Counter(signature.names)
    problems = [f"column {name} is repeated" for name, times in counted.items() if times > 1]
    for group, types in TYPES_OF_GROUP.items():
        columns = signature.group(group)
        if [column.input.index for column in columns] != list(range(len(columns))):
            problems.append(f"the columns of {group} are not numbered 0 to {len(columns) - 1}")
        problems += [
            f"column {column.name} of type {column.type} can't be in {group}"
            for column in columns
            if column.type not in types
        ]
    return problems if signature.fields else ["signature.fields is empty"]


def _check_classes(description: Description) -> list[str]:
    is_classification = description.task == "classification"
    if is_classification != (description.classes is not None):
        return [f"task {description.task} does not go with classes {description.classes}"]
    if is_classification and description.target.name == "probabilities":
        return ["a target of classes can't be called probabilities: responses have such a member"]
    # Names of probabilities are as in JSON, where 1 and "1" are equal.
    counted = Counter(
        each if isinstance(each, str) else json.dumps(each) for each in description.classes or ()
    )
    return [f"class {name} is repeated" for name, times in counted.items() if times > 1]


def _check_interval(description: Description) -> list[str]:
    if description.interval is None:
        return []
    if description.classes is not None:
        return ["a class has no interval"]
    if description.target.name in _NAMES_OF_INTERVAL:
        return [f"a target with an interval can't be called {description.target.name}"]
    return []


def _check_quantiles(description: Description) -> list[str]:
    quantiles = description.quantiles
    if quantiles is None:
        return []
    if description.classes is not None:
        return ["a class has no quantiles"]
    if description.interval is not None:
        return ["a model has an interval or quantiles, not both"]
    if description.target.name == QUANTILES:
        return [f"a target with quantiles can't be called {QUANTILES}"]
    levels = quantiles.levels
    is_valid = all(0 < level < 1 for level in levels) and list(levels) == sorted({*levels})
    if not is_valid or MEDIAN not in levels:
        expected = f"ascending numbers between 0 and 1, with {MEDIAN} among them"
        return [f"quantiles.levels is {list(levels)}, expected {expected}"]
    return []
