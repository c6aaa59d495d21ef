"""Versions such as 1.9 and 1.10, which are numbers as well, told as clean tells them."""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

_VERSION = r"^([+-]?[0-9]+|(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,2}))$"
"""Integers say nothing."""
_MANY = 40
"""Few versions have a part of so much; of cents most are as much."""
_MOST = 2_000
"""A column of more distinct fractions is of measurements."""


@dataclass
class Versions:
    """Numbers of which some end in a padding zero, and others do not."""

    seen: set[str] | None = field(default_factory=set)
    """Those with a fraction; None once a value can't be a version."""

    def add(self, values: pa.Array) -> None:
        """Look at distinct trimmed texts, string[n] without nulls."""
        if self.seen is None:
            return
        are_versions = pc.all(pc.match_substring_regex(values, pattern=_VERSION)).as_py()
        if are_versions is False:
            self.seen = None
            return
        self.seen |= {*values.filter(pc.match_substring(values, ".")).to_pylist()}
        if len(self.seen) > _MOST:
            self.seen = None

    @property
    def are_likely(self) -> bool:
        """Whether some are padded, and stand twice or have the small parts of versions."""
        seen = self.seen or set()
        ends = {text.partition(".")[2] for text in seen}
        longer = {end for end in ends if len(end) > 1}
        padded = [text for text in seen if text.endswith("0") and text[-2] != "."]
        if not padded or len(longer) == len(ends):
            return False
        is_twice = any({text[:-1], text.rstrip("0")} & seen for text in padded)
        return is_twice or all(int(end) < _MANY for end in longer)
