"""Detecting booleans written as two words, such as yes and no."""

from dataclasses import dataclass, field

from clean.inference.detectors import Batch
from clean.schema.field_descriptions import ColumnType

_WORDS = (
    *(("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off")),
    *(("ja", "nein"), ("oui", "non"), ("si", "no"), ("sí", "no"), ("sim", "não")),
)


@dataclass
class BooleanDetector:
    """Detects two words such as yes and no; both must occur."""

    seen: set[str] | None = field(default_factory=set)
    """Distinct texts; None if there are too many."""

    def add(self, batch: Batch) -> None:
        """Add the next values of the column."""
        if self.seen is None:
            return
        words = batch.all_texts.drop_null()
        self.seen |= {*words[:_MOST_WORDS].to_pylist()}
        if len(words) > _MOST_WORDS or not any(self.seen <= {*word_set} for word_set in _WORD_SETS):
            self.seen = None

    def result(self) -> ColumnType | None:
        """Return a boolean type with the first pair of words that both occur."""
        for yes, no in _WORDS:
            keys = {"trueValues": _cases(yes), "falseValues": _cases(no)}
            if self.seen and self.seen <= {*_cases(yes), *_cases(no)}:
                is_either = all(self.seen & {*words} for words in keys.values())
                return ColumnType("boolean", keys) if is_either and not self._are_codes() else None
        return None

    def ambiguity(self) -> str | None:
        return None

    def hint(self) -> str | None:
        """Return why the words stay texts, and the settings that change it."""
        if not self._are_codes():
            return None
        return (
            "every value is 'NO' or 'SI': no and yes, or country codes (Norway and Slovenia);"
            ' {where} type = "boolean", true_values = ["SI"], false_values = ["NO"] makes booleans,'
            ' type = "string" confirms the texts'
        )

    def _are_codes(self) -> bool:
        return self.seen == _CODES


def _cases(word: str) -> list[str]:
    return list(dict.fromkeys([word, word.capitalize(), word.upper()]))


_WORD_SETS = [[*_cases(yes), *_cases(no)] for yes, no in _WORDS]

_CODES = {"SI", "NO"}
"""The only pair whose words in upper case are both country codes."""

_MOST_WORDS = 12
"""Maximum number of distinct texts for a pair of words."""
