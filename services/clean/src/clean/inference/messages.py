"""Messages about a column that becomes a string, with the settings that change it."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from type_inference.field_types import EXPECTED

from clean.cleaning.field_parsing import read_trimmed
from clean.inference.mismatches import Mismatches, Position
from clean.schema.field_descriptions import ColumnType, setting_name
from clean.schema.fields import Field
from clean.schema.toml_text import as_toml, settings_table


def propose_settings(
    rules: Field, inferred: ColumnType, mismatches: Mismatches, *, present: int
) -> str:
    """Return the type of nearly all values, and the settings that declare it."""
    settings = [f'type = "{inferred.kind}"']
    settings += [f"{setting_name(key)} = {as_toml(value)}" for key, value in inferred.keys.items()]
    proposed = f"{', '.join(settings)} rejects these rows"
    if mismatches.has_few_texts and not rules.is_private:
        missing = as_toml([*rules.missing, *mismatches.texts])
        proposed = f"missing = {missing} makes them missing, {proposed}"
    shown = [show_position(position, rules) for position in mismatches.positions]
    return (
        f"column {rules.name} becomes a string: {mismatches.rows:,} of {present:,} values"
        f" ({100 * mismatches.rows / present:.2g} %) are not {EXPECTED[inferred.kind]},"
        f" the first {', '.join(shown)}"
        f"{_skipped_hour(rules, inferred, mismatches)}; {settings_table(rules.name)} {proposed}"
    )


def _skipped_hour(rules: Field, inferred: ColumnType, mismatches: Mismatches) -> str:
    """Return why a valid-looking datetime is invalid: summer time skips its hour."""
    if inferred.kind != "datetime":
        return ""
    shown = pa.array([text for _, text in mismatches.positions], pa.string())
    in_utc = replace(rules, type="datetime", timezone=ZoneInfo("UTC"))
    if not pc.any(pc.is_valid(read_trimmed(shown, in_utc))).as_py():
        return ""
    return f" (an hour that does not exist in {rules.timezone.key})"


def beyond_limit(rules: Field, first: Position) -> str:
    """Return a warning about an integer that a double cannot hold."""
    shown = show_position(first, rules)
    return (
        f"column {rules.name} becomes a string: not every integer is within ±2^53, the first"
        f' {shown}; [clean.columns.{rules.name}] type = "number" reads it rounded'
    )


def show_position(position: Position, rules: Field) -> str:
    """Return row and text of a value; only the row if the column is private."""
    row, text = position
    return f"in row {row:,}" + ("" if rules.is_private else f": '{text[:40]}'")
