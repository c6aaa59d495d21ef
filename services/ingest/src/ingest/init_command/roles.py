"""The role of each column: input, category, or excluded with a reason."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from ingest.init_command.leaks import find_leak
from ingest.init_command.number_codes import looks_like_code
from ingest.init_command.relations import Relations, is_row_number
from ingest.init_command.sums import find_terms
from ingest.init_command.targets import Target
from ingest.profiling.columns import Column
from ingest.profiling.name_hints import is_code_name, is_identifier_name, weight_certainty
from ingest.toml_text import quote

MAX_CODES = 100
"""Maximum distinct values of an integer called id or code that is a category."""
MAX_CATEGORIES = 1000
MIN_WORD_ROWS = 10
"""Minimum number of sampled texts that share a word; features leaves rarer words out."""

_FREE_TEXT = "free text"
MAX_CATEGORY_SHARE = 0.2


@dataclass(frozen=True)
class Role:
    """The role of a column that is not the target."""

    column: Column
    excluded: str | None = None
    """Reason for the exclusion; None for an input."""
    is_target_copy: bool = False
    """Whether the column is another form of the target."""
    is_category: bool = False
    """Whether its integers are codes."""
    warning: str | None = None
    """Warning about an input."""

    @property
    def is_text(self) -> bool:
        return self.column.is_free_text and not self.column.is_constant and not self.column.private

    @property
    def learns_words(self) -> bool:
        """Whether the model learns from the words of the column."""
        return self.is_text and self.excluded is None

    @property
    def is_group(self) -> bool:
        """Whether the column identifies something that several rows belong to."""
        is_key = bool(self.excluded) and is_identifier_name(self.column.name)
        return is_key and not self.column.is_unique and not self.column.is_constant


def choose_roles(
    columns: Sequence[Column],
    target: Target,
    *,
    sample: pa.Table,
    relations: Relations | None = None,
) -> list[Role]:
    """Return the role of each column except the target, checked against a sample of rows."""
    known = relations or Relations()
    terms = find_terms(columns, target, sample=sample)
    return [
        Role(column, excluded=f"a leak: {terms[column.name]} is the target")
        if column.name in terms
        else _role(column, target, sample=sample, relations=known)
        for column in columns
        if column is not target.column
    ]


def _role(column: Column, target: Target, *, sample: pa.Table, relations: Relations) -> Role:
    why = _why_useless(column, relations)
    if why == _FREE_TEXT and not column.private and _has_repeated_words(sample[column.name]):
        why = None
    # Texts that may become numbers may hold the target as well.
    if why and not column.near_numbers:
        return Role(column, excluded=why)
    if weight_certainty(column.name) == "surely":
        return Role(column, excluded="a weight: how much a row counts, see weight_column below")
    shares = relations.shares_of(column.name)
    if shares and target.column.name in shares.columns:
        return Role(
            column, excluded=f"a leak: it sums to {shares.total} with the target and others"
        )
    leak = find_leak(column, target, sample=sample)
    if leak and leak.is_copy:
        return Role(column, excluded=f"a leak: {leak.reason}", is_target_copy=True)
    if why:
        return Role(column, excluded=why)
    is_category = column.kind == "integer" and _is_code(column)
    warnings = list(_warnings(column, target, relations))
    # Of a constant of a group, only the number of groups would count.
    is_free = not is_category and column.name not in relations.constants
    if is_free and looks_like_code(column, target, sample=sample):
        warnings.append(
            "neighbouring numbers say unrelated things about the target: codes rather than"
            " amounts? Then add it to categories in [features]"
        )
    if leak:
        warnings = [
            f"perhaps a leak: {leak.reason}; if it is known too late, exclude it",
            *warnings,
        ]
    return Role(column, is_category=is_category, warning="; ".join(warnings) or None)


def _has_repeated_words(texts: pa.ChunkedArray) -> bool:
    """Return whether several texts share a word of letters or digits."""
    counts = Counter(
        word
        for text in texts.drop_null().to_pylist()
        for word in {*text.lower().split(" ")}
        if len(word) > 1 and word.isalnum()
    )
    return max(counts.values(), default=0) >= MIN_WORD_ROWS


def _why_useless(column: Column, relations: Relations) -> str | None:
    if column.is_constant:
        return "no values" if not column.present else "one value in all rows"
    if column.is_private_itself and not column.is_time:
        return f"{column.private}: a model would memorize individual people"
    if column.is_consecutive or is_row_number(column, relations):
        return "an identifier: it numbers the rows"
    if column.is_free_text:
        return _FREE_TEXT
    if _is_identifier(column):
        return _why_identifier(column)
    return None


def _why_identifier(column: Column) -> str:
    if column.near_numbers:
        return "nearly every text is different: no categories, but perhaps numbers"
    if column.is_unique:
        return "an identifier: all values are unique"
    is_named = is_identifier_name(column.name)
    return f"an identifier: {'by its name' if is_named else 'nearly every value is different'}"


def _is_identifier(column: Column) -> bool:
    if is_identifier_name(column.name) and column.kind in {"integer", "string"}:
        return column.distinct.count > MAX_CODES or column.is_unique
    return column.kind == "string" and not column.ambiguity and column.is_nearly_unique


def _is_code(column: Column) -> bool:
    return is_code_name(column.name) and 2 < column.distinct.count <= MAX_CODES


def _warnings(column: Column, target: Target, relations: Relations) -> Iterator[str]:
    name = column.name
    if column.ambiguity:
        yield column.ambiguity
    elif name in relations.counters:
        yield "it increases from row to row: a row number, or a time? If it is a number, exclude it"
    elif column.kind == "integer" and column.is_unique:
        yield "all values are unique: an identifier? Then exclude it"
    categories = column.distinct.count
    is_text = column.kind == "string" and not column.near_miss and not column.is_free_text
    if is_text and categories > min(MAX_CATEGORIES, max(30, MAX_CATEGORY_SHARE * column.rows)):
        yield f"{categories:,} different texts: too many for a model to learn from"
    if weight_certainty(name) == "maybe":
        yield (
            "the weight of a thing, or how much a row counts? Then set weight_column ="
            f" {quote(name)} in [features]"
        )
    # A copy of the target is reported as a leak.
    if (original := relations.copies.get(name)) and original != target.column.name:
        yield f"says the same as {quote(original)} in another form; one of them is enough"
    if shares := relations.shares_of(name):
        yield (
            f"one of {len(shares.columns)} columns that sum to {shares.total} in every row, so each"
            " follows from the others"
        )
