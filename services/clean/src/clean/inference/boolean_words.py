"""Detect booleans written as two words, such as yes and no."""

from dataclasses import dataclass, field

from type_inference.boolean_words import (
    COUNTRY_CODES,
    MAX_WORDS,
    find_boolean_words,
    may_be_boolean_words,
)

from clean.inference.detectors import Batch
from clean.schema.field_descriptions import ColumnType


@dataclass
class BooleanDetector:
    """Detects a column whose values are two words such as yes and no; both must occur."""

    texts: set[str] | None = field(default_factory=set)
    """Distinct texts so far; None if there are too many, or one is not such a word."""

    def add(self, batch: Batch) -> None:
        """Add the next values of the column."""
        if self.texts is None:
            return
        words = batch.all_texts.drop_null()
        self.texts |= {*words[:MAX_WORDS].to_pylist()}
        if len(words) > MAX_WORDS or not may_be_boolean_words(self.texts):
            self.texts = None

    def result(self) -> ColumnType | None:
        """Return a boolean type with the first pair of words that both occur."""
        words = find_boolean_words(self.texts or ())
        if words is None:
            return None
        keys = {"trueValues": words.true_values, "falseValues": words.false_values}
        return ColumnType("boolean", keys)

    def explain_ambiguity(self) -> str | None:
        return None

    def hint(self) -> str | None:
        """Return why the words stay texts, and the settings that make them booleans."""
        if self.texts != COUNTRY_CODES:
            return None
        return (
            "every value is 'NO' or 'SI': no and yes, or country codes (Norway and Slovenia);"
            ' {where} type = "boolean", true_values = ["SI"], false_values = ["NO"] makes booleans,'
            ' type = "string" confirms the texts'
        )
