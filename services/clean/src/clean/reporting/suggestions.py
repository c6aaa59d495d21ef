"""What the log says of values that may mean something else, with the settings to paste."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from clean.cleaning.field_parsing import read_trimmed
from clean.cleaning.rule_notes import REPEATED_HOUR, SKIPPED_HOUR, TIMEZONE
from clean.cleaning.sentinels import find_sentinels
from clean.inference.missing_tokens import WORDS
from clean.reporting.profile import ColumnProfile
from clean.reporting.rule_report import Report
from clean.schema.fields import Field
from clean.schema.toml_text import as_toml, where_of
from clean.settings import Settings

_SHOWN = 3


def missing_words(report: Report, field: Field) -> Iterator[str]:
    """Yield which words of a column of texts mean missing; beside numbers nobody doubts it."""
    if field.type != "string":
        return
    for token, count in sorted(report.tokens.get(field.name, {}).items()):
        if token in WORDS:
            left = [text for text in field.missing if text != token]
            yield (
                f"column {field.name}: '{token}' in {count:,} rows means missing; if it is a value:"
                f" {where_of(field.name)} missing = {as_toml(left)}"
            )


def alike_texts(profile: ColumnProfile) -> Iterator[str]:
    """Yield which texts of a column differ only in case, white space or normal form."""
    alike, name = profile.alike(), profile.rules.name
    if alike is None:
        return
    groups = [
        " and ".join(f"'{text}' ({profile.counts[text]:,} rows)" for text in group[:_SHOWN])
        for group in alike.groups[:_SHOWN]
    ]
    examples = "" if profile.rules.is_private else f", such as {'; '.join(groups)}"
    texts = sum(map(len, alike.groups))
    settings = ", ".join(f"{key} = {as_toml(value)}" for key, value in alike.settings.items())
    yield (
        f"column {name}: {texts:,} texts may mean only {len(alike.groups):,}{examples};"
        f" they stay different; {where_of(name)} {settings} merges them, synonyms merges others"
    )


def sentinels(report: Report, profile: ColumnProfile) -> Iterator[str]:
    """Yield which values of a column stand far from all others, in several rows."""
    field = profile.rules
    texts: Mapping[str, int] = report.sentinels.get(field.name, {})
    if field.is_private or not texts:
        return
    values = read_trimmed(pa.array([*texts], pa.string()), field).to_pylist()
    rows: dict[Any, int] = {}
    for value, count in zip(values, texts.values(), strict=True):
        rows[value] = rows.get(value, 0) + count
    found = {*find_sentinels(rows, low=profile.low, high=profile.high)}
    written = [text for text, value in zip(texts, values, strict=True) if value in found]
    if not written:
        return
    told = " and ".join(f"'{text}' in {texts[text]:,} rows" for text in written)
    yield (
        f"column {field.name}: {told}, far from the other values ({_shown(profile.low)} to"
        f" {_shown(profile.high)}); if it means missing: {where_of(field.name)}"
        f" missing = {as_toml([*field.missing, *written])}"
    )


def naive_datetimes(report: Report, settings: Settings) -> Iterator[str]:
    """Yield in which zone the datetimes without an offset were read."""
    columns, repeated = report.cells(TIMEZONE), report.cells(REPEATED_HOUR)
    skipped = report.cells(SKIPPED_HOUR)
    if not columns and not skipped:
        return
    line = f"datetimes without an offset are read in {settings.timezone}: {_counted(columns)}"
    if repeated:
        line += f"; the first of an hour that happens twice: {_counted(repeated)}"
    if skipped:
        line += f"; rejected, as their hour does not exist there: {_counted(skipped)}"
    zone = "Europe/Berlin" if settings.timezone == "UTC" else "UTC"
    yield f"{line}; [clean] timezone = {as_toml(zone)} or another zone reads other instants"


def _counted(cells: Mapping[str, int]) -> str:
    return ", ".join(f"column {name} {count:,} cells" for name, count in cells.items())


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
