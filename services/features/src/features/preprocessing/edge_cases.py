"""Edge cases for the parity check: rows with a missing, unseen, rare or extreme value."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from features.data.tensors import Tensors
from features.preprocessing.encoders import Plan
from features.preprocessing.roles import Role
from features.preprocessing.tokenizer import AFFIXES, MAX_WORDS_READ

EXTREMES = (0.0, -0.0, 5e-324, 1e-30, -1.0, 2.0**53, 3.5e38, 1e300, -1e300)
BOOLEANS = (0.0, 1.0)
TIMESTAMPS = tuple(
    datetime.fromisoformat(f"{text}+00:00").astimezone(UTC).timestamp()
    for text in (
        "0001-01-01T00:00:00",
        "1600-02-29T23:59:59.999999",
        "1900-02-28T12:00:00",
        "1900-03-01T00:00:00",
        "1969-12-31T23:59:59.5",
        "1970-01-01T00:00:00",
        "2000-02-29T00:00:00",
        "2023-12-31T23:59:59",
        "2024-12-31T23:00:00",
        "9999-12-31T23:59:59",
    )
)
UNSEEN = "\N{BLACK QUESTION MARK ORNAMENT} never seen"
UNUSUAL = (
    "Straße STRASSE ẞ İstanbul ıI ΣΊΣΥΦΟΣ ǅ ﬁn Ｆｕｌｌ é e\u0301 😀 👩\u200d👧 你好 שלום"
    " \u200bx \ufeffy \x85z \u2028"
)
PUNCTUATION = "... --- ?! () [] «» “” '' \"\" . , ; : ! ? … - _ / \\ # @"
BETWEEN_WORDS = ("  ", "\n", " \n\n ", "\r\n", "\t", " - ", " , ", ", ", "! ", " (", "-", " x ")
LONG_TEXT_CHARACTERS = 100_000
MAX_CATEGORIES = 1_000
"""Maximum number of known categories of a column to include, the rarest first."""


def edge_case_rows(sample: Tensors, plan: Plan) -> Tensors:
    """Return the first row, variants with one changed value, and a row of unknown values only."""
    base = {group: values[:1] for group, values in sample.items()}
    variants = [base, _unknown_row(base)]
    for index, values in enumerate(_edge_numbers(plan)):
        variants += _with_values(base, "numbers", index, (np.nan, *values))
    for index, role in enumerate(plan.categories):
        known = list(role.categories)[-MAX_CATEGORIES:]
        variants += _with_values(base, "strings", index, ("", UNSEEN, *known))
    for index, role in enumerate(plan.texts, len(plan.categories)):
        variants += _with_values(base, "strings", index, _edge_texts(role))
    return {group: np.concatenate([row[group] for row in variants]) for group in base}


def _edge_texts(role: Role) -> Iterator[str]:
    """Yield texts of known words with varied case, spacing and punctuation, and unknown words."""
    first, last = role.words[0], role.words[-1]
    all_words = " ".join(role.words)
    yield from ("", " ", "\n", "-", UNSEEN, UNUSUAL, PUNCTUATION, all_words, all_words.upper())
    yield from (first, first.upper(), first.title(), f" {first}  {last} ", f"{first}\n\n{last}\n")
    yield from (f"{first}\t{last}", f"{first}\u00a0{last}", f"{first}\0", f"{first}{last}")
    yield f"{first} " * (MAX_WORDS_READ - 1) + f"{last} {last}"
    yield f"{first}\n{last} " * (MAX_WORDS_READ + 1)
    yield " ".join(f"{before}{last}{after}" for before, after in AFFIXES)
    yield f"((({first}))) {first}!!!!! '\"{last}\"'"
    yield "x" * LONG_TEXT_CHARACTERS
    for pair in [word for word in role.words if " " in word][:1]:
        yield from (pair.replace(" ", between) for between in BETWEEN_WORDS)
        yield from (f"{pair} {pair}", f"{pair}\n{pair.upper()}", " ".join(pair.split(" ")[::-1]))


def _edge_numbers(plan: Plan) -> Iterator[tuple[float, ...]]:
    yield from [EXTREMES] * len(plan.numbers)
    yield from [BOOLEANS] * len(plan.booleans)
    yield from [TIMESTAMPS] * len(plan.dates)


def _unknown_row(base: Tensors) -> Tensors:
    return {
        group: np.full_like(values, np.nan if group == "numbers" else UNSEEN)
        for group, values in base.items()
    }


def _with_values(
    base: Tensors, group: str, index: int, values: Iterable[float | str]
) -> Iterator[dict[str, NDArray[np.float64] | NDArray[np.object_]]]:
    for value in values:
        changed = base[group].copy()
        changed[0, index] = value
        yield dict(base) | {group: changed}
