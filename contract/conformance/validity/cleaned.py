"""Clean data: its table has the types of schema.json and keeps its rules, and so do its rejects."""

from pathlib import Path

from conformance.validity.published import Published
from conformance.validity.rejected import check_rules_against_source
from conformance.validity.satisfied import check_satisfied
from conformance.validity.typed_columns import check_columns

MAX_ROWS = 5_000
"""A table that is larger was made from the example, and has been compared there."""


def check_clean(artifact: Published, source: Path) -> None:
    """Check columns, values, and what became of each row of the input."""
    check_columns(artifact)
    if artifact.manifest["rows"] > MAX_ROWS:
        return
    check_satisfied(artifact)
    check_rules_against_source(artifact, source)
