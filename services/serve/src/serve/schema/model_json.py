"""What serving needs of model.json: read, typed, and checked to make sense."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal

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
"""An integer that stands for a category goes to the strings."""


INTERVAL = ("prediction", "low", "high")
"""What a graph gives with intervals, in the order of the columns of predictions."""

_NAMES_OF_INTERVAL = {"interval", "low", "high"}
"""Of an answer's parts, in one form or another."""


class Target(msgspec.Struct, frozen=True):
    """What is predicted."""

    name: str
    type: str


class Interval(msgspec.Struct, frozen=True):
    """What is said of the intervals that numbers are answered with."""

    coverage: float
    """The share of true values that they are to hold."""


class Decision(msgspec.Struct, frozen=True):
    """What the label goes by, if not by the likeliest class."""

    threshold: float | None = None
    """Of two classes the second one is named if its probability is not below this."""


class Description(msgspec.Struct, frozen=True):
    """The part of model.json that serving depends on."""

    task: Literal["regression", "classification"]
    target: Target
    classes: tuple[Class, ...] | None
    signature: Signature
    opset: dict[str, int]
    interval: Interval | None = None
    decision: Decision | None = None


def read_description(document: bytes) -> Description:
    """Read model.json and check that it makes sense; what must not be shown is left out.

    Raises:
        ContractError: it is not what the contract says.
    """
    try:
        description = msgspec.json.decode(document, type=Description)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContractError(f"model.json: {error}; update the image that trains") from None
    for unknown in _unknown_rules(json.loads(document)["signature"]["fields"]):
        raise ContractError(f"model.json: {unknown}; update the image that serves")
    problems = (
        *_check_columns(description.signature),
        *_check_classes(description),
        *_check_interval(description),
    )
    for problem in problems:
        raise ContractError(f"model.json: {problem}; update the image that trains")
    signature = description.signature
    columns = tuple(presentable_column(column) for column in signature.fields)
    return replace(description, signature=replace(signature, fields=columns))


def _unknown_rules(fields: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Tell of the rules of columns that nobody here would apply."""
    for field in fields:
        for part, known in ((field, Column), (field.get("constraints", {}), Constraints)):
            names = {each.encode_name for each in msgspec.structs.fields(known)}
            for rule in part.keys() - names:
                yield f"column {field['name']} has a rule that is not known here: {rule}"


def _check_columns(signature: Signature) -> list[str]:
    counted = Counter(signature.names)
    problems = [f"column {name} is there twice" for name, times in counted.items() if times > 1]
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
        return ["a class can't be called probabilities, the answer has that name already"]
    # The names of probabilities: as in JSON, where 1 and "1" are one.
    counted = Counter(
        each if isinstance(each, str) else json.dumps(each) for each in description.classes or ()
    )
    return [f"class {name} is there twice" for name, times in counted.items() if times > 1]


def _check_interval(description: Description) -> list[str]:
    if description.interval is None:
        return []
    if description.classes is not None:
        return ["a class has no interval"]
    if description.target.name in _NAMES_OF_INTERVAL:
        return [f"a target with an interval can't be called {description.target.name}"]
    return []
