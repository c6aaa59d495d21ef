"""What the docs say of the texts that a column takes."""

from collections.abc import Iterator

from serve.constraints import limits_of_texts
from serve.signature import Column
from serve.spelling import compile_respelling
from serve.text_keys import FRACTION, has_own_texts, text_example

_SHOWN_SYNONYMS = 5


def changes_texts(column: Column) -> bool:
    """Whether a text may be wrong as it is sent, and right as what it becomes."""
    return has_own_texts(column) or compile_respelling(column) is not None


def text_sentences(column: Column) -> Iterator[str]:
    """Yield what may be sent, and what it becomes."""
    if example := text_example(column):
        yield f"A text such as {example} is read, too."
    if column.percent:
        yield f"A number is the fraction: {FRACTION}."
    if column.case:
        yield "Upper and lower case are the same."
    if column.whitespace:
        yield "White space inside counts as one space."
    if synonyms := [f"{text} means {meant}" for text, meant in (column.synonyms or {}).items()]:
        more = ", …" if len(synonyms) > _SHOWN_SYNONYMS else ""
        yield f"{', '.join(synonyms[:_SHOWN_SYNONYMS])}{more}."
    if changes_texts(column):
        yield from (f"Cleaned it must be {limit}." for limit in limits_of_texts(column))
