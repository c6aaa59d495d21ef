"""Versions such as 1.9 and 1.10, which are numbers as well, but other ones.

Whoever writes numbers pads all of them to the same decimals, or none. A column that pads some is of
versions, or of two sources. Prices of two sources show it: sooner or later a cent or a round price
has a zero right behind the point (1.05, 2.00), or the cents are many (9.90). No version has the
one, and few have the other.
"""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from clean.inference.detectors import Batch

_VERSION = r"^([+-]?[0-9]+|(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,2}))$"
"""Integers say nothing."""
_MANY = 40
"""Few versions have a part of so much; of cents most are as much."""
_MOST = 2_000
"""A column of more distinct fractions is of measurements."""


@dataclass
class VersionGuess:
    """Numbers of which some end in a padding zero, and others do not."""

    seen: set[str] | None = field(default_factory=set)
    """Those with a fraction; None once a value can't be a version."""

    def add(self, batch: Batch) -> None:
        """Look at the next values of the column."""
        if self.seen is None or (batch.is_integer and batch.is_number):
            return
        values = batch.texts.drop_null()
        if not (batch.is_number and all(map(_are_versions, (values[:64], values)))):
            self.seen = None
            return
        self.seen |= {*values.filter(pc.match_substring(values, pattern=".")).to_pylist()}
        if len(self.seen) > _MOST:
            self.seen = None

    def doubt(self) -> str | None:
        """Return why the numbers may be versions, and the settings that decide."""
        if not self._are_likely():
            return None
        return (
            "every value is a number and could be a version: as numbers, 1.2 and 1.20 are one"
            ' value, and 1.10 is less than 1.9; {where} type = "number" or type = "string"'
            " says which"
        )

    def _are_likely(self) -> bool:
        seen = self.seen or set()
        ends = {text.partition(".")[2] for text in seen}
        longer = {end for end in ends if len(end) > 1}
        padded = [text for text in seen if text.endswith("0") and text[-2] != "."]
        if not padded or len(longer) == len(ends):
            return False
        is_twice = any({text[:-1], text.rstrip("0")} & seen for text in padded)
        return is_twice or all(int(end) < _MANY for end in longer)


def _are_versions(values: pa.Array) -> bool:
    return pc.all(pc.match_substring_regex(values, pattern=_VERSION)).as_py() is not False
