"""Log lines about values that may mean something else, with settings to paste."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from type_inference.missing_tokens import WORDS

from clean.cleaning.field_parsing import read_trimmed
from clean.cleaning.rule_effects import REPEATED_HOUR, SKIPPED_HOUR, TIMEZONE
from clean.cleaning.sentinels import find_sentinels
from clean.reporting.profile import LATE_YEAR, ColumnProfile
from clean.reporting.rule_report import RuleReport
from clean.schema.fields import Field
from clean.schema.toml_text import as_toml, settings_table
from clean.settings import Settings

_MAX_EXAMPLES = 3


def missing_words(report: RuleReport, field: Field) -> Iterator[str]:
    """Yield the missing tokens of a text column that are also words."""
    if field.type != "string":
        return
    for token, count in sorted(report.tokens.get(field.name, {}).items()):
        if token in WORDS:
            remaining = [text for text in field.missing if text != token]
            yield (
                f"column {field.name}: '{token}' in {count:,} rows means missing; if it is a value:"
                f" {settings_table(field.name)} missing = {as_toml(remaining)}"
            )


def similar_texts(profile: ColumnProfile) -> Iterator[str]:
    """Yield the texts of a column that differ only in case, white space or normal form."""
    similar, name = profile.similar(), profile.rules.name
    if similar is None:
        return
    groups = [
        " and ".join(f"'{text}' ({profile.counts[text]:,} rows)" for text in group[:_MAX_EXAMPLES])
        for group in similar.groups[:_MAX_EXAMPLES]
    ]
    examples = "" if profile.rules.is_private else f", such as {'; '.join(groups)}"
    texts = sum(map(len, similar.groups))
    settings = ", ".join(f"{key} = {as_toml(value)}" for key, value in similar.settings.items())
    yield (
        f"column {name}: {texts:,} texts may mean only {len(similar.groups):,}{examples};"
        f" they stay different; {settings_table(name)} {settings} merges them,"
        " synonyms merges others"
    )


def two_digit_years(profile: ColumnProfile) -> Iterator[str]:
    """Yield how many dates with a two-digit year may belong to the last century."""
    field = profile.rules
    if not profile.late_rows or not field.date_format:
        return
    span = f"in {LATE_YEAR} or later" if field.is_private else f"from {_span(profile.late)}"
    others = ""
    if profile.earlier[0] and not field.is_private:
        others = f", the others from {_span(profile.earlier)}"
    dates = profile.rows - profile.missing
    four_digits = as_toml(field.date_format.text.replace("%y", "%Y"))
    yield (
        f"column {field.name}: {profile.late_rows:,} of {dates:,} dates are {span}{others}, as"
        " years of two digits are read as 1969 to 2068; if they are of the last century, write"
        f" years of four digits in the source and {settings_table(field.name)}"
        f" format = {four_digits}"
    )


def _span(ends: tuple[Any, Any]) -> str:
    return f"{ends[0]} to {ends[1]}"


def sentinels(report: RuleReport, profile: ColumnProfile) -> Iterator[str]:
    """Yield the values of a column that occur in several rows, far from all others."""
    field = profile.rules
    texts: Mapping[str, int] = report.sentinels.get(field.name, {})
    if field.is_private or not texts:
        return
    values = read_trimmed(pa.array([*texts], pa.string()), field).to_pylist()
    rows: dict[Any, int] = {}
    for value, count in zip(values, texts.values(), strict=True):
        rows[value] = rows.get(value, 0) + count
    sentinels = {*find_sentinels(rows, low=profile.low, high=profile.high)}
    sentinel_texts = [text for text, value in zip(texts, values, strict=True) if value in sentinels]
    if not sentinel_texts:
        return
    message = " and ".join(f"'{text}' in {texts[text]:,} rows" for text in sentinel_texts)
    yield (
        f"column {field.name}: {message}, far from the other values ({_shown(profile.low)} to"
        f" {_shown(profile.high)}); if it means missing: {settings_table(field.name)}"
        f" missing = {as_toml([*field.missing, *sentinel_texts])}"
    )


def naive_datetimes(report: RuleReport, settings: Settings) -> Iterator[str]:
    """Yield the time zone in which datetimes without an offset were read."""
    columns, repeated = report.cells(TIMEZONE), report.cells(REPEATED_HOUR)
    skipped = report.cells(SKIPPED_HOUR)
    if not columns and not skipped:
        return
    line = f"datetimes without an offset are read in {settings.timezone}: {_counted(columns)}"
    if repeated:
        line += f"; ambiguous times, read as the first of two: {_counted(repeated)}"
    if skipped:
        line += f"; rejected, because summer time skips their hour: {_counted(skipped)}"
    zone = "Europe/Berlin" if settings.timezone == "UTC" else "UTC"
    yield f"{line}; [clean] timezone = {as_toml(zone)} sets another time zone"


def _counted(cells: Mapping[str, int]) -> str:
    return ", ".join(f"column {name} {count:,} cells" for name, count in cells.items())


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
