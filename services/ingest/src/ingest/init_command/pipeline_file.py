"""The pipeline file: a proposal as complete, commented TOML."""

from collections.abc import Iterator, Mapping

from ingest.csv.dialect import Dialect
from ingest.init_command.column_settings import percent, write_columns
from ingest.init_command.groups import Group
from ingest.init_command.proposal import Proposal
from ingest.init_command.targets import MIN_CLASS_ROWS, Target
from ingest.profiling.name_hints import weight_certainty
from ingest.toml_text import quote, quote_short, toml_list

BINARY = 2
"""Number of classes of a binary target."""

_MAX_SHOWN_CLASSES = 6
_CHOICE_REASONS = {
    "flatten": '# Fields of structs are columns, such as "address.city".',
    "skip_columns": "# No stage reads these as they are: lists, bytes and ambiguous structs.",
}


def write_pipeline(
    proposal: Proposal,
    *,
    source: str,
    dialect: Dialect | None,
    encoding: str | None,
    given: Mapping[str, str | int | tuple[str, ...]],
) -> str:
    """Return the pipeline file for a source below the data folder.

    `dialect` is the dialect of a CSV file, `encoding` the encoding that must be set, `given` has
    the settings of the reader that the user chose, and what was found in a workbook.
    """
    lines = [
        *_top(proposal, source),
        *_ingest(dialect, encoding, given),
        *_clean(proposal),
        *_features(proposal),
        *_train(proposal.target),
        *_serve(),
        *write_columns(proposal),
    ]
    return "\n".join(lines) + "\n"


def _top(proposal: Proposal, source: str) -> Iterator[str]:
    target = proposal.target
    size = f"{proposal.rows:,} rows of {len(proposal.columns)} columns"
    yield f"# Proposed from all {size}; change what is wrong."
    yield "# What each key means, and which others there are: services/<stage>/README.md."
    yield f"source = {quote(source)}"
    yield ""
    others = ", ".join(map(quote, target.others))
    yield f"# What is predicted, chosen {target.why}." + (
        f" It could also be {others}." if others else ""
    )
    yield "# Another column: write it here, and take it out of exclude below."
    yield f"target = {quote(target.column.name)}"


def _ingest(
    dialect: Dialect | None, encoding: str | None, given: Mapping[str, str | int | tuple[str, ...]]
) -> Iterator[str]:
    yield ""
    yield "[ingest]"
    yield from _given(given)
    if {"table", "query"} & given.keys():
        return
    if dialect is None:
        yield "# Not a CSV file: it states its own format."
        return
    if not {"delimiter", "encoding"} <= given.keys():
        yield "# Detected in each run; set it if the detection is wrong."
    if "delimiter" not in given:
        yield f"# delimiter = {quote(dialect.delimiter)}"
    if encoding:
        yield "# Not UTF-8. If accented letters below are wrong, set another encoding."
        yield f"encoding = {quote(encoding)}"
    elif "encoding" not in given:
        yield f"# encoding = {quote(dialect.encoding)}"
    if not dialect.header:
        yield "# The first line looks like data, so it is read as a row."
        yield "header = false"


def _given(given: Mapping[str, str | int | tuple[str, ...]]) -> Iterator[str]:
    if given:
        yield "# The settings with which make init read the source."
    for name, value in given.items():
        if name in _CHOICE_REASONS:
            yield _CHOICE_REASONS[name]
        yield f"{name} = {_toml_value(value)}"


def _toml_value(value: str | int | tuple[str, ...]) -> str:
    if isinstance(value, str):
        return quote(value)
    return toml_list(value) if isinstance(value, tuple) else str(value).lower()


def _clean(proposal: Proposal) -> Iterator[str]:
    yield ""
    yield "[clean]"
    if proposal.keeps_duplicates:
        yield "# A column that numbers the rows, and is excluded, divides equal rows at random."
        yield "# Most rows equal another one, so all are kept. If they are copies, remove this:"
        yield 'duplicates = "keep"'
    else:
        yield "# Duplicate rows go to rejects/."
        yield '# duplicates = "keep"'
    if proposal.footer:
        yield f"# Look: {proposal.footer}."
    if proposal.local_times:
        names = ", ".join(map(quote, proposal.local_times))
        yield f"# The datetimes of {names} have no offset, so they are read in UTC."
        yield "# If they are local times, write their zone:"
        yield '# timezone = "Europe/Berlin"'


def _features(proposal: Proposal) -> Iterator[str]:
    yield ""
    yield "[features]"
    yield from _task(proposal.target)
    yield from _exclude(proposal)
    codes = [role.column.name for role in proposal.inputs if role.is_category]
    if codes:
        yield "# Integers that are codes, not amounts."
        yield f"categories = [{', '.join(map(quote, codes))}]"
    yield from _weights(proposal)
    if proposal.group and proposal.has_group_split:
        yield from _group_split(proposal, proposal.group)
        return
    yield from _groups(proposal)
    yield from _split(proposal)


def _weights(proposal: Proposal) -> Iterator[str]:
    for role in proposal.roles:
        if certainty := weight_certainty(role.column.name):
            ambiguity = "" if certainty == "surely" else ", unless it is the weight of a thing"
            yield f"# {quote(role.column.name)} may say how much a row counts{ambiguity}:"
            yield f"# weight_column = {quote(role.column.name)}"


def _group_split(proposal: Proposal, group: Group) -> Iterator[str]:
    name = quote(group.key)
    if proposal.has_group_target:
        yield f"# The target has one value for each {name}: with its rows on both sides of the"
        yield "# split, a model would know the answers of the test."
    else:
        yield f"# {group.describe()}."
        yield "# All rows of one are on one side, as the API will be asked about new ones."
        yield "# If it will be asked about the same ones again, remove both lines."
    yield 'split = "group"'
    yield f"group_column = {name}"


def _groups(proposal: Proposal) -> Iterator[str]:
    instead = ", instead of the split by time" if proposal.has_time_split else ""
    keys = [role.column.name for role in proposal.excluded if role.is_group]
    if group := proposal.group:
        both = " The same ones are on both sides of the split." if proposal.has_time_split else ""
        yield f"# {group.describe()}.{both}"
        keys = [group.key, *(name for name in keys if name != group.key)]
    for name in keys:
        yield f"# If the API will be asked about new ones of {quote(name)}, all rows of one should"
        yield f"# be on one side{instead}:"
        yield '# split = "group"'
        yield f"# group_column = {quote(name)}"


def _task(target: Target) -> Iterator[str]:
    column = target.column
    if missing := column.rows - column.present:
        yield f"# {missing:,} rows have no {quote(column.name)}: they go to rejects/."
    if target.task == "regression":
        yield '# A number is predicted. Or is it above a limit: target = {column = "…", above = 0}?'
        yield 'task = "regression"'
        return
    total, rows = sum(target.classes.values()), list(target.classes.items())
    more = ", …" if len(rows) > _MAX_SHOWN_CLASSES or not column.distinct.is_exact else ""
    if column.private:
        yield f"# {len(rows)} classes."
    else:
        frequent = ", ".join(
            f"{quote_short(text)} {percent(n / total)}" for text, n in rows[:_MAX_SHOWN_CLASSES]
        )
        yield f"# {len(rows)} classes: {frequent}{more}."
    few = sum(count < MIN_CLASS_ROWS for _, count in rows)
    if few:
        yield f"# {few} of them in fewer than {MIN_CLASS_ROWS} rows. A class goes to rejects/ if it"
        yield "# has fewer training rows than this:"
        yield "# min_class_rows = 5"
    if column.is_numeric:
        yield '# If its numbers are amounts: task = "regression".'
    yield 'task = "classification"'


def _exclude(proposal: Proposal) -> Iterator[str]:
    yield "# Add columns that are unknown at prediction time; they would inflate the score."
    if not proposal.excluded:
        yield "exclude = []"
        return
    yield "exclude = ["
    for role in proposal.excluded:
        yield f"    {quote(role.column.name)},  # {role.excluded}"
    yield "]"


def _split(proposal: Proposal) -> Iterator[str]:
    time_split = proposal.time_split
    if time_split is None:
        return
    if time_split.why_not:
        yield "# If the model will predict the future, the latest rows should test it."
        yield f"# Not set, since {time_split.why_not}."
        yield '# split = "time"'
        yield f"# time_column = {quote(time_split.column)}"
        return
    yield "# The latest fifth of the rows tests the model, as the future will."
    if time_split.undated:
        yield (
            f"# {time_split.undated:,} rows have no {quote(time_split.column)}: in a split by time,"
        )
        yield "# they go to rejects/."
    yield '# If time does not matter: split = "hash", without time_column.'
    yield 'split = "time"'
    yield f"time_column = {quote(time_split.column)}"


def _train(target: Target) -> Iterator[str]:
    yield ""
    yield "[train]"
    if target.is_imbalanced:
        rows = list(target.classes.values())
        rarest = percent(rows[-1] / sum(rows))
        yield f"# The rarest class has {rarest} of the rows, so accuracy says little. This fits it:"
        yield f'# metric = "{_metric_of_rare_class(target)}"'
        if len(rows) == BINARY:
            yield "# The label is the most probable class, which is rarely this one. To find more:"
            yield '# threshold = {metric = "matthews_corrcoef"}'
        else:
            yield "# To find more rows of rare classes:"
            yield '# class_weight = "balanced"'
    yield "# More trials find better models, and take longer."
    yield "# trials = 12"


def _metric_of_rare_class(target: Target) -> str:
    names = list(target.classes)
    if len(names) != BINARY:
        return "balanced_accuracy"
    # Average precision is that of the second class.
    second = max(names, key=float) if target.column.is_numeric else max(names)
    return "average_precision" if names[-1] == second else "matthews_corrcoef"


def _serve() -> Iterator[str]:
    yield ""
    yield "[serve]"
    yield "# Limits, keys and documentation: the defaults are fine."
