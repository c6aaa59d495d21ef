"""The tables [clean.columns.…] of a pipeline file: type, unit, privacy and statistics."""

from collections.abc import Iterator, Sequence

from type_inference.field_types import MISSING, FieldType

from ingest.init_command.proposal import Proposal
from ingest.init_command.roles import Role
from ingest.profiling.cell_types import Mismatches
from ingest.profiling.columns import Column
from ingest.profiling.name_hints import unit_in_name
from ingest.profiling.near_numbers import unread_negatives
from ingest.toml_text import quote, quote_short, toml_key, toml_list

MAX_PROPOSED_TEXTS = 5
MAX_SHOWN_CATEGORIES = 5
_MAX_LISTED_VALUES = 30


def write_columns(proposal: Proposal) -> Iterator[str]:
    """Yield the lines of all columns in table order."""
    roles = {role.column.name: role for role in proposal.roles}
    for column in proposal.columns:
        role = roles.get(column.name)
        yield ""
        yield f"# {describe(column)}"
        yield from _notes(column, is_target=role is None)
        if role and not role.excluded and column.is_time:
            yield from _time_input(column, proposal)
        if role and (note := role.excluded or role.warning):
            yield f"# {'Excluded' if role.excluded else 'Look'}: {note}."
        if role and role.is_text:
            yield from _words(column, role)
        yield from _table(
            column,
            role,
            declared=None if role else proposal.target.type_to_declare,
            names=[other.name for other in proposal.columns],
        )
        for reading in column.alternative_readings:
            yield f"# Look: {reading.message}."
            yield from (f"# {proposal}" for proposal in reading.proposals)
        for reading in column.missing_words:
            yield f"# {reading.message}."
            yield from (f"# {proposal}" for proposal in reading.proposals)


def _words(column: Column, role: Role) -> Iterator[str]:
    """Yield the settings that make features of words, as comments for an excluded column."""
    table = [f"[features.columns.{toml_key(column.name)}]", 'encoding = "text"']
    if not role.learns_words:
        yield "# To learn from its words, take it out of exclude, and these two lines into use:"
        yield from (f"# {line}" for line in table)
        return
    yield "# Sentences: frequent words are features. If the text is written or changed later than a"
    yield "# prediction is needed, add it to exclude and remove this table."
    yield from table
    yield "# ngram_range = [1, 2]  # also pairs of neighbouring words"


def _notes(column: Column, *, is_target: bool) -> Iterator[str]:
    """Yield what init found about the values of a column."""
    if is_target:
        yield "# The target."
        if column.ambiguity:
            yield f"# Look: {column.ambiguity}."
    if column.rejects.rows:
        yield f"# Look: {column.mismatch_note}."
    if column.note:
        yield f"# {column.note}."
    if column.midnight_note:
        yield f"# Look: {column.midnight_note}."


def _time_input(column: Column, proposal: Proposal) -> Iterator[str]:
    """Yield what the model learns from a date or datetime."""
    hour = ", hour" if column.kind == "datetime" else ""
    splits = proposal.time_split is not None and column.name == proposal.time_split.column
    yield f"# An input as year, month, day, day of week{hour}, day of year and elapsed days. Rows"
    yield "# to predict may be later than all of training, and few models continue a trend. If the"
    still = "; it still splits the rows" if splits and proposal.has_time_split else ""
    yield f"# time should not matter, add the column to exclude{still}."


def describe(column: Column) -> str:
    """Return the statistics of a column in one line; for a private column only counts."""
    parts = [column.kind, _missing(column), _distinct_count(column)]
    if column.is_free_text:
        return "; ".join([*parts, "sentences, which may be about people, so none is shown"])
    if column.private:
        return "; ".join([*parts, f"private ({column.private}), so no value is shown"])
    return "; ".join(filter(None, [*parts, _range(column), _values(column)]))


def percent(share: float) -> str:
    """Return a share as a percentage that is neither rounded to 0 % nor to 100 %."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if 0.999 < share < 1 else f"{100 * share:.3g} %"


def _table(
    column: Column, role: Role | None, *, declared: FieldType | None, names: Sequence[str]
) -> Iterator[str]:
    yield f"[clean.columns.{toml_key(column.name)}]"
    kind = declared or column.kind
    writes_type = kind != column.kind or (not column.is_typed and (declared or kind != "string"))
    # No type is written for texts, boolean words and ambiguous columns: clean infers them.
    is_default = column.note and not column.value_format and not column.has_type_hint
    is_words = column.value_format is not None and column.value_format.kind == "boolean"
    is_open = is_words or column.ambiguity or (is_default and (not declared or kind == "string"))
    if writes_type and not is_open:
        yield f'type = "{kind}"{"  # the source has texts" if column.has_type_hint else ""}'
    if column.is_code and kind == "string":
        yield '# type = "integer"  # instead: all of these texts are integers'
    if column.value_format and not is_words:
        yield from (f"{name} = {_toml(value)}" for name, value in column.value_format.keys.items())
    yield from _mismatches(column)
    if column.placeholders and not is_words:
        tokens = ", ".join(map(quote, [*MISSING, *sorted(column.placeholders)]))
        yield f"missing = [{tokens}]"
    if role is not None and role.learns_words:
        yield "# Sentences may be about people. If these are not, remove the next line, and the"
        yield "# report names the words."
    if column.private or (role is not None and role.learns_words):
        yield "private = true  # keeps its values out of examples, documentation, reports and logs"
    if role is not None and role.excluded:
        return
    if column.is_numeric:
        unit = unit_in_name(column.name, names)
        yield f'unit = "{unit}"' if unit else '# unit = ""'
        if column.numbers.lowest >= 0 and role is not None:
            yield "# minimum = 0  # rejects rows below, and such requests"


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return quote(value) if isinstance(value, str) else str(value).lower()


def _mismatches(column: Column) -> Iterator[str]:
    """Yield settings for the few values that do not fit the type of nearly all values."""
    if column.rejects.rows:
        yield from _missing_others(column, column.rejects)
    if (near := column.near_miss) is None:
        return
    mismatches = near.mismatches
    first = "" if column.private else f", such as {quote_short(next(iter(mismatches.texts)))}"
    yield from _missing_others(column, mismatches)
    yield (
        f'# type = "{near.value_format.kind}"  # instead: all but {mismatches.rows:,} values are of'
        f" it{first}; those rows would be rejected"
    )
    yield from (
        f"# {name} = {_toml(value)}  # with it" for name, value in near.value_format.keys.items()
    )


def _missing_others(column: Column, mismatches: Mismatches) -> Iterator[str]:
    negatives = unread_negatives(mismatches.texts)
    others = {text: n for text, n in mismatches.texts.items() if text not in negatives}
    if not others or len(mismatches.texts) > MAX_PROPOSED_TEXTS or column.private:
        return
    texts, rows = toml_list([*MISSING, *others]), sum(others.values())
    share = percent(rows / column.present)
    first = quote_short(next(iter(others)))
    yield (
        f"# missing = {texts}  # instead: {rows:,} values ({share}) mean missing, such as {first}"
    )


def _missing(column: Column) -> str:
    if column.present == column.rows:
        return "none missing"
    return f"{percent(column.missing_share)} missing"


def _distinct_count(column: Column) -> str:
    if column.is_unique:
        return "all unique"
    # An estimate may exceed the number of values.
    count = min(column.distinct.count, column.present)
    return f"{'' if column.distinct.is_exact else 'about '}{count:,} different"


def _range(column: Column) -> str:
    if column.is_numeric and column.present:
        return f"{_number(column.numbers.lowest)} to {_number(column.numbers.highest)}"
    if column.is_time and not column.placeholders and not column.value_format:
        return f"{column.texts.first} to {column.texts.last}"
    if column.is_time and column.distinct.is_exact and column.distinct.rows:
        texts = sorted(column.distinct.rows, key=column.as_instant)
        return f"{texts[0]} to {texts[-1]}"
    return ""


def _number(value: float) -> str:
    return f"{int(value)}" if value.is_integer() and abs(value) < 2**53 else f"{value:.6g}"


def _values(column: Column) -> str:
    rows = column.distinct.rows
    if column.kind in {"string", "boolean"} and column.distinct.count <= _MAX_LISTED_VALUES:
        frequent = list(rows.items())[:MAX_SHOWN_CATEGORIES]
        more = ", …" if len(rows) > MAX_SHOWN_CATEGORIES else ""
        return (
            ", ".join(f"{quote_short(text)} {percent(n / column.rows)}" for text, n in frequent)
            + more
        )
    if not column.examples:
        return ""
    as_text = quote_short if column.kind == "string" or column.value_format else str
    return f"for example {', '.join(map(as_text, column.examples))}"
