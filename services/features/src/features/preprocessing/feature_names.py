"""Names of the features, in the order of the encoders' output."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Literal

from sklearn.preprocessing import OneHotEncoder

from features.preprocessing.date_parts import PARTS
from features.preprocessing.encoders import Encoders, Plan
from features.preprocessing.roles import Role

FeatureRole = Literal[
    "number",
    "boolean",
    "missing-indicator",
    "one-hot",
    "ordered",
    "ordinal",
    "frequency",
    "date-part",
    "word",
]
MAX_CATEGORY_CHARACTERS = 60


@dataclass(frozen=True)
class Feature:
    """One column of the matrix."""

    name: str
    source: str
    role: FeatureRole
    other_source: str | None = None
    """The second column of a difference."""

    def to_json(self) -> dict[str, str]:
        """Return the feature for features.json."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def name_features(encoders: Encoders, plan: Plan) -> list[Feature]:
    """Return the features with names that are unique and don't start with `@`."""
    return list(
        _make_unique(
            _plain_features(plan), _category_features(encoders, plan), _word_features(plan)
        )
    )


def _plain_features(plan: Plan) -> Iterator[Feature]:
    for name in plan.numbers:
        yield Feature(name, name, "number")
    for name in plan.booleans:
        yield Feature(name, name, "boolean")
    for part in PARTS:
        for name, with_hour in zip(plan.dates, plan.with_hour, strict=True):
            if with_hour or part != "hour":
                yield Feature(f"{name} {part}", name, "date-part")
    for first, second in plan.differences:
        yield Feature(f"days from {first} to {second}", second, "number", first)
    for name in plan.missing:
        yield Feature(f"{name} missing", name, "missing-indicator")


def _category_features(encoders: Encoders, plan: Plan) -> Iterator[Feature]:
    for index, role in enumerate(plan.categories):
        name = role.column.name
        if role.encoding == "one-hot":
            for category in _category_names(encoders.category_encoder(index), role):
                yield Feature(f"{name}={category}", name, "one-hot")
        elif role.encoding == "ordered":
            yield Feature(f"{name} rank", name, "ordered")
            if encoders.category_encoder(index)["simpleimputer"].indicator_.features_.size:
                yield Feature(f"{name} missing", name, "missing-indicator")
        else:
            yield Feature(f"{name} frequency", name, "frequency")
            yield Feature(f"{name} code", name, "ordinal")


def _word_features(plan: Plan) -> Iterator[Feature]:
    for role in plan.texts:
        name = role.column.name
        for number, word in enumerate(role.words, 1):
            shown = f"#{number}" if role.column.is_private else _shorten(word)
            yield Feature(f"{name} word {shown}", name, "word")


def _category_names(encoder: OneHotEncoder, role: Role) -> Iterator[str]:
    rare = encoder.infrequent_categories_[0]
    hidden = set() if rare is None else set(rare)
    frequent = [text for text in encoder.categories_[0] if text not in hidden]
    for number, text in enumerate(frequent, 1):
        if not text:
            yield "(missing)"
        elif role.column.is_private:
            yield f"#{number}"
        else:
            yield _shorten(text)
    if rare is not None:
        yield "(rare)"


def _shorten(text: str) -> str:
    if len(text) <= MAX_CATEGORY_CHARACTERS:
        return text
    return f"{text[:MAX_CATEGORY_CHARACTERS]}…"


def _make_unique(*groups: Iterable[Feature]) -> Iterator[Feature]:
    used: set[str] = set()
    for feature in (feature for group in groups for feature in group):
        plain = f"column {feature.name}" if feature.name.startswith("@") else feature.name
        name, number = plain, 1
        while name in used:
            number += 1
            name = f"{plain} ({number})"
        used.add(name)
        yield replace(feature, name=name)
