"""Versions such as 1.9 and 1.10, which are numbers as well, told as clean tells them."""

import re
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

_VERSION = r"^([+-]?[0-9]+|(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,2}))$"
"""Integers say nothing."""
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
        seen = self.seen or set()
        padded = {text for text in seen if re.search(r"\.[0-9]+0$", text)}
        is_mixed = any(re.search(r"\.[0-9]$", text) for text in seen)
        if not padded or not is_mixed:
            return False
        return any({text[:-1], text.rstrip("0")} & seen for text in padded) or all(
            _neighbours(text) & seen for text in padded
        )


def _neighbours(text: str) -> set[str]:
    """Return the versions before and after one: 1.9 and 1.11 of 1.10."""
    major, minor = text.split(".")
    return {f"{major}.{int(minor) + step}" for step in (-1, 1)}
